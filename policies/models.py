"""Policy versions and when they were in force."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now

from accounts.models import append_only
from conversations.models import Cutoff
from policies import thresholds

DEFAULT_SCOPE = "default"
BUILT_IN_NUMBER = 1


class PolicyVersion(models.Model):
    """An immutable set of thresholds with a number of its own."""

    number = models.PositiveIntegerField(primary_key=True)
    content = models.JSONField(help_text="A policies.thresholds.Thresholds.")
    note = models.TextField(default="", blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # The ceiling as a column: intake holds every batch against it in SQL.
    imminent_risk_ceiling = models.GeneratedField(
        expression=Cast(KT("content__imminent_risk_ceiling"), models.FloatField()),
        output_field=models.FloatField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["-number"]
        triggers = append_only("policy_version")

    def __str__(self) -> str:
        return f"Policy {self.number}"

    @property
    def thresholds(self) -> thresholds.Thresholds:
        """The content, read. Raises ``msgspec.ValidationError`` where it no longer parses."""
        return thresholds.parse(self.content)


class Activation(models.Model):
    """One stretch of time in which a version was in force for a scope."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="activations")
    scope = models.CharField(max_length=200, default=DEFAULT_SCOPE)
    activated_at = models.DateTimeField()
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

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
        ]
        indexes = [
            # Which version was in force at a cutoff's time.
            models.Index(fields=["scope", "-activated_at"], name="activation_in_force")
        ]

    def __str__(self) -> str:
        return f"{self.version} in {self.scope} since {self.activated_at:%Y-%m-%d}"


class Basis(models.TextChoices):
    """Why a cutoff is held against a certain version."""

    REPORTED = "reported", "the version that the service reported"
    IN_FORCE = "in_force", "the version in force at that time"
    BUILT_IN = "built_in", "the built-in version"


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
