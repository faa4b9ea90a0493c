"""What each constraint of the policies' models forbids; tests/test_constraints.py does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import models

from policies.models import (
    Activation,
    Backtest,
    Draft,
    GuardReading,
    Pause,
    PausedAgain,
    PlannedActivation,
    PolicyVersion,
    Shadow,
    Submission,
)
from tests.factories import NOW
from tests.policies.lifecycle import admin, submitted
from tests.violating import APPEND_ONLY, violates

EARLIER = NOW - timedelta(seconds=1)


def _version(number: int = 1) -> PolicyVersion:
    return PolicyVersion.objects.get_or_create(number=number, defaults={"content": {}})[0]


def _activation(**changes: Any) -> Activation:
    row = {"version": _version(), "activated_at": NOW}
    return Activation.objects.create(**row | changes)


@violates("activation_one_active_version_a_scope")
def _two_active() -> None:
    _activation()
    _activation()


@violates("activation_ends_after_it_begins")
def _ends_before() -> None:
    _activation(ended_at=EARLIER)


@violates("activation_percent_1_to_100")
def _for_nobody() -> None:
    _activation(percent=0, beside=_version(2))


@violates("activation_beside_another")
def _beside_itself() -> None:
    _activation(percent=50, beside=_version())


@violates("activation_ceiling_is_a_share")
def _ceiling_of_one() -> None:
    _activation(guard_ceiling=1)


@violates("activation_ended_by_whom_and_why_at_a_time")
def _ended_at_no_time() -> None:
    _activation(ended_by=admin())


@violates("activation_break_glass_by_somebody")
def _glass_broken_by_nobody() -> None:
    _activation(kind="break_glass")


@violates("draft_revision_from_1")
def _revision_of_none() -> None:
    Draft.objects.create(number=2, content={}, revision=0, created_at=NOW, updated_at=NOW)


def _submission(**changes: Any) -> None:
    submitter = changes.pop("submitted_by", None) or admin()
    row = {"version": _version(2), "submitted_by": submitter, "submitted_at": NOW}
    Submission.objects.create(**row | {"contributors": [submitter.pk]} | changes)


@violates("submission_decided_by_somebody")
def _approved_by_nobody() -> None:
    _submission(decision="approved")


@violates("submission_counts_its_submitter")
def _had_no_hand_in_it() -> None:
    _submission(contributors=[])


@violates("submission_decided_by_another")
def _approved_ones_own() -> None:
    user = admin()
    _submission(submitted_by=user, decision="approved", decided_by=user, decided_at=NOW)


@violates("submission_rejected_with_reason")
def _rejected_without_reason() -> None:
    _submission(decision="rejected", decided_by=admin(), decided_at=NOW)


def _plan(**changes: Any) -> PlannedActivation:
    row = {"version": _version(), "scope": "default", "at": NOW, "planned_at": EARLIER}
    return PlannedActivation.objects.create(**row | {"planned_by": admin()} | changes)


def _backtest(**changes: Any) -> Backtest:
    row = {"candidate": {}, "since": EARLIER, "until": NOW, "requested_at": NOW}
    return Backtest.objects.create(**row | changes)


@violates("backtest_window_has_a_length")
def _window_without_length() -> None:
    _backtest(since=NOW)


@violates("backtest_progress_0_to_100")
def _more_than_all() -> None:
    _backtest(progress=101)


@violates("backtest_finished_at_a_time")
def _finished_never() -> None:
    _backtest(state="cancelled")


@violates("backtest_done_with_figures")
def _done_without_figures() -> None:
    _backtest(state="done", finished_at=NOW)


@violates("backtest_failed_with_words")
def _failed_without_words() -> None:
    _backtest(state="failed", finished_at=NOW)


@violates("backtest_running_since_a_time")
def _running_since_never() -> None:
    _backtest(state="running")


@violates("plan_one_pending_a_scope")
def _two_planned() -> None:
    _plan()
    _plan()


@violates("plan_percent_1_to_100")
def _planned_for_more_than_all() -> None:
    _plan(percent=101)


@violates("plan_ceiling_is_a_share")
def _planned_ceiling_of_none() -> None:
    _plan(guard_ceiling=0)


@violates("plan_ends_one_way")
def _carried_out_and_cancelled() -> None:
    _plan(carried_out_at=NOW, cancelled_at=NOW, cancel_reason="x")


@violates("plan_cancelled_at_a_time_with_reason")
def _cancelled_without_reason() -> None:
    _plan(cancelled_at=NOW)


def _pause(**changes: Any) -> Pause:
    row = {"scope": "everything", "paused_at": NOW, "paused_by": admin(), "reason": "x"}
    return Pause.objects.create(**row | changes)


@violates("pause_one_live_a_scope")
def _paused_twice() -> None:
    _pause()
    _pause()


@violates("pause_has_a_reason")
def _paused_without_reason() -> None:
    _pause(reason="")


def _paused_again(reason: str = "x") -> PausedAgain:
    return PausedAgain.objects.create(pause=_pause(), at=NOW, by=admin(), reason=reason)


APPEND_ONLY["paused_again"] = _paused_again


@violates("paused_again_has_a_reason")
def _paused_again_without_reason() -> None:
    _paused_again(reason="")


@violates("pause_first_resume_by_somebody")
def _first_resumed_by_nobody() -> None:
    _pause(first_resume_at=NOW)


@violates("pause_ended_by_somebody")
def _resumed_by_nobody() -> None:
    _pause(first_resume_at=NOW, first_resume_by=admin(), ended_at=NOW)


@violates("pause_ended_by_two")
def _resumed_by_one() -> None:
    user = admin()
    first = {"first_resume_at": NOW, "first_resume_by": user}
    _pause(**first, ended_at=NOW, ended_by=user)


@violates("pause_in_order_of_time")
def _resumed_before() -> None:
    _pause(first_resume_at=EARLIER, first_resume_by=admin())


def guard_reading(**changes: Any) -> GuardReading:
    """What the guard knew of an activation."""
    row = {"activation": _activation, "kind": "audits", "hour": NOW, "at": NOW, "state": "watching"}
    row |= {"evidence": 1, "peak": 1, "cutoffs": 0, "counted": 0, "dropped": 0, "waiting": 0}
    row |= changes
    if callable(row["activation"]):
        row["activation"] = row["activation"]()
    return GuardReading.objects.create(**row)


@violates("guard_reading_once_an_hour")
def _read_twice() -> None:
    guard_reading(activation=guard_reading().activation)


@violates("guard_reading_peak_is_highest")
def _evidence_above_its_peak() -> None:
    guard_reading(evidence=2)


@violates("guard_rolls_back_on_audits_alone")
def _rolled_back_on_feedback() -> None:
    guard_reading(kind="feedback", state="alert", act="rolled_back")


def _shadow(**changes: Any) -> Shadow:
    row = {"number": 2, "content": {}, "scope": "default", "started_at": NOW}
    row |= {"until": NOW + timedelta(days=1), "started_by": changes.pop("user", None) or admin()}
    return Shadow.objects.create(**row | changes)


@violates("shadow_one_live_a_policy")
def _two_shadows() -> None:
    _shadow()
    _shadow()


@violates("shadow_runs_1_hour_to_90_days")
def _shadow_of_91_days() -> None:
    _shadow(until=NOW + timedelta(days=91))


@violates("shadow_ends_within_its_time")
def _shadow_ends_late() -> None:
    _shadow(ended_at=NOW + timedelta(days=2))


@violates("shadow_ended_at_a_time")
def _shadow_ended_at_no_time() -> None:
    _shadow(ended_by=admin())


#: Rows of the tables whose rows stay: what none of them lets be changed, and, once it is over,
#: what it lets be changed no more.
KEPT: dict[str, tuple[Callable[[], models.Model], dict[str, Any], dict[str, Any]]] = {
    "activation": (_activation, {"percent": 7}, {"ended_at": NOW}),
    "planned_activation": (_plan, {"percent": 7}, {"carried_out_at": NOW}),
    "submission": (
        lambda: submitted().submission,
        {"contributors": []},
        {"decision": "approved", "decided_by": admin, "decided_at": NOW},
    ),
    "pause": (
        lambda: _pause(first_resume_at=NOW, first_resume_by=admin()),
        {"reason": "y"},
        {"ended_at": NOW, "ended_by": admin},
    ),
    "shadow": (_shadow, {"content": {"x": 1}}, {"ended_at": NOW, "ended_by": admin}),
}
#: What the triggers of such a table are called.
GUARDS = ("read_only", "not_deleted", "no_truncate", "final")
