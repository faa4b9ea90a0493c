"""One table with the columns of what an event makes: its own, and those of the conversation, the
cutoff and the transcript, each once. Not those of the case, which a plain view would not open.
"""

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
    # What intake works out is a default here: the plain view checks, draws and hashes nothing.
    source_id = models.BigIntegerField(default=1)
    digest = models.BinaryField(default=bytes(32))
    subject = models.CharField(max_length=64, default="0" * 32)
    parent_id = models.CharField(max_length=256, default="")
    branched_from_message_id = models.CharField(max_length=256, default="")
    state = models.CharField(max_length=8, default="ended")
    ended_at = models.DateTimeField(null=True)
    kind = models.CharField(max_length=9, default="cutoff")
    age_band = models.CharField(max_length=5, default="")
    evaluation_id = models.CharField(max_length=256, default="")
    user_confirmed = models.BooleanField(null=True)
    signals_expired_at = models.DateTimeField(null=True)
    capture_rule = models.CharField(max_length=200, default="")
    attempted = models.BooleanField(null=True)
    sampling_probability = models.FloatField(null=True)
    audit_settings_id = models.IntegerField(default=1)
    audit_probability = models.FloatField(default=0.05)
    in_audit = models.BooleanField(default=False)
    double_probability = models.FloatField(default=0.1)
    in_double = models.BooleanField(default=False)
    text_replaced = models.BooleanField(default=False)
    notice_token = models.UUIDField(default=uuid.uuid4, unique=True)
    standing = models.CharField(max_length=10, default="")
    remedy = models.CharField(max_length=11, default="")
    settled_at = models.DateTimeField(null=True)
    surprised_at = models.DateTimeField(null=True)
    format = models.CharField(max_length=16, default="openai.chat")

    class Meta:
        app_label = "plain"
        constraints = [
            models.UniqueConstraint(fields=["ce_source", "ce_id"], name="plain_event_once")
        ]

    def __str__(self) -> str:
        return self.ce_id
