"""A recorded conversation → the event that tells Recourse of it.

One line of a history file goes in, one CloudEvent comes out (docs/reference/api.md, "Intake").
What comes out depends on the line alone: sent again, on whatever day, it is the same event, and
Recourse answers that it is a duplicate. That is all there is to resuming an interrupted load.

What a line does not say stays unsaid: signals that are absent are unknown, a category that is
absent is for Recourse to call ``other``. Only the initiator is assumed to be the model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

EVENT_TYPE: Final = "recourse.conversation.ended.v1"
DEFAULT_FORMAT: Final = "openai.chat"

# An event may have 4 MiB; written with \uXXXX escapes its line can be up to three times as long.
MAX_LINE_BYTES: Final = 16 * 1024 * 1024

# A line without any time gets one in this span, by its id. It ends in the past and never moves,
# so that the same line is the same event for ever.
UNDATED_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)
UNDATED_UNTIL: Final = datetime(2026, 11, 1, tzinfo=UTC)

CONVERSATION_FIELDS: Final = (
    "user_id",
    "parent_id",
    "branched_from_message_id",
    "model",
    "prompt_version",
    "surface",
    "locale",
    "country",
    "age_band",
    "started_at",
)
CUTOFF_FIELDS: Final = (
    "initiator",
    "category",
    "message_id",
    "explanation",
    "rationale",
    "policy_version",
    "evaluation_id",
    "user_confirmed",
)
MESSAGE_FIELDS: Final = ("id", "created_at", "annotations")

Json = dict[str, Any]


class BadLineError(ValueError):
    """A line that no event can be made of. Its text says why and quotes nothing of the line."""


def parse_line(line: bytes) -> Json:
    """Read one line of a history file.

    Raises :class:`BadLineError` when it is too long, is not JSON or is not an object.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadLineError(f"is longer than {MAX_LINE_BYTES // 1024 // 1024} MiB")
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadLineError(f"is not JSON (column {error.colno})") from None
    except UnicodeDecodeError:
        raise BadLineError("is not UTF-8") from None
    except (RecursionError, ValueError):
        raise BadLineError("is nested too deeply, or has a number too long, to be read") from None
    if not isinstance(value, dict):
        raise BadLineError("is not a JSON object")
    return value


def event_for(line: Json, *, source: str, transcript_format: str | None = None) -> Json:
    """Make the CloudEvent of one conversation.

    ``source`` is the CloudEvents ``source`` attribute. ``transcript_format`` is one of
    :data:`FORMATS`, or None to send the messages as they stand, in the format that the line
    names in ``format`` (``openai.chat`` when it names none).

    Raises :class:`BadLineError` when the line has no id or no messages, an ``ended_at`` that is
    not a time with a zone, or messages that cannot be written in the format asked for.
    """
    conversation_id = _conversation_id(line)
    ended_at = _parse_time(line.get("ended_at"))
    if ended_at is None and line.get("ended_at") is not None:
        raise BadLineError('has an "ended_at" that is not an RFC 3339 time with a zone')
    data: Json = {
        "conversation": {"id": conversation_id} | _present(line, CONVERSATION_FIELDS),
        "cutoff": _cutoff(line),
    }
    if line.get("signals") is not None:
        data["signals"] = line["signals"]
    data["transcript"] = _transcript(line, transcript_format)
    return {
        "specversion": "1.0",
        "id": event_id(conversation_id, ended_at),
        "source": source,
        "type": EVENT_TYPE,
        "time": _rfc3339(ended_at or _time_within(line) or undated_time(conversation_id)),
        "subject": conversation_id,
        "data": data,
    }


def encode(event: Json) -> bytes:
    """Write an event as JSON in UTF-8, always the same bytes for the same event.

    Lone surrogates, which UTF-8 cannot hold, make the whole event be written in ASCII with
    escapes: the intake keeps such an event, and so it must arrive. Raises :class:`BadLineError`
    for NaN and infinities, which are not JSON, and for nesting that is too deep.
    """
    try:
        try:
            return _dumps(event, ascii_only=False).encode()
        except UnicodeEncodeError:
            return _dumps(event, ascii_only=True).encode()
    except RecursionError:
        raise BadLineError("is nested too deeply") from None
    except ValueError:
        raise BadLineError("has a number that is not finite") from None


