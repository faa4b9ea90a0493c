"""What was received: sources, events, conversations, cutoffs and their transcripts.

Keys are UUIDv7 minted from the event's own time, so that order by key is order in time.
Transcripts and event remainders are partitioned by key, month by month
(``conversations/partitions.py``), and no foreign key points into them: it would make DROP and
DETACH of a partition fail.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from conversations.audit_models import AuditSettings as AuditSettings
from conversations.retention_models import ErasureRequest as ErasureRequest
from conversations.retention_models import ErasureState as ErasureState
from conversations.retention_models import LegalHold as LegalHold
from conversations.source_models import Source as Source
from conversations.source_models import SourceKey as SourceKey
from conversations.source_models import SourceSecret as SourceSecret
from conversations.text_models import EventRemainder as EventRemainder
from conversations.text_models import HeldTranscript as HeldTranscript
from conversations.text_models import Transcript as Transcript
from conversations.text_models import TranscriptEvidence as TranscriptEvidence
from conversations.text_models import TranscriptSearch as TranscriptSearch
from conversations.vocabulary import (
    Category,
    ConversationState,
    FirstReview,
    Initiator,
    Kind,
    Remedy,
    Standing,
)

ID_LENGTH = 256


def text(length: int) -> models.CharField[str, str]:
    """A short text that is empty where nothing was said."""
    return models.CharField(max_length=length, default="", blank=True)


def _within(low: int, high: int, *fields: str) -> Q:
    """Each of *fields* is unknown or from *low* to *high*."""
    condition = Q()
    for field in fields:
        condition &= Q(**{field: None}) | Q(**{f"{field}__range": (low, high)})
    return condition


class Conversation(models.Model):
    """One thread of a chat, as its source knows it."""

    id = models.UUIDField(primary_key=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=ID_LENGTH)
    subject = text(64)
    parent_external_id = text(ID_LENGTH)
    branched_from_message_id = text(ID_LENGTH)
    started_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(
        max_length=8, choices=ConversationState, default=ConversationState.OPEN
    )
    # The latest cutoff by time, then id: the one that an overturn may reopen. No constraint:
    # the two tables would each need the other's row first.
    latest_cutoff = models.ForeignKey(
        "Cutoff",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Also the one indexed read of the status call.
            models.UniqueConstraint(
                fields=["source", "external_id"], name="conversation_unique_in_source"
            ),
            models.CheckConstraint(
                name="conversation_ended_has_cutoff",
                condition=Q(state=ConversationState.OPEN, latest_cutoff=None, ended_at=None)
                | Q(
                    ~Q(state=ConversationState.OPEN),
                    latest_cutoff__isnull=False,
                    ended_at__isnull=False,
                ),
            ),
        ]
        indexes = [
            # The branches of a conversation, whichever of them came first.
            models.Index(
                fields=["source", "parent_external_id", "id"],
                name="conversation_branches",
                condition=~Q(parent_external_id=""),
            ),
            # The subject's other threads, beside a case.
            models.Index(
                fields=["source", "subject", "id"],
                name="conversation_subject",
                condition=~Q(subject=""),
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def locked(self) -> bool:
        """Whether the thread takes no further message."""
        return self.state == ConversationState.ENDED


class Event(models.Model):
    """One CloudEvent, accepted once: its envelope, and a digest of its ``data``.

    The digest tells a repetition from another event under the same id.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    ce_source = models.CharField(max_length=ID_LENGTH)
    ce_id = models.CharField(max_length=ID_LENGTH)
    type = models.CharField(max_length=64)
    time = models.DateTimeField()
    received_at = models.DateTimeField()
    digest = models.BinaryField(max_length=32)
    conversation_external_id = models.CharField(max_length=ID_LENGTH)
    # A plain key: an event outlives what it told of.
    cutoff_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "ce_source", "ce_id"], name="event_unique_in_source"
            )
        ]
        indexes = [
            # A conversation's events without a cutoff, for erasure. Those with one lie beside it.
            models.Index(
                fields=["source", "conversation_external_id"],
                name="event_without_cutoff",
                condition=Q(cutoff_id=None),
            ),
            # The sources page: the latest receipts of a source, and how many in an hour.
            models.Index(fields=["source", "-received_at", "-id"], name="event_received"),
        ]

    def __str__(self) -> str:
        return self.ce_id


