"""What users say of cutoffs."""

from __future__ import annotations

import uuid

from django.db import models

from reviews.vocabulary import Channel, ReasonCode


class Feedback(models.Model):
    """What the user said of the cutoff."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="feedback")
    surprised = models.BooleanField()
    reason = models.CharField(max_length=32, choices=ReasonCode, blank=True, default="")
    appeal = models.BooleanField(default=False)
    channel = models.CharField(max_length=6, choices=Channel)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        # The feedback inbox, newest first.
        indexes = [models.Index(fields=["-at", "-id"], name="feedback_newest")]

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
