"""Going back to what a scope had before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from accounts.ledger import Actor
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
from policies.services.activations import (
    Stretch,
    begin,
    end_override,
    live_in,
    wider_activation,
)
from policies.services.plans import cancel_pending
from policies.services.versions import IN_FORCE_THERE, NotPossible, lock


def rollback(
    *, scope: str, reason: str, actor: Actor, now: datetime, to: int | None = None
) -> Activation | None:
    """Put the version that *scope* had before in force again, for all of it.

    Or the version *to*, if the scope ever had that one. A rollout goes back to the version beside
    it; rolling back twice goes back further, never forward. Where an override had nothing before,
    it is taken away, and there is no activation to return. What is planned in the scope is
    cancelled; a pause stays.
    Raises ``NotPossible`` where nothing came before, or it can no longer be read.
    """
    check_actor(actor)
    with transaction.atomic():
        lock()
        live = live_in(scope)
        if live is None:
            raise NotPossible(gettext("Nothing is in force in this scope by itself."))
        target = _had_before(scope, live, to) if to is not None else _before(scope, live)
        cancel_pending(scope=scope, reason=reason, actor=actor, now=now)
        if target is None:
            end_override(scope=scope, reason=reason, actor=actor, now=now)
            return None
        version = PolicyVersion.objects.get(number=target)
        stretch = Stretch(scope, version, kind=ActivationKind.ROLLBACK)
        return begin(stretch, actor=actor, now=now, reason=reason)


def returning(*, scope: str) -> list[PolicyVersion]:
    """The versions that some conversation of *scope* would have after a rollback, under the lock.

    Raises ``NotPossible`` as :func:`rollback` does, except for what can no longer be read.
    """
    live = live_in(scope)
    if live is None:
        raise NotPossible(gettext("Nothing is in force in this scope by itself."))
    target = _before(scope, live)
    wider = wider_activation(scope) if target is None else None
    if wider:
        return [version for version in (wider.version, wider.beside) if version]
    return [PolicyVersion.objects.get(number=target or BUILT_IN_NUMBER)]


def _had_before(scope: str, live: Activation, to: int) -> int:
    """*to*, where *scope* ever had it. Raises ``NotPossible``."""
    if live.version_id == to and live.beside_id is None:
        raise NotPossible(gettext(IN_FORCE_THERE) % {"number": to})
    had = Activation.objects.filter(Q(version=to) | Q(beside=to), scope=scope)
    if not (had.exists() or (to == BUILT_IN_NUMBER and scope == DEFAULT_SCOPE)):
        sentence = gettext("Policy %(number)s was never in force in this scope.")
        raise NotPossible(sentence % {"number": to})
    if to in _rejected():
        raise NotPossible(gettext("Policy %(number)s was rejected.") % {"number": to})
    return to


def _before(scope: str, live: Activation) -> int | None:
    """The number of the version before; None where there was no override. Raises as above."""
    stretches = list(Activation.objects.filter(scope=scope).order_by("-activated_at", "-pk"))
    at: int | None = 0
    if live.kind == ActivationKind.ROLLBACK:
        at = next((place for place, one in enumerate(stretches) if _first_brought(one, live)), None)
    before = None if at is None else _predecessor(stretches, at)
    if before is None and scope == DEFAULT_SCOPE:
        before = live.beside_id or BUILT_IN_NUMBER
        if before == live.version_id:
            raise NotPossible(gettext("Nothing was in force before it."))
    return before


def _first_brought(stretch: Activation, live: Activation) -> bool:
    """Whether *stretch* is one from which the rolled back version *live* was left."""
    return stretch.version_id == live.version_id and stretch.kind != ActivationKind.ROLLBACK


def _predecessor(stretches: Sequence[Activation], at: int) -> int | None:
    """What held, without a gap, before the version of the stretch *at*; the newest come first.

    Of a rollout, the version that the others kept. What was rejected since is passed over.
    """
    leaving = {stretches[at].version_id, *_rejected()}
    for stretch, earlier in pairwise(stretches[at:]):
        if earlier.ended_at != stretch.activated_at:
            return None
        held = earlier.beside_id or earlier.version_id
        if earlier.version_id != stretches[at].version_id and held not in leaving:
            return held
    return None


def _rejected() -> Iterable[int]:
    rejected = Submission.objects.filter(decision=SubmissionDecision.REJECTED)
    return rejected.values_list("version_id", flat=True)
