"""Activations at a time that is yet to come."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from accounts.ledger import Actor, record
from accounts.models import User
from policies.models import DEFAULT_SCOPE, PlannedActivation, PolicyVersion
from policies.permissions import check_change
from policies.scopes import Scope
from policies.services.activations import ALL, Guard, activate, check_approved
from policies.services.versions import NotPossible, lock, person, thresholds_of


def plan(
    *,
    version: PolicyVersion,
    at: datetime,
    user: User,
    now: datetime,
    scope: str = DEFAULT_SCOPE,
    percent: int = ALL,
    reason: str = "",
    guard: Guard | None = None,
) -> PlannedActivation:
    """Put an approved *version* in force at *at*, as ``activations.activate`` would then.

    Raises ``MalformedScope``, and ``NotPossible`` where *at* is over, the version is not
    approved or can no longer be read, or another plan waits in the scope.
    """
    check_change(user)
    Scope.parse(scope)
    if at <= now:
        raise NotPossible(gettext("That time is over."))
    guard = guard or Guard()
    with transaction.atomic():
        lock()
        check_approved(version)
        thresholds_of(version)
        if waiting := PlannedActivation.objects.pending().filter(scope=scope).first():
            sentence = gettext(
                "Policy %(number)s is planned there for %(time)s UTC. Cancel that first."
            )
            when = f"{waiting.at:%Y-%m-%d %H:%M}"
            raise NotPossible(sentence % {"number": waiting.version_id, "time": when})
        planned = PlannedActivation.objects.create(
            version=version,
            scope=scope,
            percent=percent,
            guard_rolls_back=guard.rolls_back,
            guard_ceiling=guard.ceiling,
            at=at,
            reason=reason,
            planned_by=user,
            planned_at=now,
        )
        _note(planned, person(user), "policy.planned", now)
    return planned


def cancel(*, scope: str, reason: str, user: User, now: datetime) -> PlannedActivation:
    """Cancel what is planned in *scope*; raises ``NotPossible`` where nothing is."""
    check_change(user)
    with transaction.atomic():
        lock()
        planned = cancel_pending(scope=scope, reason=reason, actor=person(user), now=now)
        if planned is None:
            raise NotPossible(gettext("Nothing is planned in this scope."))
    return planned


def cancel_pending(
    *, scope: str, reason: str, actor: Actor, now: datetime
) -> PlannedActivation | None:
    """Cancel what is planned in *scope*, if anything is, under the lock."""
    planned = PlannedActivation.objects.pending().filter(scope=scope).first()
    if planned:
        planned.cancelled_at, planned.cancelled_by = now, actor.user
        planned.cancel_reason = reason
        planned.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
        _note(planned, actor, "policy.plan_cancelled", now)
    return planned


def carry_out_due(*, now: datetime) -> list[int]:
    """Carry out what is due at *now*; the keys of the plans that were.

    Each in a transaction of its own and under the lock, so that two who do this at once, or one
    who is killed, carry out each plan once. What cannot be done is cancelled, with the reason.
    """
    due = PlannedActivation.objects.due(now).values_list("pk", flat=True)
    return [key for key in list(due) if _carry_out(key, now)]


def _carry_out(key: int, now: datetime) -> bool:
    with transaction.atomic():
        lock()
        planned = (
            PlannedActivation.objects.pending()
            .filter(pk=key)
            .select_related("version", "planned_by")
            .first()
        )
        if planned is None:
            return False
        actor = Actor(user=planned.planned_by, agent="task:carry_out_plans")
        try:
            with transaction.atomic():
                activate(
                    version=planned.version,
                    scope=planned.scope,
                    percent=planned.percent,
                    reason=planned.reason,
                    guard=Guard(planned.guard_rolls_back, planned.guard_ceiling),
                    actor=actor,
                    now=now,
                )
        except NotPossible as refused:
            task = Actor.task("carry_out_plans")
            cancel_pending(scope=planned.scope, reason=str(refused), actor=task, now=now)
            return False
        planned.carried_out_at = now
        planned.save(update_fields=["carried_out_at"])
    return True


def _note(planned: PlannedActivation, actor: Actor, action: str, now: datetime) -> None:
    record(
        actor=actor,
        at=now,
        action=action,
        obj="policy_version",
        object_id=planned.version_id,
        details={
            "scope": planned.scope,
            "percent": planned.percent,
            "at": planned.at.isoformat(),
        },
    )
