"""What keeps reviewing good: drawn agreements, gold cases, exercises and their mentors' words."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.keeping import append_only, both_or_neither, final, kept, staff
from accounts.models import User
from conversations.vocabulary import Category, Remedy
from reviews.vocabulary import ExerciseKind, Judgement, PolicyFollowed, ReasonCode

#: So long after the answer a gold case still looks to its reviewer like any other.
TOLD_AFTER = timedelta(hours=24)


class QualityShares(models.Model):
    """How much of the work is looked at for quality's sake; the latest row holds."""

    agreement_share = models.FloatField(help_text="Of two who agree, how many a senior checks.")
    gold_share = models.FloatField(help_text="Of what is dealt, how much is a gold case.")
    set_by = staff()
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="quality_agreement_share_0_to_1",
                condition=Q(agreement_share__range=(0, 1)),
            ),
            # More would let nobody do the work itself.
            models.CheckConstraint(
                name="quality_gold_share_0_to_half", condition=Q(gold_share__range=(0, 0.5))
            ),
        ]
        triggers = append_only("quality_shares")

    def __str__(self) -> str:
        return f"{self.agreement_share} and {self.gold_share} from {self.set_at}"


class AgreementDraw(models.Model):
    """Whether two blind verdicts that agree were drawn to be checked, and with what probability.

    Drawn by a hash of the case's key when the second is in; never changed, so that errors which
    both made can be estimated (docs/explanation/estimation.md, "Agreement").
    """

    case = models.OneToOneField(
        "reviews.Case", primary_key=True, on_delete=models.PROTECT, related_name="agreement_draw"
    )
    probability = models.FloatField()
    drawn = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="agreement_drawn_with_a_probability",
                condition=Q(probability__range=(0, 1)) & (Q(drawn=False) | Q(probability__gt=0)),
            )
        ]
        triggers = append_only("agreement_draw")

    def __str__(self) -> str:
        return f"{self.case_id}: {self.drawn}"


class GoldCase(models.Model):
    """A settled case whose right answer is known, mixed unseen into what people are dealt."""

    case = models.OneToOneField(
        "reviews.Case", primary_key=True, on_delete=models.PROTECT, related_name="gold"
    )
    decisions = ArrayField(models.CharField(max_length=17, choices=Judgement))
    reason_codes = ArrayField(models.CharField(max_length=32, choices=ReasonCode))
    # A senior's words on somebody's conversation: erasure can replace them.
    explanation = models.TextField()
    made_by = staff()
    made_at = models.DateTimeField()
    retired_by = staff(null=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("manage_gold", "Can make gold cases and see the quality of everybody")]
        constraints = [
            models.CheckConstraint(
                name="gold_accepts_something",
                condition=Q(decisions__len__gt=0, reason_codes__len__gt=0),
            ),
            models.CheckConstraint(
                name="gold_retired_by_somebody",
                condition=both_or_neither("retired_at", "retired_by"),
            ),
        ]
        triggers = kept("gold", changing=["explanation", "retired_at", "retired_by"])

    def __str__(self) -> str:
        return f"gold: {self.case_id}"


class ExerciseQuerySet(models.QuerySet["Exercise"]):
    """Filters over exercises."""

    def gold(self) -> ExerciseQuerySet:
        """Those that are mixed unseen into real work."""
        return self.filter(kind=ExerciseKind.GOLD)

    def training(self) -> ExerciseQuerySet:
        """Those that a trainee asked for."""
        return self.filter(kind=ExerciseKind.TRAINING)

    def covering(self, user: User, now: datetime) -> ExerciseQuerySet:
        """The gold cases that look to *user* like work: not answered, or not long ago."""
        return self.covering_since(user.pk, now - TOLD_AFTER)

    def covering_since(self, user: int, told: datetime) -> ExerciseQuerySet:
        """As :meth:`covering`, by the user's key: not answered, or after *told*."""
        unseen = Q(answered_at=None) | Q(answered_at__gt=told)
        return self.gold().filter(unseen, person=user)

    def told(self, now: datetime) -> ExerciseQuerySet:
        """Answered gold cases of which their reviewers may know."""
        return self.gold().filter(answered_at__lte=now - TOLD_AFTER)


class Exercise(models.Model):
    """A decided case given to somebody who does not see the outcome; the answer changes nothing.

    It is no verdict: nothing settles by it, no rate counts it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=ExerciseKind)
    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="exercises")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exercises"
    )
    dealt_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="As the case page of a gold case shows it.")
    # What a gold case is to its person (services/seen.py); nobody else's cases have them.
    alias = models.UUIDField(null=True, unique=True, editable=False)
    number = models.BigIntegerField(null=True, unique=True, editable=False)
    days_later = models.PositiveIntegerField(default=0, db_default=0)
    answered_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=17, choices=Judgement, blank=True, default="")
    remedy = models.CharField(max_length=11, choices=Remedy, blank=True, default="")
    policy_followed = models.CharField(max_length=7, choices=PolicyFollowed, blank=True, default="")
    severity = models.PositiveSmallIntegerField(null=True)
    category = models.CharField(max_length=32, choices=Category, blank=True, default="")
    reason_codes = ArrayField(
        models.CharField(max_length=32, choices=ReasonCode), default=list, blank=True
    )
    evidence = models.JSONField(default=list, help_text="Turns or ranges; no words.")
    idempotency_key = models.CharField(max_length=128, null=True)  # noqa: DJ001 - unique

    objects = ExerciseQuerySet.as_manager()

    class Meta:
        permissions = [
            ("train_on_case", "Can practise on decided cases"),
            ("mentor_exercise", "Can comment on trainees' answers and certify people"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["person", "case"], name="exercise_once_a_person"),
            models.UniqueConstraint(
                fields=["person", "idempotency_key"], name="exercise_once_a_key"
            ),
            models.CheckConstraint(
                name="exercise_answered_with_a_decision",
                condition=Q(answered_at=None, decision="")
                | Q(answered_at__isnull=False) & ~Q(decision=""),
            ),
            models.CheckConstraint(
                name="exercise_severity_0_to_4",
                condition=Q(severity=None) | Q(severity__range=(0, 4)),
            ),
        ]
        indexes = [
            # A trainee's own list, and what mentors have yet to read, newest first.
            models.Index(fields=["kind", "-dealt_at", "id"], name="exercise_newest"),
        ]
        triggers = [
            final("exercise", "answered_at"),
            pgtrigger.Protect(name="exercise_not_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.person_id} on {self.case_id}"

    @property
    def reviewer(self) -> User:
        """Who answered, by the name that a verdict has for it."""
        return self.person

    @property
    def reviewer_id(self) -> int:
        """The key of who answered, likewise."""
        return self.person_id

    @property
    def round(self) -> int:
        """The case's present round: a verdict of it is what the answer looks like."""
        return self.case.round

    @property
    def at(self) -> datetime:
        """When it was answered, or dealt where it is not yet."""
        return self.answered_at or self.dealt_at


class ExerciseText(models.Model):
    """An answer's words, apart from it: erasure can replace them."""

    exercise = models.OneToOneField(
        Exercise, primary_key=True, on_delete=models.CASCADE, related_name="words"
    )
    rationale = models.TextField()

    def __str__(self) -> str:
        return str(self.exercise_id)


class MentorComment(models.Model):
    """What a senior says of a trainee's answer. Erasure can replace the words."""

    exercise = models.ForeignKey(Exercise, on_delete=models.PROTECT, related_name="comments")
    by = staff()
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["at", "pk"]
        triggers = kept("mentor_comment", changing=["text"])

    def __str__(self) -> str:
        return f"comment on {self.exercise_id}"
