"""One table with the columns of what an event makes."""

from __future__ import annotations

import uuid

from django.db import models


class PlainEvent(models.Model):
    """An event, flat."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    ce_source = models.CharField(max_length=256)
    ce_id = models.CharField(max_length=256)
    type = models.CharField(max_length=64)
    time = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    conversation_id = models.CharField(max_length=256)
    user_id = models.CharField(max_length=256)
    model = models.CharField(max_length=128)
    prompt_version = models.CharField(max_length=64)
    surface = models.CharField(max_length=64)
    locale = models.CharField(max_length=35)
    country = models.CharField(max_length=2)
    started_at = models.DateTimeField(null=True)
    initiator = models.CharField(max_length=8)
    category = models.CharField(max_length=32)
    message_id = models.CharField(max_length=256)
    explanation = models.TextField()
    rationale = models.TextField()
    policy_version = models.IntegerField(null=True)
    severity = models.FloatField(null=True)
    distress = models.FloatField(null=True)
    risk_self = models.FloatField(null=True)
    risk_others = models.FloatField(null=True)
    refusals = models.SmallIntegerField(null=True)
    redirects = models.SmallIntegerField(null=True)
    warnings = models.SmallIntegerField(null=True)
    turns_after_warning = models.SmallIntegerField(null=True)
    transcript = models.JSONField()

    class Meta:
        app_label = "plain"
        constraints = [
            models.UniqueConstraint(fields=["ce_source", "ce_id"], name="plain_event_once")
        ]

    def __str__(self) -> str:
        return self.ce_id
