"""Putting versions in force: for all of a scope, for a share of it, and taking an override away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from accounts.ledger import Actor, record
from conversations.services.audit_settings import draw_by
from policies.models import (
    BUILT_IN_NUMBER,
    DEFAULT_SCOPE,
    Activation,
    ActivationKind,
    PolicyVersion,
    Submission,
    SubmissionDecision,
)
from policies.permissions import check_actor
from policies.scopes import Scope, candidates
from policies.services.versions import IN_FORCE_THERE, NotPossible, lock, thresholds_of
from policies.signals import policy_activated

ALL = 100


@dataclass(frozen=True)
class Guard:
    """What may happen by itself after an activation (docs/explanation/estimation.md, "The guard").

    ``rolls_back``: on audited overturns, to a stricter version. ``ceiling``: the overturn rate,
    a share between 0 and 1, that a version in force for all is held against; None for none.
    """

    rolls_back: bool = False
    ceiling: float | None = None


@dataclass(frozen=True)
class Stretch:
    """What is to hold for a scope: *version* for *percent* of it, *beside* for the others."""

    scope: str
    version: PolicyVersion
    percent: int = ALL
    beside: PolicyVersion | None = None
    kind: ActivationKind = ActivationKind.ACTIVATION
    guard: Guard = Guard()


def activate(
    *,
    version: PolicyVersion,
    now: datetime,
    actor: Actor,
    scope: str = DEFAULT_SCOPE,
    percent: int = ALL,
    reason: str = "",
    guard: Guard | None = None,
) -> Activation:
    """Put an approved *version* in force for *percent* (1 to 100) of *scope* from *now* on.

    The others keep what they have; once more with another share changes the share. A version
    that is in force for all of a scope leaves it by another, or by a rollback. Without *guard*
    a changed share keeps the one it had.
    Raises ``PermissionDenied``, ``MalformedScope``, and ``NotPossible`` where the version is not
    approved or can no longer be read, holds already, or meets another rollout under way.
    """
    check_actor(actor)
    Scope.parse(scope)
    with transaction.atomic():
        lock()
        check_approved(version)
        live = live_in(scope)
        beside = _beside(live, version, scope, percent)
        if guard is None:
            guard = _guard_of(live) if live and live.version_id == version.pk else Guard()
        return begin(
            Stretch(scope, version, percent, beside, guard=guard),
            actor=actor,
            now=now,
            reason=reason,
        )


def end_override(*, scope: str, reason: str, actor: Actor, now: datetime) -> Activation:
    """Take the override of *scope* away: what holds more widely holds for it again.

    The stretch that ended. Raises ``NotPossible`` for the default scope and where there is none.
    """
    check_actor(actor)
    with transaction.atomic():
        lock()
        live = live_in(scope)
        if live is None or scope == DEFAULT_SCOPE:
            raise NotPossible(gettext("This scope has no override that could be taken away."))
        now = max(now, live.activated_at)
        _end(live, actor, now, reason)
        record(
            actor=actor,
            at=now,
            action="policy.override_ended",
            obj="policy_version",
            object_id=live.version_id,
            details={"scope": scope},
        )
        wider = wider_activation(scope)
        _tell(scope, wider, now)
    return live


def begin(stretch: Stretch, *, actor: Actor, now: datetime, reason: str) -> Activation:
    """End what holds in the scope and begin *stretch*, under the lock.

    Raises ``NotPossible`` where the version can no longer be read.
    """
    thresholds = thresholds_of(stretch.version)
    live = live_in(stretch.scope)
    if live:
        # Whoever waited for the lock may carry an earlier time than the one who had it.
        now = max(now, live.activated_at)
        _end(live, actor, now, "")
    activation = Activation.objects.create(
        version=stretch.version,
        scope=stretch.scope,
        kind=stretch.kind,
        percent=stretch.percent,
        beside=stretch.beside,
        guard_rolls_back=stretch.guard.rolls_back,
        guard_ceiling=stretch.guard.ceiling,
        activated_at=now,
        activated_by=actor.user,
        reason=reason,
    )
    record(
        actor=actor,
        at=now,
        action="policy.rolled_back"
        if stretch.kind == ActivationKind.ROLLBACK
        else "policy.activated",
        obj="policy_version",
        object_id=stretch.version.number,
        details={"scope": stretch.scope, "percent": stretch.percent, "kind": str(stretch.kind)},
    )
    if stretch.scope == DEFAULT_SCOPE and stretch.percent == ALL:
        review = thresholds.review
        draw_by(
            audit_share=review.audit_share,
            category_shares=review.audit_shares,
            double_share=review.double_share,
            near_miss_share=review.near_miss_share,
            actor=actor,
        )
    _tell(stretch.scope, activation, now)
    return activation


def check_approved(version: PolicyVersion) -> None:
    """Raise ``NotPossible`` where a second person has not approved *version*.

    What the installation itself brought with it needs nobody.
    """
    decision = Submission.objects.filter(version=version).values_list("decision", flat=True).first()
    if decision not in (None, SubmissionDecision.APPROVED):
        sentence = gettext("Policy %(number)s is not approved.")
        raise NotPossible(sentence % {"number": version.number})


def live_in(scope: str) -> Activation | None:
    """What holds in *scope* by itself."""
    return Activation.objects.live().filter(scope=scope).select_related("version", "beside").first()


def wider_activation(scope: str) -> Activation | None:
    """What would hold in *scope* without an override of its own; None is the built-in version."""
    said = Scope.parse(scope)
    wider = candidates(model=said.model, surface=said.surface, locale=said.locale)[1:]
    found = {
        activation.scope: activation
        for activation in Activation.objects.live()
        .filter(scope__in=wider)
        .select_related("version", "beside")
    }
    return next((found[name] for name in wider if name in found), None)


def _beside(
    live: Activation | None, version: PolicyVersion, scope: str, percent: int
) -> PolicyVersion | None:
    """The version for the others, None where there are none."""
    if live is None:
        wider = wider_activation(scope)
        base = wider.version if wider else PolicyVersion.objects.get(number=BUILT_IN_NUMBER)
        under_way = wider is not None and wider.percent < ALL
    elif live.version_id == version.pk:
        if live.percent == percent:
            raise NotPossible(gettext(IN_FORCE_THERE) % {"number": version.number})
        if live.beside is None:
            sentence = gettext(
                "Policy %(number)s is in force for all of this scope. Roll it back instead."
            )
            raise NotPossible(sentence % {"number": version.number})
        base, under_way = live.beside, False
    else:
        base, under_way = live.version, live.percent < ALL
    if percent == ALL:
        return None
    if under_way:
        raise NotPossible(
            gettext("Another rollout is under way there. Finish it, or roll it back, first.")
        )
    if base.pk == version.pk:
        sentence = gettext("Policy %(number)s holds there already.")
        raise NotPossible(sentence % {"number": version.number})
    return base


def _guard_of(activation: Activation) -> Guard:
    return Guard(activation.guard_rolls_back, activation.guard_ceiling)


def _end(live: Activation, actor: Actor, now: datetime, reason: str) -> None:
    live.ended_at, live.ended_by, live.end_reason = now, actor.user, reason
    live.save(update_fields=["ended_at", "ended_by", "end_reason"])


def _tell(scope: str, activation: Activation | None, now: datetime) -> None:
    policy_activated.send(
        sender=Activation,
        scope=scope,
        version=activation.version_id if activation else BUILT_IN_NUMBER,
        percent=activation.percent if activation else ALL,
        beside=activation.beside_id if activation else None,
        activation_id=activation.pk if activation else None,
        now=now,
    )
