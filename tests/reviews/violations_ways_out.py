"""What each constraint on the ways out of a case forbids; tests/test_constraints.py does it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models

from accounts.roles import Role
from reviews.models import (
    Deferral,
    Escalation,
    Reclassification,
    ShiftEnd,
    Skip,
    Takeover,
    UnclearSignal,
    VerdictDraft,
)
from reviews.services import claims
from reviews.ways_out_models import LONGEST_DEFERRAL
from tests.factories import NOW, make_case, make_user
from tests.violating import APPEND_ONLY, violates


def _twice(model: type[models.Model], **row: Any) -> None:
    for _ in range(2):
        model._default_manager.create(**row)


@violates("skip_once_a_person")
def _skipped_twice() -> None:
    _twice(Skip, case=make_case(), reviewer=make_user(), at=NOW)


@violates("verdict_draft_one_a_person")
def _two_drafts() -> None:
    _twice(VerdictDraft, case=make_case(), reviewer=make_user(), saved_at=NOW)


@violates("unclear_once_a_person")
def _unclear_twice() -> None:
    row = {"doubt": "silent", "category": "hate", "policy_version": 1, "at": NOW}
    _twice(UnclearSignal, case=make_case(), reviewer=make_user(), **row)


def _deferral(**changes: Any) -> Deferral:
    row = {"case": make_case(), "reviewer": make_user(), "at": NOW, "state_before": "open"}
    return Deferral.objects.create(**row | {"until": NOW + timedelta(hours=1)} | changes)


@violates("deferral_one_live_a_case")
def _deferred_twice() -> None:
    _deferral(case=_deferral().case)


@violates("deferral_of_14_days_at_most")
def _deferred_for_too_long() -> None:
    _deferral(until=NOW + LONGEST_DEFERRAL + timedelta(seconds=1))


@violates("deferral_ended_by_somebody_at_a_time")
def _deferral_ended_at_no_time() -> None:
    _deferral(ended_by=make_user())


def _escalation(**changes: Any) -> Escalation:
    row = {
        "case": make_case(),
        "area": "legal",
        "question": "May we?",
        "asked_by": make_user(),
        "asked_at": NOW,
        "due_at": NOW,
        "state_before": "open",
        "queue_before": "general",
    }
    return Escalation.objects.create(**row | changes)


@violates("escalation_one_live_a_case")
def _asked_twice() -> None:
    _escalation(case=_escalation().case)


@violates("escalation_asks")
def _asked_nothing() -> None:
    _escalation(question="")


@violates("escalation_taken_by_somebody")
def _taken_by_nobody() -> None:
    _escalation(taken_at=NOW)


@violates("escalation_ended_by_somebody")
def _ended_by_nobody() -> None:
    _escalation(ended_at=NOW, end="withdrawn")


@violates("escalation_ends_in_one_way")
def _ended_in_no_way() -> None:
    _escalation(ended_at=NOW, ended_by=make_user())


@violates("escalation_answered_in_words")
def _answered_without_words() -> None:
    _escalation(ended_at=NOW, ended_by=make_user(), end="answered")


def _reclassification(category: str = "hate") -> Reclassification:
    return Reclassification.objects.create(
        case=make_case(), by=make_user(), at=NOW, was="privacy", category=category
    )


@violates("reclassification_changes_the_category")
def _reclassified_as_before() -> None:
    _reclassification("privacy")


APPEND_ONLY["reclassification"] = _reclassification


@violates("takeover_for_a_reason")
def _taken_over_for_no_reason() -> None:
    claim = claims.claim(case=make_case(), user=make_user(Role.REVIEWER))
    Takeover.objects.create(claim=claim, by=make_user(), at=NOW, reason="")


@violates("shift_end_undone_afterwards")
def _undone_before() -> None:
    row = {"reviewer": make_user(), "at": NOW, "released": [], "handed_on": []}
    ShiftEnd.objects.create(**row, undone_at=NOW - timedelta(seconds=1))