class Cutoff(models.Model):
    """A conversation was ended; or, as a near miss, it went on although ending was close.

    A near miss is the same moment with another end: the same signals, but no notice, no
    standing and no remedy. Numbers only; words stand in :class:`Transcript`, so that a
    backtest scans a narrow table.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=9, choices=Kind)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="cutoffs")
    at = models.DateTimeField(help_text="When it happened, by the source's clock.")
    received_at = models.DateTimeField()

    initiator = models.CharField(max_length=8, choices=Initiator, blank=True, default="")
    category = models.CharField(max_length=32, choices=Category)
    model = text(128)
    prompt_version = text(64)
    surface = text(64)
    locale = text(35)
    country = text(2)
    age_band = text(5)
    message_id = text(ID_LENGTH)
    policy_version = models.IntegerField(null=True, help_text="As the source reported it.")
    evaluation_id = text(ID_LENGTH)
    user_confirmed = models.BooleanField(null=True)

    severity = models.FloatField(null=True)
    distress = models.FloatField(null=True)
    risk_self = models.FloatField(null=True)
    risk_others = models.FloatField(null=True)
    refusals = models.SmallIntegerField(null=True)
    redirects = models.SmallIntegerField(null=True)
    warnings = models.SmallIntegerField(null=True)
    turns_after_warning = models.SmallIntegerField(null=True)
    # From then on the signals, locale, country and age band are unknown: their term is over.
    signals_expired_at = models.DateTimeField(null=True)

    capture_rule = text(200)
    attempted = models.BooleanField(null=True)
    sampling_probability = models.FloatField(null=True)

    # docs/explanation/estimation.md, "The draw": made at intake, never changed.
    audit_settings = models.ForeignKey(AuditSettings, on_delete=models.PROTECT, db_index=False)
    audit_probability = models.FloatField()
    in_audit = models.BooleanField()
    double_probability = models.FloatField()
    in_double = models.BooleanField()

    text_replaced = models.BooleanField(
        default=False, help_text="Characters that cannot be stored were replaced by U+FFFD."
    )
    # NULL for a near miss: many of them, and the column is unique.
    notice_token = models.CharField(max_length=32, null=True, unique=True)  # noqa: DJ001 - unique
    standing = models.CharField(max_length=10, choices=Standing, blank=True, default="")
    remedy = models.CharField(max_length=11, choices=Remedy, blank=True, default="")
    settled_at = models.DateTimeField(null=True)
    surprised_at = models.DateTimeField(null=True)
    # What a backtest must know of verdicts and feedback. No defaults: intake names neither.
    first_review = models.SmallIntegerField(choices=FirstReview, null=True)
    first_reviewed_at = models.DateTimeField(
        null=True, help_text="When the first review was settled; unknown of the earliest rows."
    )
    unsurprised_at = models.DateTimeField(
        null=True, help_text="When the user first said that it did not surprise them."
    )
    trial = models.BooleanField(default=False, db_default=False, help_text="Nobody ended anything.")
    crisis_cue = models.BooleanField(default=False, db_default=False, help_text="Words show it.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="cutoff_settled_with_standing",
                condition=Q(settled_at=None, standing="", remedy="")
                | Q(settled_at__isnull=False) & ~Q(standing="") & ~Q(remedy=""),
            ),
            models.CheckConstraint(
                name="near_miss_without_notice",
                condition=Q(kind=Kind.CUTOFF, notice_token__isnull=False) & ~Q(initiator="")
                | Q(kind=Kind.NEAR_MISS, notice_token=None, settled_at=None, surprised_at=None),
            ),
            models.CheckConstraint(
                name="cutoff_audit_probability_above_zero",
                condition=Q(kind=Kind.NEAR_MISS, audit_probability__gte=0)
                | Q(audit_probability__gt=0),
            ),
            models.CheckConstraint(
                name="cutoff_signals_in_range",
                condition=_within(0, 1, "severity", "distress", "risk_self", "risk_others")
                & _within(0, 10_000, "refusals", "redirects", "warnings", "turns_after_warning"),
            ),
            models.CheckConstraint(
                name="cutoff_first_review_of_its_kind",
                condition=Q(Q(first_review=None) | Q(first_review__range=(1, 3)), kind=Kind.CUTOFF)
                | Q(
                    Q(first_review=None) | Q(first_review__range=(4, 5)),
                    kind=Kind.NEAR_MISS,
                    unsurprised_at=None,
                ),
            ),
            models.CheckConstraint(
                name="cutoff_first_reviewed_with_review",
                condition=Q(first_reviewed_at=None) | Q(first_review__isnull=False),
            ),
            models.CheckConstraint(
                name="cutoff_trial_never_drawn",
                condition=Q(trial=False) | Q(in_audit=False, in_double=False),
            ),
        ]
        # The queue, which leaves them out: a handful.
        indexes = [models.Index(fields=["id"], name="cutoff_trial", condition=Q(trial=True))]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Enrichment(models.Model):
    """The outbox: a cutoff that still waits to be enriched. Written with it, deleted when done.

    A message to Celery only hurries it: the sweep finds what a broker or a worker lost.
    """

    cutoff = models.OneToOneField(Cutoff, primary_key=True, on_delete=models.CASCADE)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=200, default="", blank=True)
    parked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The sweep: what is due, oldest first.
            models.Index(fields=["due_at"], name="enrichment_due", condition=Q(parked_at=None)),
            # The overview: how many are parked, which are few among all that wait.
            models.Index(
                fields=["parked_at"], name="enrichment_parked", condition=Q(parked_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"enrichment of {self.cutoff_id}"


class RelayedFeedback(models.Model):
    """Feedback that came as an event, until the cutoff that it belongs to is known.

    It may come before its cutoff, and then waits for one. Once it is linked, the comment stands
    with the feedback of the case and no longer here.
    """

    event_id = models.UUIDField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    conversation_external_id = models.CharField(max_length=ID_LENGTH)
    at = models.DateTimeField()
    surprised = models.BooleanField()
    reason = text(64)
    comment = models.TextField(default="", blank=True)
    appeal = models.BooleanField()
    linked_at = models.DateTimeField(null=True)

    class Meta:
        # What waits, for the sweep that links it.
        indexes = [
            models.Index(
                fields=["source", "conversation_external_id"],
                name="relayed_feedback_waiting",
                condition=Q(linked_at=None),
            )
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class Refusal(models.Model):
    """An event that was not accepted, and why. Apart from events: a corrected one may follow.

    ``errors`` are pointers, codes and details; nothing of what was sent but the id.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE)
    ce_id = text(ID_LENGTH)
    errors = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        # The sources page: the latest refusals of a source, and how many in a day.
        indexes = [models.Index(fields=["source", "-at", "-id"], name="refusal_received")]

    def __str__(self) -> str:
        return f"refusal of {self.ce_id}"


class ParkedEvent(models.Model):
    """A valid event that intake failed to store, whole: to be replayed once that is mended."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    ce_source = models.CharField(max_length=ID_LENGTH)
    ce_id = models.CharField(max_length=ID_LENGTH)
    raw = models.BinaryField()
    failure = models.CharField(max_length=200)
    trial = models.BooleanField(default=False, db_default=False)
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "ce_source", "ce_id"], name="parked_event_once"
            )
        ]

    def __str__(self) -> str:
        return self.ce_id
