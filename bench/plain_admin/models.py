"""The product's rows as somebody would model them who wants an admin and no more."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class PlainCase(models.Model):
    """A case, with the columns that its list shows."""

    cutoff_id = models.UUIDField(primary_key=True)
    number = models.BigIntegerField()
    kind = models.CharField(max_length=9)
    category = models.CharField(max_length=32)
    model = models.CharField(max_length=128)
    locale = models.CharField(max_length=35)
    at = models.DateTimeField()
    state = models.CharField(max_length=13)
    queue = models.CharField(max_length=12)
    priority = models.IntegerField()
    due_at = models.DateTimeField()

    class Meta:
        app_label = "plain_admin"
        managed = False
        db_table = "reviews_case"
        ordering = ["-priority", "due_at"]

    def __str__(self) -> str:
        return f"CO-{self.number}"


class PlainTranscript(models.Model):
    """The words of a case, so that the admin can search them."""

    cutoff = models.OneToOneField(
        PlainCase, primary_key=True, on_delete=models.DO_NOTHING, related_name="transcript"
    )
    messages = models.TextField()

    class Meta:
        app_label = "plain_admin"
        managed = False
        db_table = "conversations_transcript"

    def __str__(self) -> str:
        return str(self.pk)


class PlainWork(models.Model):
    """What a plain pair of views claims and decides: one row, under the product's own index."""

    cutoff_id = models.UUIDField(primary_key=True)
    number = models.BigIntegerField(unique=True)
    selected = models.BooleanField()
    state = models.CharField(max_length=13)
    priority = models.IntegerField()
    due_at = models.DateTimeField()
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    claimed_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=17, default="")
    rationale = models.TextField(default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "plain_admin"
        indexes = [
            models.Index(
                F("priority").desc(),
                F("due_at"),
                F("cutoff_id"),
                name="plain_waiting",
                condition=Q(selected=True, state="open"),
            )
        ]

    def __str__(self) -> str:
        return f"CO-{self.number}"
