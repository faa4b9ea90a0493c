"""From bytes to events, and what a bad event gets told.

Bytes go in, one :class:`Parsed` or :class:`Rejected` comes out for each event, in order. An
error names the place by a JSON Pointer into what was sent and never quotes what stood there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from conversations import transcripts
from conversations.batches import MalformedBody
from conversations.payloads import (
    DATA_TYPES,
    ConversationData,
    CutoffData,
    Envelope,
    EventData,
    NearMissData,
    Signals,
    TranscriptData,
)
from conversations.transcripts import Message, TranscriptError
from conversations.vocabulary import Category

T = TypeVar("T")

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(minutes=5)

REPLACEMENT = "\ufffd"
TOO_DEEP = "It is nested too deeply."
WARNING_REPLACED = "text_replaced"


@dataclass(frozen=True, slots=True)
class Limits:
    """What intake takes at most; sizes in bytes, after decompression."""

    event: int
    transcript: int
    messages: int


@dataclass(slots=True)
class Parsed:
    """A valid event, ready to be stored.

    ``trial``: the sources page's button made it. Nothing that is sent says so.
    """

    ce_source: str
    ce_id: str
    type: str
    time: datetime | None
    digest: bytes
    data: EventData
    messages: list[Message]
    remainder: dict[str, Any]
    raw: bytes
    warnings: list[str] = field(default_factory=list)
    trial: bool = False


@dataclass(slots=True)
class Rejected:
    """An event that cannot be accepted."""

    ce_id: str
    errors: list[dict[str, str]]


class Invalid(Exception):
    """One reason to refuse what was sent; the pointer is relative to it."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.error = {"pointer": pointer, "code": code, "detail": detail}


def check_object(body: bytes) -> None:
    """Raise :class:`MalformedBody` where *body* is not one JSON object."""
    try:
        content = _decode(body)[0]
    except Invalid as invalid:
        raise MalformedBody(invalid.error["detail"]) from None
    if not isinstance(content, dict):
        raise MalformedBody("The body is not a JSON object.")


def parse_question(body: bytes, kind: type[T], *, limits: Limits) -> tuple[T, list[Message] | None]:
    """A body that asks something, as *kind*, and its ``transcript``; None where it has none.

    Raises :class:`Invalid`, with a pointer into the body.
    """
    try:
        content, _ = _decode(body)
        if _NUL in body:
            convert(content, kind)
            content, _ = _without(_NULS, content)
        question = convert(content, kind)
        transcript: TranscriptData | None = getattr(question, "transcript", None)
        return question, _messages(transcript, limits, "")[0] if transcript else None
    except RecursionError:
        raise Invalid("", "too_deep", TOO_DEEP) from None


def _refuse_constant(constant: str) -> NoReturn:
    """NaN and Infinity are no JSON, though the standard library takes them."""
    raise ValueError(constant)


def parse_events(
    items: Iterable[bytes], *, limits: Limits, now: datetime, in_batch: bool
) -> list[Parsed | Rejected]:
    """Each of the raw events as a valid or a rejected one, in order."""
    return [
        _parse(raw, limits=limits, now=now, prefix=f"/{index}" if in_batch else "")
        for index, raw in enumerate(items)
    ]


def _parse(raw: bytes, *, limits: Limits, now: datetime, prefix: str) -> Parsed | Rejected:
    ce_id = ""
    try:
        if len(raw) > limits.event:
            raise Invalid("", "too_large", f"An event has at most {limits.event} bytes.")
        content, replaced = _decode(raw)
        ce_id = _own_id(content)
        if _NUL in raw:
            # An id that has one is refused for it; everything else loses it.
            _read(content, now)
            content, more = _without(_NULS, content)
            replaced = replaced or more
        parsed = _event(content, raw, limits=limits, now=now)
    except Invalid as invalid:
        error = invalid.error
        return Rejected(ce_id, [{**error, "pointer": prefix + error["pointer"]}])
    except RecursionError:
        # Decoding takes one level of the stack for each of nesting; what follows takes more.
        return Rejected(ce_id, [{"pointer": prefix, "code": "too_deep", "detail": TOO_DEEP}])
    if replaced:
        parsed.warnings.append(WARNING_REPLACED)
    return parsed


def _own_id(content: object) -> str:
    value = content.get("id") if isinstance(content, dict) else None
    return value if isinstance(value, str) and len(value) <= 256 else ""


