"""Policy versions and when they were in force."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices
from accounts.keeping import append_only, final, kept, staff
from conversations.models import Cutoff
from policies import thresholds
from policies.backtest_models import Backtest as Backtest
from policies.evaluation_models import AskedEvaluation as AskedEvaluation
from policies.lifecycle_models import DEFAULT_SCOPE as DEFAULT_SCOPE
from policies.lifecycle_models import EVERYTHING as EVERYTHING
from policies.lifecycle_models import SCOPE_LENGTH
from policies.lifecycle_models import Draft as Draft
from policies.lifecycle_models import Pause as Pause
from policies.lifecycle_models import PausedAgain as PausedAgain
from policies.lifecycle_models import PlannedActivation as PlannedActivation
from policies.lifecycle_models import Submission as Submission
from policies.lifecycle_models import SubmissionDecision as SubmissionDecision
from policies.watch_models import GuardReading as GuardReading
from policies.watch_models import Shadow as Shadow

BUILT_IN_NUMBER = 1


class State(TextChoices):
    """Where the policy of a number stands. It is derived from what happened, and kept nowhere."""

    DRAFT = "draft", gettext_noop("draft")
    SUBMITTED = "submitted", gettext_noop("waiting for approval")
    APPROVED = "approved", gettext_noop("approved")
    REJECTED = "rejected", gettext_noop("rejected")
    SCHEDULED = "scheduled", gettext_noop("planned")
    ACTIVE = "active", gettext_noop("in force")
    RETIRED = "retired", gettext_noop("retired")


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    """Filters over versions."""

    def with_state(self) -> PolicyVersionQuerySet:
        """With its ``state``: in force wherever it holds on some side, whatever else is true."""
        has_it = Q(version=OuterRef("pk")) | Q(beside=OuterRef("pk"))
        activations = Activation.objects.filter(has_it)
        plans = PlannedActivation.objects.pending().filter(version=OuterRef("pk"))
        by_default = Activation.objects.filter(scope=DEFAULT_SCOPE, ended_at=None)
        return self.annotate(
            state=Case(
                When(Exists(activations.filter(ended_at=None)), then=Value(State.ACTIVE)),
                When(~Exists(by_default), pk=BUILT_IN_NUMBER, then=Value(State.ACTIVE)),
                When(submission__decision="", then=Value(State.SUBMITTED)),
                When(submission__decision="rejected", then=Value(State.REJECTED)),
                When(Exists(plans), then=Value(State.SCHEDULED)),
                When(Exists(activations), then=Value(State.RETIRED)),
                default=Value(State.APPROVED),
                output_field=models.CharField(),
            )
        )


class PolicyVersion(models.Model):
    """An immutable set of thresholds with a number of its own."""

    number = models.PositiveIntegerField(primary_key=True)
    content = models.JSONField(help_text="A policies.thresholds.Thresholds.")
    note = models.TextField(default="", blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    based_on = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # The ceiling as a column: intake holds every batch against it in SQL.
    imminent_risk_ceiling = models.GeneratedField(
        expression=Cast(KT("content__imminent_risk_ceiling"), models.FloatField()),
        output_field=models.FloatField(),
        db_persist=True,
    )

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        triggers = append_only("policy_version")

    def __str__(self) -> str:
        return f"Policy {self.number}"

    @property
    def thresholds(self) -> thresholds.Thresholds:
        """The content, read. Raises ``msgspec.ValidationError`` where it no longer parses."""
        return thresholds.parse(self.content)


class ActivationKind(TextChoices):
    """How a version came in force."""

    ACTIVATION = "activation", gettext_noop("activated")
    ROLLBACK = "rollback", gettext_noop("rolled back to")
    BREAK_GLASS = "break_glass", gettext_noop("activated by one person alone")


class ActivationQuerySet(models.QuerySet["Activation"]):
    """Filters over activations."""

    def live(self) -> ActivationQuerySet:
        """Those in force now: at most one a scope."""
        return self.filter(ended_at=None)


class Activation(models.Model):
    """One stretch of time in which a version was in force for a scope.

    ``percent`` of its conversations, 1 to 100, are held against ``version``; the others against
    ``beside``, which is known where they are fewer than all. A change of the share is another
    stretch. The guard rolls back only where ``guard_rolls_back`` says so; ``guard_ceiling`` is
    the overturn rate, a share, that it holds a full rollout against.
    """

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="activations")
    scope = models.CharField(max_length=SCOPE_LENGTH, default=DEFAULT_SCOPE)
    kind = models.CharField(
        max_length=11,
        choices=ActivationKind,
        default=ActivationKind.ACTIVATION,
        db_default=ActivationKind.ACTIVATION,
    )
    percent = models.PositiveSmallIntegerField(default=100, db_default=100)
    beside = models.ForeignKey(
        PolicyVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="beside"
    )
    guard_rolls_back = models.BooleanField(default=False, db_default=False)
    guard_ceiling = models.FloatField(null=True, blank=True)
    activated_at = models.DateTimeField()
    activated_by = staff(null=True)
    reason = models.TextField(default="", blank=True, db_default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = staff(null=True)
    end_reason = models.TextField(default="", blank=True, db_default="")

    objects = ActivationQuerySet.as_manager()

    class Meta:
        ordering = ["-activated_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(ended_at=None),
                name="activation_one_active_version_a_scope",
            ),
            models.CheckConstraint(
                name="activation_ends_after_it_begins",
                condition=Q(ended_at=None) | Q(ended_at__gte=F("activated_at")),
            ),
            models.CheckConstraint(
                name="activation_percent_1_to_100", condition=Q(percent__range=(1, 100))
            ),
            models.CheckConstraint(
                name="activation_beside_another",
                condition=Q(percent=100, beside=None)
                | Q(percent__lt=100, beside__isnull=False) & ~Q(beside=F("version")),
            ),
            models.CheckConstraint(
                name="activation_ceiling_is_a_share",
                condition=Q(guard_ceiling=None) | Q(guard_ceiling__gt=0, guard_ceiling__lt=1),
            ),
            models.CheckConstraint(
                name="activation_ended_by_whom_and_why_at_a_time",
                condition=Q(ended_at__isnull=False) | Q(ended_by=None, end_reason=""),
            ),
            models.CheckConstraint(
                name="activation_break_glass_by_somebody",
                condition=~Q(kind=ActivationKind.BREAK_GLASS) | Q(activated_by__isnull=False),
            ),
        ]
        indexes = [
            # Which version was in force at a cutoff's time.
            models.Index(fields=["scope", "-activated_at"], name="activation_in_force")
        ]
        triggers = [
            *kept("activation", changing=["ended_at", "ended_by", "end_reason"]),
            final("activation", "ended_at"),
        ]

    def __str__(self) -> str:
        return f"{self.version} in {self.scope} since {self.activated_at:%Y-%m-%d}"


class Basis(TextChoices):
    """Why a cutoff is held against a certain version."""

    REPORTED = "reported", gettext_noop("the version that the service reported")
    IN_FORCE = "in_force", gettext_noop("the version in force at that time")
    BUILT_IN = "built_in", gettext_noop("the built-in version")


class CutoffConformance(models.Model):
    """The conformance of one cutoff. Computed after intake, and again when evidence changes."""

    cutoff = models.OneToOneField(
        Cutoff, primary_key=True, on_delete=models.CASCADE, related_name="conformance"
    )
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, db_index=False)
    basis = models.CharField(max_length=8, choices=Basis)
    found = models.JSONField(help_text="A policies.conformance.Conformance.")
    computed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"conformance of {self.cutoff_id}"
