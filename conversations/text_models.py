"""Where words stand. Two tables are partitioned by month (``conversations/partitions.py``)."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class EventRemainder(models.Model):
    """What an event said beyond what Recourse understands. Partitioned by month.

    No transcript and no clear ``user_id`` stands here; erasure empties it all the same, since
    nobody knows what a field of unknown name holds. Events without a remainder have no row.
    """

    event_id = models.UUIDField(primary_key=True)
    body = models.JSONField()

    def __str__(self) -> str:
        return str(self.event_id)


class Transcript(models.Model):
    """The words that belong to one cutoff: read whole, written once. Partitioned by month.

    ``messages`` is the JSON of a list of :class:`conversations.transcripts.Message`, kept as
    text: PostgreSQL need not parse what only Python reads. Erasure empties a row and sets
    ``erased_at``: a tombstone, until its term is over.
    """

    cutoff_id = models.UUIDField(primary_key=True)
    format = models.CharField(max_length=32)
    messages = models.TextField()
    explanation = models.TextField(default="")
    rationale = models.TextField(default="")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="transcript_erased_is_empty",
                condition=Q(erased_at=None) | Q(messages="[]", explanation="", rationale=""),
            )
        ]

    def __str__(self) -> str:
        return str(self.cutoff_id)


class HeldTranscript(models.Model):
    """A transcript on hold whose month was dropped; otherwise as :class:`Transcript`."""

    cutoff_id = models.UUIDField(primary_key=True)
    format = models.CharField(max_length=32)
    messages = models.TextField()
    explanation = models.TextField(default="")
    rationale = models.TextField(default="")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="held_transcript_erased_is_empty",
                condition=Q(erased_at=None) | Q(messages="[]", explanation="", rationale=""),
            )
        ]

    def __str__(self) -> str:
        return str(self.cutoff_id)


class TranscriptSearch(models.Model):
    """The words of a transcript, to find it by; one row or, where it has many, several.

    Filled after intake (``conversations/services/search.py``). As a column of the transcript it
    would make each write six times as expensive.
    """

    id = models.BigAutoField(primary_key=True)
    cutoff_id = models.UUIDField()
    chunk = models.SmallIntegerField()
    words = SearchVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cutoff_id", "chunk"], name="search_chunk_once")
        ]
        indexes = [
            # The search of the queue page and of the API.
            GinIndex(fields=["words"], name="search_words"),
            # Several words of a search, of transcripts whose words stand in several rows.
            models.Index(fields=["cutoff_id"], name="search_spread", condition=Q(chunk=1)),
        ]

    def __str__(self) -> str:
        return f"words of {self.cutoff_id}, {self.chunk}"


class TranscriptEvidence(models.Model):
    """What a transcript itself shows, read by Celery after intake. Turn numbers, no words."""

    cutoff = models.OneToOneField(
        "conversations.Cutoff", primary_key=True, on_delete=models.CASCADE, related_name="evidence"
    )
    version = models.PositiveSmallIntegerField()
    found = models.JSONField(help_text="A conversations.evidence.Evidence.")
    assessed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"evidence of {self.cutoff_id}"
