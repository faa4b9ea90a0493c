"""What keeps words from being deleted, and what has them erased."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices
from conversations.source_models import Source


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    """Filters over holds."""

    def live(self, now: datetime) -> LegalHoldQuerySet:
        """Neither released nor run out at *now*."""
        return self.filter(released_at=None, expires_at__gt=now)

    def ended(self, now: datetime) -> LegalHoldQuerySet:
        """Released or run out at *now*."""
        return self.exclude(released_at=None, expires_at__gt=now)


class LegalHold(models.Model):
    """Nothing of one case, or of one subject and whatever comes of them later, is deleted.

    A hold on a case names its cutoff, one on a subject the pseudonym. Who may not place holds
    must not learn that there is one.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    cutoff = models.ForeignKey(
        "conversations.Cutoff",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="holds",
    )
    subject = models.CharField(max_length=64, default="", blank=True)
    matter = models.CharField(max_length=80, help_text="The number of the legal matter.")
    reason = models.CharField(max_length=500)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        permissions = [("place_hold", "Can place and release legal holds, and know of them")]
        constraints = [
            models.CheckConstraint(
                name="hold_on_case_or_subject",
                condition=Q(cutoff=None) & ~Q(subject="") | Q(cutoff__isnull=False, subject=""),
            ),
            models.CheckConstraint(
                name="hold_expires_after_it_begins", condition=Q(expires_at__gt=F("placed_at"))
            ),
            models.CheckConstraint(
                name="hold_released_by_somebody",
                condition=Q(released_at=None, released_by=None)
                | Q(released_at__isnull=False, released_by__isnull=False),
            ),
        ]
        indexes = [
            # Is this cutoff held?
            models.Index(fields=["cutoff"], name="hold_live_case", condition=Q(released_at=None)),
            # Is this person held?
            models.Index(
                fields=["source", "subject"],
                name="hold_live_subject",
                condition=Q(released_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk} in {self.matter}"


class ErasureState(TextChoices):
    """How far an erasure is. ``held``: a legal hold keeps a part; it goes on when that ends."""

    PENDING = "pending", gettext_noop("Pending")
    RUNNING = "running", gettext_noop("Running")
    HELD = "held", gettext_noop("Held")
    DONE = "done", gettext_noop("Done")


class ErasureRequest(models.Model):
    """The tombstone of a subject's words: who asked, when it was done, how much there was.

    It covers what had arrived when it was asked for. ``after`` is the last cutoff that is done,
    so that an interrupted run goes on there; ``counts`` are rows by kind, and ``held`` how much
    a hold still keeps.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    subject = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=7, choices=ErasureState, default=ErasureState.PENDING)
    after = models.UUIDField(null=True)
    counts = models.JSONField(default=dict)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="erasure_done_at_a_time",
                condition=Q(state=ErasureState.DONE, done_at__isnull=False)
                | ~Q(state=ErasureState.DONE) & Q(done_at=None),
            )
        ]
        indexes = [
            # What is still to be done, for the sweep.
            models.Index(
                fields=["requested_at"],
                name="erasure_not_done",
                condition=~Q(state=ErasureState.DONE),
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
