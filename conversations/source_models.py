"""Sources, and what they prove themselves with."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from conversations.retention import APPEAL_WINDOW_DAYS, SIGNAL_DAYS, TRANSCRIPT_DAYS
from conversations.vocabulary import Mode, Scope


class Source(models.Model):
    """A chat service that sends events and receives outcomes."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    mode = models.CharField(max_length=16, choices=Mode, default=Mode.ADVISORY)
    events_per_second = models.PositiveIntegerField(default=10_000)
    calls_per_second = models.PositiveIntegerField(default=2_000)
    transcript_days = models.PositiveSmallIntegerField(
        default=TRANSCRIPT_DAYS, db_default=TRANSCRIPT_DAYS
    )
    signal_days = models.PositiveSmallIntegerField(default=SIGNAL_DAYS, db_default=SIGNAL_DAYS)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                name="source_terms_outlast_appeals",
                condition=Q(
                    transcript_days__gte=APPEAL_WINDOW_DAYS, signal_days__gte=APPEAL_WINDOW_DAYS
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name


class SourceKey(models.Model):
    """An API key of a source. Its secret is stored hashed and shown once, when it is made."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80)
    public_id = models.CharField(max_length=16, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=32, choices=Scope))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, help_text="To about a minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"rk_{self.public_id}"


class SourceSecret(models.Model):
    """A secret with which a source signs its events, by Standard Webhooks.

    It is kept as it is: whoever checks a signature needs the key that made it. A source has at
    most two that count, the old one and the new one of a rotation.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="secrets")
    slot = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    secret = models.CharField(max_length=80)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, help_text="To about a minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Also what every signed request looks for.
            models.UniqueConstraint(
                fields=["source", "slot"],
                condition=Q(revoked_at=None),
                name="source_secret_two_live",
            ),
            models.CheckConstraint(
                condition=Q(slot__in=[1, 2]), name="source_secret_slot_is_1_or_2"
            ),
        ]

    def __str__(self) -> str:
        return f"secret {self.pk}"
