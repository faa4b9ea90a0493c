"""What each constraint on gold cases, exercises and draws forbids; tests/test_constraints.py."""

from __future__ import annotations

import uuid
from typing import Any

from reviews.models import (
    AgreementDraw,
    Case,
    Exercise,
    GoldCase,
    MentorComment,
    QualityShares,
)
from reviews.vocabulary import CaseState, ExerciseKind
from tests.factories import NOW, make_case, make_user
from tests.violating import APPEND_ONLY, guarded, violates


def _shares(**changes: Any) -> QualityShares:
    row = {"agreement_share": 0.1, "gold_share": 0.1, "set_by": make_user(), "set_at": NOW}
    return QualityShares.objects.create(**row | changes)


def _draw(**changes: Any) -> AgreementDraw:
    row = {"case": make_case(), "probability": 0.1, "drawn": True, "at": NOW}
    return AgreementDraw.objects.create(**row | changes)


def _gold(**changes: Any) -> GoldCase:
    row = {
        "case": make_case(),
        "decisions": ["uphold"],
        "reason_codes": ["other"],
        "explanation": "Plain.",
        "made_by": make_user(),
        "made_at": NOW,
    }
    return GoldCase.objects.create(**row | changes)


def _exercise(**changes: Any) -> Exercise:
    row = {
        "kind": ExerciseKind.TRAINING,
        "case": changes.pop("case", None) or make_case(),
        "person": changes.pop("person", None) or make_user(),
        "dealt_at": NOW,
        "due_at": NOW,
    }
    return Exercise.objects.create(**row | changes)


def _answered(**changes: Any) -> Exercise:
    return _exercise(answered_at=NOW, decision="uphold", **changes)


def _comment() -> MentorComment:
    return MentorComment.objects.create(
        exercise=_answered(), by=make_user(), at=NOW, text="Look at turn 3."
    )


APPEND_ONLY.update({"quality_shares": _shares, "agreement_draw": _draw})


@violates("reviews_exercise.alias")
def _two_known_by_one_key() -> None:
    _exercise(alias=_exercise(alias=uuid.uuid4()).alias)


@violates("reviews_exercise.number")
def _two_of_one_number() -> None:
    _exercise(number=_exercise(number=7).number)


@violates("quality_agreement_share_0_to_1")
def _more_than_all() -> None:
    _shares(agreement_share=1.01)


@violates("quality_gold_share_0_to_half")
def _mostly_gold() -> None:
    _shares(gold_share=0.51)


@violates("agreement_drawn_with_a_probability")
def _drawn_by_no_chance() -> None:
    _draw(probability=0)


@violates("gold_accepts_something")
def _nothing_is_right() -> None:
    _gold(decisions=[])


@violates("gold_retired_by_somebody")
def _retired_by_nobody() -> None:
    _gold(retired_at=NOW)


@guarded("gold_read_only")
def _another_answer() -> None:
    gold = _gold()
    GoldCase.objects.filter(pk=gold.pk).update(decisions=["overturn"])


@guarded("gold_not_deleted")
def _gold_gone() -> None:
    GoldCase.objects.filter(pk=_gold().pk).delete()


@violates("exercise_once_a_person")
def _the_same_again() -> None:
    first = _exercise()
    _exercise(case=first.case, person=first.person)


@violates("exercise_once_a_key")
def _one_key_twice() -> None:
    first = _exercise(idempotency_key="a")
    _exercise(person=first.person, idempotency_key="a")


@violates("exercise_answered_with_a_decision")
def _answered_with_nothing() -> None:
    _exercise(answered_at=NOW)


@violates("exercise_severity_0_to_4")
def _too_severe() -> None:
    _answered(severity=5)


@guarded("exercise_final")
def _answered_twice() -> None:
    Exercise.objects.filter(pk=_answered().pk).update(decision="overturn")


@guarded("exercise_not_deleted")
def _exercise_gone() -> None:
    Exercise.objects.filter(pk=_exercise().pk).delete()


@guarded("mentor_comment_read_only")
def _comment_by_another() -> None:
    MentorComment.objects.filter(pk=_comment().pk).update(by=make_user())


@guarded("mentor_comment_not_deleted")
def _comment_gone() -> None:
    MentorComment.objects.filter(pk=_comment().pk).delete()


@violates("case_contested_in_adjudication")
def _contested_and_open() -> None:
    Case.objects.filter(pk=make_case().pk).update(contested=True, state=CaseState.OPEN)
