"""The wire contract as typed structs (docs/reference/api.md, "Intake").

What bytes become of them, and what a bad event gets told, is ``conversations/parsing.py``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

ENDED = "recourse.conversation.ended.v1"
NEAR_MISS = "recourse.conversation.near_miss.v1"
STARTED = "recourse.conversation.started.v1"
BRANCHED = "recourse.conversation.branched.v1"
FEEDBACK = "recourse.feedback.submitted.v1"


#: Characters of a user's comment.
LONGEST_COMMENT = 5_000


#: A character that is no control, as Unicode has them (category Cc), for a pattern.
PRINTED = r"[^\x00-\x1f\x7f-\x9f]"
#: The end for a pattern that JSON Schema knows too: ``$`` alone matches before a last newline in
#: Python, and ``\\Z`` is no end to others.
END = r"$(?!\n)"

Id = Annotated[str, Meta(min_length=1, max_length=256, pattern=rf"^{PRINTED}+{END}")]
Label = Annotated[str, Meta(max_length=128)]
ShortLabel = Annotated[str, Meta(max_length=64)]
Unit = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=10_000)]
Moment = Annotated[datetime, Meta(tz=True)]


class ConversationData(Struct):
    """``data.conversation``."""

    id: Id
    user_id: Id | None = None
    parent_id: Id | None = None
    branched_from_message_id: Id | None = None
    model: Label | None = None
    prompt_version: ShortLabel | None = None
    surface: ShortLabel | None = None
    locale: Annotated[str, Meta(max_length=35)] | None = None
    country: Annotated[str, Meta(max_length=2)] | None = None
    age_band: Literal["minor", "adult"] | None = None
    started_at: Moment | None = None


class CutoffData(Struct):
    """``data.cutoff``: who ended it, and why."""

    initiator: Literal["model", "user", "operator"]
    category: str | None = None
    message_id: Id | None = None
    explanation: str | None = None
    rationale: str | None = None
    policy_version: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    evaluation_id: Id | None = None
    user_confirmed: bool | None = None


class NearMissCutoff(Struct):
    """What a near miss may say of the ending that was close; nothing of it is required."""

    category: str | None = None
    message_id: Id | None = None
    explanation: str | None = None
    rationale: str | None = None


class NearMissData(Struct):
    """``data.near_miss``: under which stated rule it was captured."""

    capture_rule: Annotated[str, Meta(min_length=1, max_length=200)]
    attempted: bool = False
    sampling_probability: Annotated[float, Meta(gt=0, le=1)] | None = None
    category: str | None = None


class Signals(Struct):
    """The numbers that a decision was made on; absent means unknown."""

    severity: Unit | None = None
    distress: Unit | None = None
    risk_self: Unit | None = None
    risk_others: Unit | None = None
    refusals: Count | None = None
    redirects: Count | None = None
    warnings: Count | None = None
    turns_after_warning: Count | None = None


class TranscriptData(Struct):
    """``data.transcript``."""

    format: str
    messages: list[Any]


class EndedData(Struct):
    """``data`` of an ended conversation."""

    conversation: ConversationData
    cutoff: CutoffData
    transcript: TranscriptData
    signals: Signals = field(default_factory=Signals)


class NearMissEventData(Struct):
    """``data`` of a near miss."""

    conversation: ConversationData
    near_miss: NearMissData
    cutoff: NearMissCutoff = field(default_factory=NearMissCutoff)
    transcript: TranscriptData | None = None
    signals: Signals = field(default_factory=Signals)


class StartedData(Struct):
    """``data`` of a conversation that was started."""

    conversation: ConversationData


class BranchData(ConversationData, kw_only=True):
    """``data.conversation`` of a branch: it names what it branched from."""

    parent_id: Id
    branched_from_message_id: Id


class BranchedData(Struct):
    """``data`` of a branch."""

    conversation: BranchData


class FeedbackData(Struct):
    """``data`` of feedback that the chat service relays."""

    conversation_id: Id
    surprised: bool
    reason: ShortLabel | None = None
    comment: Annotated[str, Meta(max_length=LONGEST_COMMENT)] | None = None
    appeal: bool = False


class Envelope(Struct):
    """The attributes of a CloudEvent that Recourse knows.

    ``subject`` and ``datacontenttype`` only repeat what ``data`` and the request say.
    """

    specversion: Literal["1.0"]
    id: Id
    source: Id
    type: str
    data: dict[str, Any]
    time: Moment | None = None
    subject: str | None = None
    datacontenttype: str | None = None


EventData = EndedData | NearMissEventData | StartedData | BranchedData | FeedbackData


DATA_TYPES: dict[str, type[EventData]] = {
    ENDED: EndedData,
    NEAR_MISS: NearMissEventData,
    STARTED: StartedData,
    BRANCHED: BranchedData,
    FEEDBACK: FeedbackData,
}