def _decode(raw: bytes) -> tuple[Any, bool]:
    """The event as plain objects, and whether lone surrogates had to be replaced.

    msgspec refuses them, and the contract lets them in: the standard library reads such an
    event, at a tenth of the speed.
    """
    try:
        return msgspec.json.decode(raw), False
    except RecursionError:
        raise Invalid("", "too_deep", TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _without(_SURROGATES, _decode_slowly(raw))


def _decode_slowly(raw: bytes) -> Any:
    try:
        # As text: of bytes it would guess the encoding, and read UTF-16 too.
        text = raw.decode("utf-8-sig", "surrogatepass")
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise Invalid("", "too_deep", TOO_DEEP) from None
    except ValueError:
        raise Invalid("", "invalid_json", "It is not JSON in UTF-8.") from None


_SURROGATES = re.compile("[\ud800-\udfff]")
_NULS = re.compile("\x00")
#: What bytes hold where a text may have a NUL. JSON has no other way to write one.
_NUL = b"\\u0000"


def _without(characters: re.Pattern[str], content: Any) -> tuple[Any, bool]:
    """*content* with U+FFFD for each of *characters*, which PostgreSQL cannot keep."""
    replaced = False

    def clean(value: Any) -> Any:
        nonlocal replaced
        if isinstance(value, str):
            cleaned, count = characters.subn(REPLACEMENT, value)
            replaced = replaced or count > 0
            return cleaned
        if isinstance(value, dict):
            return {clean(key): clean(item) for key, item in value.items()}
        if isinstance(value, list):
            return [clean(item) for item in value]
        return value

    return clean(content), replaced


def _read(content: object, now: datetime) -> tuple[Envelope, EventData]:
    envelope = convert(content, Envelope, "")
    data_type = DATA_TYPES.get(envelope.type)
    if data_type is None:
        raise Invalid("/type", "unknown_type", f"Known types are {', '.join(DATA_TYPES)}.")
    if envelope.time is not None and not EARLIEST <= envelope.time <= now + CLOCK_TOLERANCE:
        raise Invalid(
            "/time",
            "time_out_of_range",
            "A time lies between 2015-01-01 and five minutes from now.",
        )
    return envelope, convert(envelope.data, data_type, "/data")


def _event(content: object, raw: bytes, *, limits: Limits, now: datetime) -> Parsed:
    envelope, data = _read(content, now)
    conversation = getattr(data, "conversation", None)
    if conversation is not None:
        conversation.started_at = _in_utc(conversation.started_at, "/data/conversation/started_at")
    messages, extra = _messages(getattr(data, "transcript", None), limits, "/data")
    return Parsed(
        ce_source=envelope.source,
        ce_id=envelope.id,
        type=envelope.type,
        time=_in_utc(envelope.time, "/time"),
        digest=hashlib.sha256(msgspec.json.encode(envelope.data, order="deterministic")).digest(),
        data=data,
        messages=messages,
        remainder=_remainder(content, envelope.data, extra, type(data)),
        raw=raw,
    )


def _in_utc(moment: datetime | None, pointer: str) -> datetime | None:
    """The same moment in UTC: PostgreSQL takes no offset of sixteen hours, RFC 3339 does."""
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        raise Invalid(pointer, "time_out_of_range", "A time lies in the years 1 to 9999.") from None


_ERROR = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


def convert(content: object, kind: type[T], base: str = "") -> T:
    """Plain objects as *kind*. Raises :class:`Invalid`, its pointer beginning with *base*."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise Invalid(*_explain(str(error), base)) from None


def _explain(message: str, base: str) -> tuple[str, str, str]:
    """msgspec's message as pointer, code and a detail that quotes nothing of what was sent."""
    match = _ERROR.match(message)
    reason = match["reason"] if match else message
    path = (match["path"] if match else "") or ""
    pointer = base + "".join(f"/{key or index}" for key, index in _STEP.findall(path))
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", reason):
        return f"{pointer}/{missing[1]}", "missing", "This field is required."
    if reason.startswith("Invalid enum value"):
        return pointer, "unknown_value", "This is none of the values that are known here."
    if reason.startswith(("Invalid RFC3339", "Expected `datetime` with")):
        return pointer, "invalid_time", "A time is RFC 3339 with a zone: 2026-11-20T10:00:00Z."
    if (
        "of length" in reason
        or "matching regex" in reason
        or ("Expected `" in reason and re.search(r"[<>]=?", reason))
    ):
        return pointer, "out_of_range", reason + "."
    return pointer, "invalid_type", reason + "."


def _messages(
    transcript: TranscriptData | None, limits: Limits, base: str
) -> tuple[list[Message], dict[str, Any]]:
    if transcript is None:
        return [], {}
    where = f"{base}/transcript/messages"
    if not transcript.messages:
        raise Invalid(where, "missing", "A transcript has at least one message.")
    if len(transcript.messages) > limits.messages:
        raise Invalid(where, "too_large", f"A transcript has at most {limits.messages} messages.")
    try:
        messages = transcripts.read(transcript.format, transcript.messages)
    except TranscriptError as error:
        pointer = f"{base}/transcript" + "".join(f"/{step}" for step in error.path)
        raise Invalid(pointer, error.code, error.detail) from None
    if transcripts.size(messages) > limits.transcript:
        raise Invalid(
            where, "too_large", f"A transcript has at most {limits.transcript} bytes of text."
        )
    return messages, transcripts.unknown_fields(transcript.messages)


def _beyond(content: dict[str, Any], kind: type[Struct]) -> dict[str, Any]:
    known = _fields(kind)
    return {} if content.keys() <= known else {key: content[key] for key in content.keys() - known}


@cache
def _fields(kind: type[Struct]) -> frozenset[str]:
    return frozenset(kind.__struct_fields__)


_CATEGORIES = frozenset(Category.values)

_NESTED: dict[str, type[Struct]] = {
    "conversation": ConversationData,
    "cutoff": CutoffData,
    "near_miss": NearMissData,
    "signals": Signals,
    "transcript": TranscriptData,
}


def _remainder(
    content: Any, data: dict[str, Any], extra: dict[str, Any], data_type: type[Struct]
) -> dict[str, Any]:
    """What the event says beyond what is read; empty for most."""
    read = _fields(data_type)
    rest: dict[str, Any] = {}
    if envelope := _beyond(content, Envelope):
        rest["envelope"] = envelope
    for key, value in data.items():
        known = _NESTED.get(key)
        if key not in read:
            rest[key] = value
        elif known is None:
            continue
        elif isinstance(value, dict) and (beyond := _beyond(value, known)):
            rest[key] = beyond
    if extra:
        rest["messages"] = extra
    category = _category(data)
    if category and category not in _CATEGORIES:
        rest["category"] = category
    return rest


def _category(data: dict[str, Any]) -> str:
    for key in ("cutoff", "near_miss"):
        value = data.get(key)
        if isinstance(value, dict) and isinstance(value.get("category"), str):
            return str(value["category"])
    return ""
