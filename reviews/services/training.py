"""Training: decided cases given to somebody who does not see the outcome until they have answered.

Child safety is never practised on. What protects reviewers from a text protects trainees, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.services.evidence import transcript_of
from reviews.models import Case, Exercise, MentorComment, Verdict
from reviews.permissions import can_mentor, can_train, check_mentor
from reviews.services import exercises
from reviews.services.adjudication import standing_verdicts
from reviews.services.erased import check_fresh
from reviews.services.leaving import locked as locked_case
from reviews.services.verdict_problems import problems
from reviews.services.verdicts import NewVerdict
from reviews.sight import closed_to
from reviews.transitions import Forbidden
from reviews.vocabulary import CaseState, ExerciseKind, Queue

#: From these one may practise; crisis for whoever chooses it, child safety for nobody.
PRACTISED: Final = (Queue.GENERAL, Queue.APPEALS, Queue.CRISIS)
LONGEST_COMMENT: Final = 5_000
#: How many decided cases are looked at for one whose words are still there.
_LOOKED_AT: Final = 20


def check_train(user: User) -> None:
    """Raise where *user* does not practise."""
    if not can_train(user):
        raise PermissionDenied(_("Your role does not include training."))


@transaction.atomic
def next_exercise(*, user: User, queue: str, now: datetime) -> Exercise | None:
    """The exercise that *user* has open, else a new one of *queue*; None where there is none.

    Raises ``PermissionDenied``, or ``ValidationError`` for a queue that is not practised on.
    """
    check_train(user)
    if queue not in PRACTISED:
        raise ValidationError({"queue": _("Choose one of the queues.")})
    # One at a time for each person: a double click must not open two.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    mine = Exercise.objects.training().filter(person=user)
    # Of one whose words were erased nobody can tell any more.
    if unanswered := mine.filter(answered_at=None, case__erased_words=None).first():
        return unanswered
    case = _unknown_to(user, queue)
    if case is None:
        return None
    exercise = Exercise.objects.create(
        kind=ExerciseKind.TRAINING, case=case, person=user, dealt_at=now, due_at=now
    )
    exercises.note(exercise, "exercise.begun", now)
    return exercise


def _unknown_to(user: User, queue: str) -> Case | None:
    known = Exercise.objects.filter(case=OuterRef("pk"), person=user)
    decided = Verdict.objects.filter(case=OuterRef("pk"), reviewer=user)
    found = (
        Case.objects.filter(state=CaseState.SETTLED, queue=queue, cutoff__trial=False)
        .exclude(Exists(known))
        .exclude(Exists(decided))
        .select_related("cutoff")
        .order_by("-at", "pk")
    )
    return next((case for case in found[:_LOOKED_AT] if transcript_of(case.cutoff)), None)


def exercise_for(user: User, key: UUID) -> Exercise | None:
    """The exercise under *key* that *user* may see: their own, or as a mentor an answered one."""
    found = (
        Exercise.objects.training()
        .filter(pk=key)
        .exclude(case__queue=Queue.CHILD_SAFETY)
        .select_related("case__cutoff__conversation", "case__source", "person")
        .first()
    )
    if found is None:
        return None
    if found.person_id == user.pk:
        return found
    reads = can_mentor(user) and found.case.queue not in closed_to(user)
    return found if reads and found.answered_at else None


@transaction.atomic
def answer(*, exercise: Exercise, user: User, verdict: NewVerdict, now: datetime) -> Exercise:
    """Keep the trainee's answer, once; then they see the outcome.

    Raises ``PermissionDenied`` for another's, ``ValidationError`` where something is missing, or
    ``transitions.Forbidden`` where its words were erased.
    """
    check_train(user)
    if exercise.person_id != user.pk:
        raise PermissionDenied(_("This exercise is another's."))
    problems(exercise.case, verdict)
    check_fresh(locked_case(exercise.case), user)
    locked = Exercise.objects.select_for_update().get(pk=exercise.pk)
    if locked.answered_at:
        return locked
    return exercises.answer(exercise=locked, verdict=verdict, now=now)


@transaction.atomic
def comment(*, exercise: Exercise, by: User, text: str, now: datetime) -> MentorComment:
    """A mentor's words on an answer. Raises ``PermissionDenied``, ``ValidationError`` or, before
    there is an answer and once its words were erased, ``transitions.Forbidden``.
    """
    check_mentor(by)
    if not exercise.answered_at:
        raise Forbidden(_("There is no answer to comment on yet."))
    kept = text.replace("\x00", "\ufffd").strip()
    if not kept or len(kept) > LONGEST_COMMENT:
        said = _("Write something, at most %(number)s characters.")
        raise ValidationError({"text": said % {"number": f"{LONGEST_COMMENT:,}"}})
    check_fresh(locked_case(exercise.case), by)
    given = MentorComment.objects.create(exercise=exercise, by=by, at=now, text=kept)
    record(
        actor=Actor(user=by),
        at=now,
        action="exercise.commented",
        obj="exercise",
        object_id=exercise.pk,
    )
    return given


@dataclass(frozen=True)
class Outcome:
    """What an exercise is held against, for whoever may see it: nothing before the answer."""

    verdicts: list[Verdict] = field(default_factory=list)
    comments: list[MentorComment] = field(default_factory=list)
    same: bool | None = None


def outcome_of(exercise: Exercise) -> Outcome:
    """The verdicts on the case, the mentors' comments, and whether the decision was the same.

    ``same`` is None where the case was unsettled since: its outcome is open again.
    """
    if not exercise.answered_at:
        return Outcome()
    comments = list(exercise.comments.select_related("by"))
    if exercise.case.state != CaseState.SETTLED:
        return Outcome(comments=comments)
    given = standing_verdicts(exercise.case)
    last = given[-1:]
    return Outcome(last, comments, bool(last) and last[0].decision == exercise.decision)


def own(user: User) -> QuerySet[Exercise]:
    """The exercises of *user*."""
    return Exercise.objects.training().filter(person=user).select_related("case")


def answered(by: User) -> QuerySet[Exercise]:
    """What *by*, a mentor, reads: the answers of all trainees to cases that are not closed to them.

    Each with ``decided``, the last word on its case: None while its outcome is open again.
    """
    last = (
        Verdict.objects.filter(
            case=OuterRef("case"),
            case__state=CaseState.SETTLED,
            round=OuterRef("case__round"),
            withdrawal=None,
        )
        .order_by("-at", "-id")
        .values("decision")[:1]
    )
    found = Exercise.objects.training().filter(answered_at__isnull=False)
    closed = (Queue.CHILD_SAFETY.value, *closed_to(by))
    found = found.exclude(case__queue__in=closed).annotate(decided=Subquery(last))
    return found.select_related("case", "person").prefetch_related("comments")
