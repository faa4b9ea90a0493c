"""From a valid event to the rows that it makes, named as the tables' columns."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from conversations import keys, sampling
from conversations.models import AuditSettings, Source
from conversations.parsing import WARNING_REPLACED, Parsed
from conversations.payloads import (
    ENDED,
    ConversationData,
    EndedData,
    FeedbackData,
    NearMissEventData,
)
from conversations.vocabulary import Category, ConversationState, Kind

_CATEGORIES = frozenset(Category.values)
# Plain strings: a member of an enumeration costs a property at each encoding.
_OTHER = Category.OTHER.value
_CUTOFF, _NEAR_MISS = Kind.CUTOFF.value, Kind.NEAR_MISS.value
_ENDED, _OPEN = ConversationState.ENDED.value, ConversationState.OPEN.value
_NOTICE_TOKEN_BYTES = 18


class EventRow(msgspec.Struct):
    """A row of :class:`conversations.models.Event`."""

    id: UUID
    source_id: int
    ce_source: str
    ce_id: str
    type: str
    time: datetime
    received_at: datetime
    digest: str
    conversation_external_id: str
    cutoff_id: UUID | None


class ConversationRow(msgspec.Struct):
    """A row of :class:`conversations.models.Conversation`."""

    id: UUID
    source_id: int
    external_id: str
    subject: str
    parent_external_id: str
    branched_from_message_id: str
    started_at: datetime | None
    state: str
    latest_cutoff_id: UUID | None
    ended_at: datetime | None


class CutoffRow(msgspec.Struct):
    """A row of :class:`conversations.models.Cutoff`, before anybody looked at it."""

    id: UUID
    kind: str
    source_id: int
    at: datetime
    received_at: datetime
    initiator: str
    category: str
    model: str
    prompt_version: str
    surface: str
    locale: str
    country: str
    age_band: str
    message_id: str
    policy_version: int | None
    evaluation_id: str
    user_confirmed: bool | None
    severity: float | None
    distress: float | None
    risk_self: float | None
    risk_others: float | None
    refusals: int | None
    redirects: int | None
    warnings: int | None
    turns_after_warning: int | None
    capture_rule: str
    attempted: bool | None
    sampling_probability: float | None
    audit_settings_id: int
    audit_probability: float
    in_audit: bool
    double_probability: float
    in_double: bool
    text_replaced: bool
    trial: bool
    notice_token: str | None
    conversation_id: UUID | None = None
    standing: str = ""
    remedy: str = ""


class TranscriptRow(msgspec.Struct):
    """A row of :class:`conversations.models.Transcript`."""

    cutoff_id: UUID
    format: str
    messages: str
    explanation: str
    rationale: str


class RemainderRow(msgspec.Struct):
    """A row of :class:`conversations.models.EventRemainder`."""

    event_id: UUID
    body: dict[str, Any]


class EnrichmentRow(msgspec.Struct):
    """A row of :class:`conversations.models.Enrichment`."""

    cutoff_id: UUID
    attempts: int = 0
    failure: str = ""


class RelayedFeedbackRow(msgspec.Struct):
    """A row of :class:`conversations.models.RelayedFeedback`."""

    event_id: UUID
    source_id: int
    conversation_external_id: str
    at: datetime
    surprised: bool
    reason: str
    comment: str
    appeal: bool


@dataclass(slots=True)
class Prepared:
    """All the rows of one event; None where it makes no such row."""

    parsed: Parsed
    event: EventRow
    conversation: ConversationRow | None = None
    cutoff: CutoffRow | None = None
    transcript: TranscriptRow | None = None
    remainder: RemainderRow | None = None
    feedback: RelayedFeedbackRow | None = None


def prepare(source: Source, parsed: Parsed, audit: AuditSettings, now: datetime) -> Prepared:
    """The rows of *parsed*, with keys minted from the event's own time."""
    at, data = parsed.time or now, parsed.data
    event = EventRow(
        id=keys.mint(at),
        source_id=source.pk,
        ce_source=parsed.ce_source,
        ce_id=parsed.ce_id,
        type=parsed.type,
        time=at,
        received_at=now,
        digest="\\x" + parsed.digest.hex(),
        conversation_external_id=data.conversation_id
        if isinstance(data, FeedbackData)
        else data.conversation.id,
        cutoff_id=None,
    )
    prepared = Prepared(parsed, event)
    if parsed.remainder:
        prepared.remainder = RemainderRow(event.id, parsed.remainder)
    if isinstance(data, FeedbackData):
        prepared.feedback = _feedback(data, event)
        return prepared
    if isinstance(data, EndedData | NearMissEventData):
        prepared.cutoff = _cutoff(source, parsed, data, audit, at, now)
        event.cutoff_id = prepared.cutoff.id
        prepared.transcript = _transcript(parsed, data, prepared.cutoff.id)
    prepared.conversation = _conversation(source, data.conversation, prepared.cutoff, at)
    return prepared


