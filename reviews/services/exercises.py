"""Decided cases given to somebody once more, outcome unseen: what gold and training share.

An answer is no verdict: it settles nothing, and no rate and no agreement counts it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pgtrigger
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.prepared import Prepared
from reviews.models import Case, Claim, Exercise, ExerciseText
from reviews.transitions import Forbidden
from reviews.vocabulary import ReasonCode

if TYPE_CHECKING:
    from reviews.services.verdicts import NewVerdict


def gold_of(case: Case, user: User) -> Exercise | None:
    """The gold case that *case* is to *user*, not yet answered."""
    return _UNANSWERED.first(case=case.pk, user=user.pk)


_UNANSWERED: Final = Prepared(
    lambda case, user: Exercise.objects.gold().filter(case=case, person=user, answered_at=None)[:1],
    case=UUID,
    user=int,
)


def answered_gold(case: Case, user: User, now: datetime) -> Exercise | None:
    """The gold case that *user* answered so short a time ago that they are not to know."""
    covering = Exercise.objects.covering(user, now)
    return covering.filter(case=case, answered_at__isnull=False).first()


def earlier_answer(user: User, key: str | None) -> Exercise | None:
    """The answer that *user* sent under *key*."""
    return Exercise.objects.filter(person=user, idempotency_key=key).first() if key else None


def answer(
    *,
    exercise: Exercise,
    verdict: NewVerdict,
    now: datetime,
    idempotency_key: str | None = None,
) -> Exercise:
    """Keep *verdict* as the answer, and end the claim. In the caller's transaction.

    The caller has locked the exercise or its case, and found the verdict complete.
    """
    exercise.answered_at = now
    exercise.decision, exercise.remedy = verdict.decision, verdict.remedy
    exercise.policy_followed, exercise.severity = verdict.policy_followed, verdict.severity
    exercise.category = verdict.category
    exercise.reason_codes = [str(ReasonCode(code)) for code in verdict.reason_codes]
    exercise.evidence = list(verdict.evidence)
    exercise.idempotency_key = idempotency_key
    exercise.save()
    ExerciseText.objects.create(exercise=exercise, rationale=verdict.rationale.strip())
    Claim.objects.filter(case_id=exercise.case_id, reviewer=exercise.person, ended_at=None).update(
        ended_at=Now()
    )
    note(exercise, "exercise.answered", now)
    return exercise


def take_back(*, exercise: Exercise, now: datetime) -> None:
    """Let it be unanswered again, without words. In the caller's transaction, the case locked.

    The key that it was sent under stays: sent again, it gives no second answer.
    """
    exercise.answered_at = None
    exercise.decision = exercise.remedy = exercise.policy_followed = exercise.category = ""
    exercise.severity, exercise.reason_codes, exercise.evidence = None, [], []
    # Answered it is final but here, as a verdict is final but for its withdrawal.
    with pgtrigger.ignore("reviews.Exercise:exercise_final"):
        exercise.save()
    ExerciseText.objects.filter(exercise=exercise).delete()
    note(exercise, "exercise.undone", now)


def check_stays(case: Case, user: User) -> None:
    """Raise ``transitions.Forbidden`` where *user* would defer, escalate or reclassify a gold case.

    It is decided, and a question to a team must not vanish unheard: here what it is comes out.
    """
    if gold_of(case, user):
        raise Forbidden(
            _(
                "This is a gold case: it was decided before. Decide it or skip it; tell a senior "
                "if you think that a team should see it."
            )
        )


def note(exercise: Exercise, action: str, now: datetime | None = None) -> None:
    """The ledger's line: on the case, since to its reviewer it is one like any other."""
    record(
        actor=Actor(user=exercise.person),
        at=now,
        action=action,
        obj="case",
        object_id=exercise.case_id,
        details={"exercise": str(exercise.pk), "decision": exercise.decision},
    )
