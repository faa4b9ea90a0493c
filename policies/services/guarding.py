"""The guard after an activation (docs/explanation/estimation.md, "The guard"): it reads, keeps what
it read, tells people, and goes back where the activation asked for it.

Only audited overturns take a version back, and only to a stricter one. Feedback comes from those
who chose to answer: it tells people, and no more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from accounts.ledger import Actor, record
from policies.differences import stricter_in_every_threshold
from policies.guard import Reading, State, compare_arms, compare_with_ceiling
from policies.models import Activation, ActivationQuerySet, GuardReading
from policies.services import rollbacks
from policies.services.versions import NotPossible, lock, thresholds_of
from policies.services.watched import Rollout, answers, audits, rollout_of, surprise_before
from policies.watch_models import Evidence, GuardAct

_TASK: Final = Actor.task("watch_activations")
_ACTIONS: Final = {
    GuardAct.ALERTED: "guard.alerted",
    GuardAct.ROLLED_BACK: "guard.rolled_back",
    GuardAct.NOT_STRICTER: "guard.not_rolled_back",
    GuardAct.NOT_POSSIBLE: "guard.not_rolled_back",
}


def watched() -> ActivationQuerySet:
    """What the guard watches: rollouts under way, and full ones with a ceiling."""
    return (
        Activation.objects.live()
        .filter(Q(beside__isnull=False) | Q(guard_ceiling__isnull=False))
        .select_related("version", "beside")
        .order_by("scope")
    )


def watch(*, activation_id: int, now: datetime) -> list[GuardReading]:
    """Read the evidence of an activation at *now*, keep it, and do what follows from it.

    Once an hour: whoever comes second, or after the activation ended, does nothing.
    """
    live = watched().filter(pk=activation_id).first()
    if live is None or _was_read(live, now):
        return []
    rollout = rollout_of(live)
    found = {
        Evidence.AUDITS: _of_audits(rollout, now),
        Evidence.FEEDBACK: _of_answers(rollout, now),
    }
    with transaction.atomic():
        # Read without it: others change what is in force meanwhile, and then this is worth nothing.
        lock()
        if not watched().filter(pk=activation_id).exists() or _was_read(live, now):
            return []
        return [_keep(live, kind, one, now) for kind, one in found.items() if one]


def _was_read(live: Activation, now: datetime) -> bool:
    return GuardReading.objects.filter(activation=live, hour=_hour(now)).exists()


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _of_audits(rollout: Rollout, now: datetime) -> Reading:
    found, ceiling = audits(rollout, now=now), rollout.live.guard_ceiling
    if rollout.live.beside_id is not None or ceiling is None:
        return compare_arms(found, now=now)
    return compare_with_ceiling(found, ceiling=ceiling, now=now)


def _of_answers(rollout: Rollout, now: datetime) -> Reading | None:
    """Both sides of a rollout; a full one against what was said before it, if anything was."""
    if rollout.live.beside_id is not None:
        return compare_arms(answers(rollout, now=now), now=now)
    before = surprise_before(rollout, now=now)
    if before is None:
        return None
    return compare_with_ceiling(answers(rollout, now=now), ceiling=before, now=now)


def _keep(live: Activation, kind: Evidence, reading: Reading, now: datetime) -> GuardReading:
    state = reading.state
    if kind == Evidence.FEEDBACK and state == State.ROLL_BACK:
        state = State.ALERT
    act = _act(live, kind, reading, state, now)
    if act:
        _note(live, kind, reading, act, now)
    return GuardReading.objects.create(
        activation=live,
        kind=kind,
        hour=_hour(now),
        at=now,
        evidence=reading.evidence,
        peak=reading.peak,
        cutoffs=reading.audits,
        counted=reading.counted,
        dropped=reading.dropped,
        waiting=reading.waiting,
        state=state.value,
        act=act or "",
    )


def _act(
    live: Activation, kind: Evidence, reading: Reading, state: State, now: datetime
) -> GuardAct | None:
    """What follows, once each: a rollback where it was asked for and can be, else an alert."""
    if state not in (State.ALERT, State.ROLL_BACK):
        return None
    act = GuardAct.ALERTED
    if state == State.ROLL_BACK and live.guard_rolls_back:
        act = _go_back(live, reading, now)
    done = GuardReading.objects.filter(activation=live, kind=kind).exclude(act="")
    return None if done.filter(act=act).exists() else act


def _go_back(live: Activation, reading: Reading, now: datetime) -> GuardAct:
    try:
        leaving = thresholds_of(live.version)
        former = [thresholds_of(version) for version in rollbacks.returning(scope=live.scope)]
        if not all(
            stricter_in_every_threshold(one, leaving)
            and not stricter_in_every_threshold(leaving, one)
            for one in former
        ):
            return GuardAct.NOT_STRICTER
        rollbacks.rollback(scope=live.scope, reason=_why(live, reading), actor=_TASK, now=now)
    except NotPossible:
        return GuardAct.NOT_POSSIBLE
    return GuardAct.ROLLED_BACK


def _why(live: Activation, reading: Reading) -> str:
    if live.beside_id is not None:
        than = f"more often than under policy {live.beside_id}"
    else:
        than = f"more often than the ceiling of {(live.guard_ceiling or 0) * 100:g} % allows"
    return (
        f"The guard: after {reading.audits} audits, endings under policy {live.version_id} are"
        f" overturned {than} (E = {reading.peak:.0f})."
    )


def _note(live: Activation, kind: Evidence, reading: Reading, act: GuardAct, now: datetime) -> None:
    record(
        actor=_TASK,
        at=now,
        action=_ACTIONS[act],
        obj="policy_version",
        object_id=live.version_id,
        details={
            "scope": live.scope,
            "activation": live.pk,
            "evidence": str(kind),
            "peak": round(reading.peak, 1),
            "cutoffs": reading.audits,
            "act": str(act),
        },
    )
