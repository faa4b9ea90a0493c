"""One person alone makes ending harder, at once; a second one looks at it within a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext

from accounts.models import User
from conversations.vocabulary import Category
from policies.differences import stricter_in_every_threshold
from policies.models import (
    BUILT_IN_NUMBER,
    DEFAULT_SCOPE,
    Activation,
    ActivationKind,
    ActivationQuerySet,
    Draft,
    PolicyVersion,
    Submission,
    SubmissionDecision,
)
from policies.permissions import check_change
from policies.scopes import Scope, candidates
from policies.services.activations import Stretch, begin, live_in
from policies.services.drafts import submit
from policies.services.plans import cancel_pending
from policies.services.versions import IN_FORCE_THERE, NotPossible, lock, person, thresholds_of
from policies.thresholds import Thresholds

#: How soon a second person looks at it.
REVIEW_WITHIN: Final = timedelta(hours=24)


class NotStricter(NotPossible):
    """One person alone may not activate a version that is laxer in some threshold."""


def break_glass(
    *,
    number: int,
    user: User,
    now: datetime,
    reason: str,
    scope: str = DEFAULT_SCOPE,
    revision: int | None = None,
) -> Activation:
    """Put a draft, or a version that waits for approval, in force for all of *scope* at once.

    It then waits for approval while it holds; a rejection takes it back. What is planned in the
    scope is cancelled, as by a rollback: nobody foresaw it. *revision* is that of the draft as it
    was read, where it was one. Raises ``MalformedScope``; ``StaleRevision`` where somebody saved
    the draft since; :class:`NotStricter` where some threshold is laxer than that of a version
    which it would take the place of, on either side of a rollout, or where it would have fewer
    audited; and ``NotPossible`` where it is decided on already, or was a
    draft with *revision* and is one no more.
    """
    check_change(user)
    Scope.parse(scope)
    with transaction.atomic():
        lock()
        version = _undecided(number, user, now, revision)
        thresholds = thresholds_of(version)
        for replaced in _replaced(scope):
            if not stricter_in_every_threshold(thresholds, thresholds_of(replaced)):
                sentence = gettext(
                    "Policy %(number)s is not stricter in every threshold than policy %(other)s,"
                    " which holds there. It needs a second person."
                )
                raise NotStricter(sentence % {"number": number, "other": replaced.number})
            if scope == DEFAULT_SCOPE and _audits_less(thresholds, thresholds_of(replaced)):
                sentence = gettext(
                    "Policy %(number)s has fewer cutoffs reviewed than policy %(other)s, which"
                    " holds there. It needs a second person."
                )
                raise NotStricter(sentence % {"number": number, "other": replaced.number})
        live = live_in(scope)
        if live and live.version_id == number:
            raise NotPossible(gettext(IN_FORCE_THERE) % {"number": number})
        cancel_pending(scope=scope, reason=reason, actor=person(user), now=now)
        stretch = Stretch(scope, version, kind=ActivationKind.BREAK_GLASS)
        return begin(stretch, actor=person(user), now=now, reason=reason)


def unreviewed() -> ActivationQuerySet:
    """Activations by one person alone whose version no second person decided on, oldest first.

    Whether they are over by now or not.
    """
    return (
        Activation.objects.filter(
            kind=ActivationKind.BREAK_GLASS,
            version__submission__decision=SubmissionDecision.PENDING,
        )
        .select_related("version", "activated_by")
        .order_by("activated_at", "pk")
    )


def overdue(*, since: datetime) -> ActivationQuerySet:
    """Those of :func:`unreviewed` activated at *since* or before.

    With ``now - REVIEW_WITHIN`` these are the ones whose time for a second look is over.
    """
    return unreviewed().filter(activated_at__lte=since)


def _undecided(number: int, user: User, now: datetime, revision: int | None) -> PolicyVersion:
    if revision is not None or Draft.objects.filter(number=number).exists():
        return submit(number=number, user=user, now=now, revision=revision)
    submission = Submission.objects.filter(version=number).select_related("version").first()
    if submission is None or submission.decision != SubmissionDecision.PENDING:
        sentence = gettext(
            "Policy %(number)s is decided on already: activate it, or draft another."
        )
        raise NotPossible(sentence % {"number": number})
    return submission.version


def _audits_less(policy: Thresholds, than: Thresholds) -> bool:
    """Whether *policy* draws less for review: what nobody looks at, nobody finds wrong."""
    new, old = policy.review, than.review
    return any(new.audited(name) < old.audited(name) for name in Category.values) or any(
        getattr(new, name) < getattr(old, name) for name in ("double_share", "near_miss_share")
    )


def _replaced(scope: str) -> list[PolicyVersion]:
    """Every version that some conversation of *scope* has now and would have no more."""
    live = Activation.objects.live().select_related("version", "beside")
    outranked = [one for one in live if one.scope == scope or _outranks(scope, one.scope)]
    found = [version for one in outranked for version in (one.version, one.beside) if version]
    if not any(one.scope == DEFAULT_SCOPE for one in outranked):
        found.append(PolicyVersion.objects.get(number=BUILT_IN_NUMBER))
    return found


def _outranks(scope: str, other: str) -> bool:
    """Whether a conversation that is in both scopes has the policy of *scope*."""
    mine, its = Scope.parse(scope), Scope.parse(other)
    # A locale's longer tag is in the scope of the shorter one.
    shared = {
        "model": mine.model or its.model,
        "surface": mine.surface or its.surface,
        "locale": max(mine.locale, its.locale, key=len),
    }
    order = candidates(**shared)
    return scope in order and other in order and order.index(scope) < order.index(other)
