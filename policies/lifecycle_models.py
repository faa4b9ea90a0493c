"""The life of a policy version beside its activations: drafts, submissions, plans, pauses.

A number is first a draft; when it is submitted, the immutable version takes its place. Texts
written here are those of the staff.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices
from accounts.keeping import append_only, both_or_neither, final, kept, staff

SCOPE_LENGTH = 200
DEFAULT_SCOPE = "default"
#: A pause of this scope stops ending in all of them.
EVERYTHING = "everything"


class Draft(models.Model):
    """A policy that is being written, under the number that its version will have.

    ``revision`` counts the edits: whoever saves says which one they read. ``contributors`` are
    the ids of all who had a hand in it; none of them may approve it.
    """

    number = models.PositiveIntegerField(primary_key=True)
    content = models.JSONField(help_text="A policies.thresholds.Thresholds.")
    note = models.TextField(default="", blank=True)
    based_on = models.ForeignKey(
        "policies.PolicyVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    author = staff(null=True)
    contributors = ArrayField(models.BigIntegerField(), default=list)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = staff(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(name="draft_revision_from_1", condition=Q(revision__gte=1)),
        ]

    def __str__(self) -> str:
        return f"Draft {self.number}"


class SubmissionDecision(TextChoices):
    """What a second person said."""

    PENDING = "", gettext_noop("waiting for a second person")
    APPROVED = "approved", gettext_noop("approved")
    REJECTED = "rejected", gettext_noop("rejected")


class Submission(models.Model):
    """A version laid before a second person, and what that one said.

    Never changed once it is decided. ``backtest`` is the finished one, of exactly what the
    version says, that was laid before them with it; None where none was.
    """

    version = models.OneToOneField(
        "policies.PolicyVersion",
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="submission",
    )
    submitted_by = staff()
    submitted_at = models.DateTimeField()
    contributors = ArrayField(models.BigIntegerField())
    backtest = models.ForeignKey(
        "policies.Backtest",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    decision = models.CharField(
        max_length=8, choices=SubmissionDecision, default=SubmissionDecision.PENDING, blank=True
    )
    decided_by = staff(null=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="submission_decided_by_somebody",
                condition=both_or_neither("decided_by", "decided_at")
                & (
                    Q(decision="", decided_by=None)
                    | Q(decision__in=["approved", "rejected"], decided_by__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="submission_counts_its_submitter",
                condition=Q(contributors__contains=[F("submitted_by")]),
            ),
            models.CheckConstraint(
                name="submission_decided_by_another",
                condition=Q(decided_by=None) | ~Q(contributors__contains=[F("decided_by")]),
            ),
            models.CheckConstraint(
                name="submission_rejected_with_reason",
                condition=~Q(decision="rejected") | ~Q(reason=""),
            ),
        ]
        triggers = [
            *kept("submission", changing=["decision", "decided_by", "decided_at", "reason"]),
            final("submission", "decided_at"),
        ]

    def __str__(self) -> str:
        return f"submission of {self.version_id}"


class PlannedActivationQuerySet(models.QuerySet["PlannedActivation"]):
    """Filters over plans."""

    def pending(self) -> PlannedActivationQuerySet:
        """Neither carried out nor cancelled."""
        return self.filter(carried_out_at=None, cancelled_at=None)

    def due(self, now: datetime) -> PlannedActivationQuerySet:
        """To be carried out by *now*."""
        return self.pending().filter(at__lte=now)


class PlannedActivation(models.Model):
    """A version that is to come in force in a scope at a time.

    One that could not be carried out is cancelled by nobody, with the reason.
    """

    version = models.ForeignKey(
        "policies.PolicyVersion", on_delete=models.PROTECT, related_name="planned"
    )
    scope = models.CharField(max_length=SCOPE_LENGTH)
    percent = models.PositiveSmallIntegerField(default=100)
    guard_rolls_back = models.BooleanField(default=False)
    guard_ceiling = models.FloatField(null=True, blank=True)
    at = models.DateTimeField()
    reason = models.TextField(default="", blank=True)
    planned_by = staff()
    planned_at = models.DateTimeField()
    carried_out_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = staff(null=True)
    cancel_reason = models.TextField(default="", blank=True)

    objects = PlannedActivationQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(carried_out_at=None, cancelled_at=None),
                name="plan_one_pending_a_scope",
            ),
            models.CheckConstraint(
                name="plan_percent_1_to_100", condition=Q(percent__range=(1, 100))
            ),
            models.CheckConstraint(
                name="plan_ceiling_is_a_share",
                condition=Q(guard_ceiling=None) | Q(guard_ceiling__gt=0, guard_ceiling__lt=1),
            ),
            models.CheckConstraint(
                name="plan_ends_one_way",
                condition=Q(carried_out_at=None) | Q(cancelled_at=None),
            ),
            models.CheckConstraint(
                name="plan_cancelled_at_a_time_with_reason",
                condition=Q(cancelled_at=None, cancelled_by=None, cancel_reason="")
                | Q(cancelled_at__isnull=False) & ~Q(cancel_reason=""),
            ),
        ]
        indexes = [
            # What is due now: the task that carries plans out.
            models.Index(
                fields=["at"],
                name="plan_pending",
                condition=Q(carried_out_at=None, cancelled_at=None),
            )
        ]
        triggers = [
            *kept(
                "planned_activation",
                changing=["carried_out_at", "cancelled_at", "cancelled_by", "cancel_reason"],
            ),
            final("planned_activation", "carried_out_at", "cancelled_at"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} in {self.scope} at {self.at:%Y-%m-%d %H:%M}"


class PauseQuerySet(models.QuerySet["Pause"]):
    """Filters over pauses."""

    def live(self) -> PauseQuerySet:
        """Those that two people have not ended."""
        return self.filter(ended_at=None)

    def told(self) -> PauseQuerySet:
        """With who had a part in it; ``again`` lists who paused it once more, when and why."""
        again = PausedAgain.objects.filter(pause=OuterRef("pk")).order_by("at", "pk")
        line = JSONObject(name="by__name", at="at", reason="reason")
        people = self.select_related("paused_by", "first_resume_by", "ended_by")
        return people.annotate(again=ArraySubquery(again.values_list(line)))


class Pause(models.Model):
    """No conversation of a scope, or none at all, may be ended.

    One person begins it; it ends when two have asked for it, each with a reason.
    """

    scope = models.CharField(max_length=SCOPE_LENGTH, help_text="A scope, or “everything”.")
    paused_at = models.DateTimeField()
    paused_by = staff()
    reason = models.TextField()
    first_resume_at = models.DateTimeField(null=True, blank=True)
    first_resume_by = staff(null=True)
    first_resume_reason = models.TextField(default="", blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = staff(null=True)
    ended_reason = models.TextField(default="", blank=True)

    objects = PauseQuerySet.as_manager()

    class Meta:
        ordering = ["-paused_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope"], condition=Q(ended_at=None), name="pause_one_live_a_scope"
            ),
            models.CheckConstraint(name="pause_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="pause_first_resume_by_somebody",
                condition=both_or_neither("first_resume_by", "first_resume_at"),
            ),
            models.CheckConstraint(
                name="pause_ended_by_somebody", condition=both_or_neither("ended_by", "ended_at")
            ),
            models.CheckConstraint(
                name="pause_ended_by_two",
                condition=Q(ended_by=None)
                | Q(first_resume_by__isnull=False) & ~Q(ended_by=F("first_resume_by")),
            ),
            models.CheckConstraint(
                name="pause_in_order_of_time",
                condition=(Q(first_resume_at=None) | Q(first_resume_at__gte=F("paused_at")))
                & (Q(ended_at=None) | Q(ended_at__gte=F("first_resume_at"))),
            ),
        ]
        triggers = [
            *kept(
                "pause",
                changing=[
                    "first_resume_at",
                    "first_resume_by",
                    "first_resume_reason",
                    "ended_at",
                    "ended_by",
                    "ended_reason",
                ],
            ),
            final("pause", "ended_at"),
        ]

    def __str__(self) -> str:
        return f"pause of {self.scope} since {self.paused_at:%Y-%m-%d %H:%M}"


class PausedAgain(models.Model):
    """Somebody stopped what was stopped already. The pause goes on, with their reason too."""

    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = staff()
    reason = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="paused_again_has_a_reason", condition=~Q(reason="")),
        ]
        triggers = append_only("paused_again")

    def __str__(self) -> str:
        return f"{self.pause}, once more"