def _feedback(said: FeedbackData, event: EventRow) -> RelayedFeedbackRow:
    return RelayedFeedbackRow(
        event_id=event.id,
        source_id=event.source_id,
        conversation_external_id=said.conversation_id,
        at=event.time,
        surprised=said.surprised,
        reason=said.reason or "",
        comment=said.comment or "",
        appeal=said.appeal,
    )


def merge(earlier: ConversationRow | None, later: ConversationRow) -> ConversationRow:
    """One row for two events of the same conversation in one batch."""
    if earlier is None:
        return later
    newest = max(
        earlier,
        later,
        key=lambda row: (
            (row.ended_at is not None, row.ended_at, row.latest_cutoff_id)
            if row.ended_at
            else (False,)
        ),
    )
    return msgspec.structs.replace(
        earlier,
        subject=earlier.subject or later.subject,
        parent_external_id=earlier.parent_external_id or later.parent_external_id,
        branched_from_message_id=earlier.branched_from_message_id or later.branched_from_message_id,
        started_at=earlier.started_at or later.started_at,
        state=newest.state,
        latest_cutoff_id=newest.latest_cutoff_id,
        ended_at=newest.ended_at,
    )


def _conversation(
    source: Source, said: ConversationData, cutoff: CutoffRow | None, at: datetime
) -> ConversationRow:
    ended = cutoff if cutoff and cutoff.kind == _CUTOFF else None
    subject = (
        keys.pseudonym(
            source=source.slug, user_id=said.user_id, secret=settings.RECOURSE_SUBJECT_KEY
        )
        if said.user_id
        else ""
    )
    return ConversationRow(
        id=keys.mint(at),
        source_id=source.pk,
        external_id=said.id,
        subject=subject,
        parent_external_id=said.parent_id or "",
        branched_from_message_id=said.branched_from_message_id or "",
        started_at=said.started_at,
        state=_ENDED if ended else _OPEN,
        latest_cutoff_id=ended.id if ended else None,
        ended_at=ended.at if ended else None,
    )


def _category(data: EndedData | NearMissEventData) -> str:
    said = data.cutoff.category
    if said is None and isinstance(data, NearMissEventData):
        said = data.near_miss.category
    return said if said in _CATEGORIES else _OTHER


def _cutoff(
    source: Source,
    parsed: Parsed,
    data: EndedData | NearMissEventData,
    audit: AuditSettings,
    at: datetime,
    now: datetime,
) -> CutoffRow:
    cutoff_id = keys.mint(at)
    ended = data if isinstance(data, EndedData) else None
    near_miss = data.near_miss if isinstance(data, NearMissEventData) else None
    category = _category(data)
    draw = sampling.draw(
        cutoff_id,
        audit_share=audit.category_shares.get(category, audit.audit_share)
        if ended
        else audit.near_miss_share,
        double_share=audit.double_share,
        salt=settings.RECOURSE_AUDIT_SALT,
    )
    said, signals = data.conversation, data.signals
    return CutoffRow(
        id=cutoff_id,
        kind=_CUTOFF if parsed.type == ENDED else _NEAR_MISS,
        source_id=source.pk,
        at=at,
        received_at=now,
        initiator=ended.cutoff.initiator if ended else "",
        category=category,
        model=said.model or "",
        prompt_version=said.prompt_version or "",
        surface=said.surface or "",
        locale=said.locale or "",
        country=said.country or "",
        age_band=said.age_band or "",
        message_id=data.cutoff.message_id or "",
        policy_version=ended.cutoff.policy_version if ended else None,
        evaluation_id=(ended.cutoff.evaluation_id or "") if ended else "",
        user_confirmed=ended.cutoff.user_confirmed if ended else None,
        severity=signals.severity,
        distress=signals.distress,
        risk_self=signals.risk_self,
        risk_others=signals.risk_others,
        refusals=signals.refusals,
        redirects=signals.redirects,
        warnings=signals.warnings,
        turns_after_warning=signals.turns_after_warning,
        capture_rule=near_miss.capture_rule if near_miss else "",
        attempted=near_miss.attempted if near_miss else None,
        sampling_probability=near_miss.sampling_probability if near_miss else None,
        audit_settings_id=audit.pk,
        audit_probability=draw.audit_probability,
        in_audit=draw.in_audit and not parsed.trial,
        double_probability=draw.double_probability,
        in_double=draw.in_double and not parsed.trial,
        text_replaced=WARNING_REPLACED in parsed.warnings,
        trial=parsed.trial,
        notice_token=secrets.token_urlsafe(_NOTICE_TOKEN_BYTES) if ended else None,
    )


def _transcript(
    parsed: Parsed, data: EndedData | NearMissEventData, cutoff_id: UUID
) -> TranscriptRow | None:
    said = data.transcript
    if said is None:
        return None
    return TranscriptRow(
        cutoff_id=cutoff_id,
        format=said.format,
        messages=msgspec.json.encode(parsed.messages).decode(),
        explanation=data.cutoff.explanation or "",
        rationale=data.cutoff.rationale or "",
    )
