"""What users say of cutoffs."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from accounts.keeping import both_or_neither, staff
from reviews.cues import Heard
from reviews.vocabulary import Channel, ReasonCode


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Filters over feedback."""

    def open_appeals(self) -> FeedbackQuerySet:
        """Those that ask for another look which nobody has finished."""
        return self.filter(appeal=True, closed_at=None)

    def not_assessed(self) -> FeedbackQuerySet:
        """Those with words in which no program could look for signs of a crisis."""
        return self.filter(heard=Heard.NOT_ASSESSED)


class Feedback(models.Model):
    """What the user said of the cutoff.

    ``closed_at`` is when the case next settled: until then an appeal is open. ``read_at`` is
    when somebody of the staff first asked for its words. ``heard`` is what a program found in
    them on arrival, as ``cues.Heard``; empty of what came before that was kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="feedback")
    surprised = models.BooleanField()
    reason = models.CharField(max_length=32, choices=ReasonCode, blank=True, default="")
    appeal = models.BooleanField(default=False)
    channel = models.CharField(max_length=6, choices=Channel)
    at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    read_by = staff(null=True)
    heard = models.CharField(
        max_length=12,
        choices=[(one.value, one.value) for one in Heard],
        blank=True,
        default="",
        db_default="",
    )
    answer = models.ForeignKey(
        "reviews.Reply",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="answers",
        db_index=False,
        help_text="The first reply that was published after it.",
    )

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(appeal=True, closed_at=None),
                name="feedback_one_open_appeal",
            ),
            models.CheckConstraint(
                name="feedback_changed_after_it_came",
                condition=Q(changed_at=None) | Q(changed_at__gte=F("at")),
            ),
            models.CheckConstraint(
                name="feedback_read_by_somebody", condition=both_or_neither("read_at", "read_by")
            ),
        ]
        indexes = [
            # The feedback inbox, newest first.
            models.Index(fields=["-at", "-id"], name="feedback_newest"),
            # The same, of what nobody has read.
            models.Index(fields=["-at", "-id"], name="feedback_unread", condition=Q(read_at=None)),
            # The same, of what no program could read either; how many, for the overview.
            models.Index(
                fields=["-at", "-id"],
                name="feedback_not_assessed",
                condition=Q(read_at=None, heard=Heard.NOT_ASSESSED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"feedback on {self.case_id}"


class FeedbackText(models.Model):
    """The user's own words, apart from the feedback: erasure can empty them."""

    feedback = models.OneToOneField(
        Feedback, primary_key=True, on_delete=models.CASCADE, related_name="words"
    )
    comment = models.TextField()

    def __str__(self) -> str:
        return str(self.feedback_id)


class NoticeOpening(models.Model):
    """When somebody first opened the notice of a cutoff; without a row nobody has.

    It stands beside the surprise rate: how many could have said anything at all.
    """

    cutoff = models.OneToOneField(
        "conversations.Cutoff",
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="notice_opening",
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"notice of {self.cutoff_id}"