def event_id(conversation_id: str, ended_at: datetime | None) -> str:
    """The event's id: a digest of the conversation's id and, where it is known, of its end.

    The end is part of it because a thread that was reopened can end again. The format is not, so
    that one conversation sent in two formats is noticed and never counted twice.
    """
    end = _rfc3339(ended_at) if ended_at else ""
    return "history-" + _digest(f"{conversation_id}\n{end}").hex()[:32]


def undated_time(conversation_id: str) -> datetime:
    """The time of a conversation of which no time is known: by its id, to the second."""
    seconds = int((UNDATED_UNTIL - UNDATED_FROM).total_seconds())
    offset = int.from_bytes(_digest(conversation_id)[:8], "big") % seconds
    return UNDATED_FROM + timedelta(seconds=offset)


def _conversation_id(line: Json) -> str:
    value = line.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise BadLineError('has no "id"')
    return value


def _cutoff(line: Json) -> Json:
    given = line.get("cutoff")
    if given is not None and not isinstance(given, dict):
        raise BadLineError('has a "cutoff" that is not an object')
    return {"initiator": "model"} | (given or {}) | _present(line, CUTOFF_FIELDS)


def _transcript(line: Json, transcript_format: str | None) -> Json:
    written_in = line.get("format") or DEFAULT_FORMAT
    messages = _messages(line)
    target = transcript_format or written_in
    if target != written_in:
        if written_in != DEFAULT_FORMAT:
            raise BadLineError(f"cannot be sent in another format: only {DEFAULT_FORMAT} can")
        encoder = FORMATS[target]
        messages = [encoder(message) for message in map(_plain, messages)]
    return {"format": target, "messages": messages}


def _messages(line: Json) -> list[Any]:
    messages, texts = line.get("messages"), line.get("texts")
    if isinstance(messages, list):
        return messages
    if isinstance(texts, list):
        return [{"role": "user", "content": text} for text in texts]
    raise BadLineError('has neither "messages" nor "texts"')


def _plain(message: object) -> Json:
    """Check that a message holds words alone, and is thus the same thing in every format."""
    if (
        isinstance(message, dict)
        and isinstance(message.get("role"), str)
        and isinstance(message.get("content"), str)
        and not message.keys() - {"role", "content", *MESSAGE_FIELDS}
    ):
        return message
    raise BadLineError("cannot be sent in another format: a message holds more than words")


def _openai(message: Json) -> Json:
    return _turn(message, {"content": message["content"]})


def _anthropic(message: Json) -> Json:
    return _turn(message, {"content": [{"type": "text", "text": message["content"]}]})


def _otel(message: Json) -> Json:
    return _turn(message, {"parts": [{"type": "text", "content": message["content"]}]})


def _recourse(message: Json) -> Json:
    return _turn(message, {"parts": [{"kind": "text", "text": message["content"]}]})


FORMATS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "openai.chat": _openai,
    "anthropic.messages": _anthropic,
    "otel.genai": _otel,
    "recourse": _recourse,
}


def _turn(message: Json, words: Json) -> Json:
    return {"role": message["role"]} | words | _present(message, MESSAGE_FIELDS)


def _present(given: Json, names: tuple[str, ...]) -> Json:
    return {name: given[name] for name in names if given.get(name) is not None}


def _time_within(line: Json) -> datetime | None:
    """The last time that the line itself knows of: its last dated message, else its start."""
    for message in reversed(_messages(line)):
        if isinstance(message, dict) and (time := _parse_time(message.get("created_at"))):
            return time
    return _parse_time(line.get("started_at"))


def _parse_time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _rfc3339(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _dumps(event: Json, *, ascii_only: bool) -> str:
    return json.dumps(event, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"))
