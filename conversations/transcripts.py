"""One message shape for every transcript, whatever format it came in.

Chat services write conversations down in different ways. Four of them are read here
(docs/reference/api.md, "Transcripts"); what comes out is always a list of :class:`Message`.
Nothing is dropped but the bytes of media: a part of a kind that is not known is kept as
``unknown`` with its raw JSON, so that a reviewer sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from conversations import media

Role = Literal["system", "user", "assistant", "tool"]
PartKind = Literal[
    "text", "reasoning", "tool_call", "tool_result", "media", "translation", "unknown"
]


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of a message.

    ``text`` holds words: what was said, a tool call's arguments, a tool's answer, or the raw
    JSON of an unknown part. ``name`` is a tool's name, or the type that an unknown part gave
    itself. ``media_type``, ``size`` (bytes) and ``sha256`` (hex) are what stays of media.
    ``language`` is the BCP 47 tag of a translation.
    """

    kind: PartKind
    text: str = ""
    name: str = ""
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    language: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn. Its number is its place in the transcript, counted from 1.

    ``annotations`` are what the chat service itself noted of the turn: ``refusal``,
    ``redirect``, ``warning``. ``created_at`` is kept as it was sent.
    """

    role: Role
    parts: tuple[Part, ...] = ()
    id: str = ""
    created_at: str = ""
    annotations: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words spoken in this turn, without reasoning, tools, media and translations."""
        return "\n".join(part.text for part in self.parts if part.kind == "text")


MAX_ANNOTATIONS = 32


class TranscriptError(ValueError):
    """A transcript that cannot be read: where, which rule, and what to do about it.

    ``path`` is relative to the transcript: a sequence of keys and indices.
    """

    def __init__(self, path: tuple[str | int, ...], code: str, detail: str) -> None:
        super().__init__(detail)
        self.path = path
        self.code = code
        self.detail = detail


def read(format_name: str, messages: list[Any]) -> list[Message]:
    """Messages in any of the four formats as our own.

    Raises :class:`TranscriptError` for an unknown format, an unknown role, or a message that
    is no object.
    """
    parse_parts = _FORMATS.get(format_name)
    if parse_parts is None:
        raise TranscriptError(
            ("format",), "unknown_format", f"Known formats are {', '.join(sorted(_FORMATS))}."
        )
    return [_message(index, raw, parse_parts) for index, raw in enumerate(messages)]


def unknown_fields(messages: list[Any]) -> dict[str, dict[str, Any]]:
    """What messages hold beyond the fields that are read, by their place in the list."""
    return {
        str(index): {key: media.without_bytes(raw[key]) for key in raw.keys() - _KNOWN_FIELDS}
        for index, raw in enumerate(messages)
        if not raw.keys() <= _KNOWN_FIELDS
    }


def size(messages: list[Message]) -> int:
    """Bytes of text in UTF-8, over all parts."""
    return sum(
        len(part.text) if part.text.isascii() else len(part.text.encode())
        for message in messages
        for part in message.parts
    )


_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}

_KNOWN_FIELDS = {
    "id", "role", "content", "parts", "created_at", "annotations",
    "tool_calls", "function_call", "refusal", "tool_call_id", "name", "finish_reason",
}  # fmt: skip


_SPOKEN_FIELDS = {"id", "role", "content", "created_at", "annotations"}


def _message(index: int, raw: object, parse_parts: _PartsReader) -> Message:
    where = ("messages", index)
    if not isinstance(raw, dict):
        raise TranscriptError(where, "invalid_type", "A message is an object.")
    role = _ROLES.get(raw["role"]) if isinstance(raw.get("role"), str) else None
    if role is None:
        raise TranscriptError(
            (*where, "role"), "unknown_role", "A role is system, user, assistant or tool."
        )
    return Message(
        role=role,
        parts=_plain(raw) or tuple(parse_parts(raw)),
        id=_label(raw.get("id"), where, "id"),
        created_at=_label(raw.get("created_at"), where, "created_at"),
        annotations=_annotations(raw.get("annotations"), where),
    )


def _plain(raw: dict[str, Any]) -> tuple[Part, ...]:
    """The one part of a message that is only spoken, in any format: by far the most common."""
    content = raw.get("content")
    if isinstance(content, str) and raw.keys() <= _SPOKEN_FIELDS:
        return (Part("text", text=content),)
    return ()


def _label(value: object, where: tuple[str | int, ...], key: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and len(value) <= 256:
        return value
    raise TranscriptError((*where, key), "invalid_type", "A string of at most 256 characters.")


def _annotations(value: object, where: tuple[str | int, ...]) -> tuple[str, ...]:
    if not value:
        return ()
    if (
        isinstance(value, list)
        and len(value) <= MAX_ANNOTATIONS
        and all(isinstance(item, str) and len(item) <= 64 for item in value)
    ):
        return tuple(value)
    raise TranscriptError(
        (*where, "annotations"),
        "invalid_type",
        f"A list of at most {MAX_ANNOTATIONS} strings of at most 64 characters.",
    )


def _json(value: object) -> str:
    """*value* as words to show: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _unknown(part: object) -> Part:
    name = part.get("type") if isinstance(part, dict) else None
    text = _json(media.without_bytes(part))
    return Part("unknown", text=text, name=name if isinstance(name, str) else "")


def _media(data: object, media_type: object, address: object = None) -> Part:
    """Media without its bytes: *data* is Base64 text or a data URL, *address* where it lies."""
    known_type = media_type if isinstance(media_type, str) else ""
    if isinstance(address, str) and address.startswith("data:"):
        found = media.of_data_url(address)
    elif isinstance(data, str):
        found = media.of_base64(data)
    else:
        text = address if isinstance(address, str) else ""
        return Part("media", text=text, media_type=known_type)
    return Part(
        "media",
        media_type=known_type or found.media_type,
        size=found.size,
        sha256=found.sha256,
    )


def _parts(
    content: object, read_part: Callable[[dict[str, Any]], Iterator[Part]]
) -> Iterator[Part]:
    """The parts of a ``content`` that is a string, a list of strings and objects, or absent."""
    if isinstance(content, str):
        yield Part("text", text=content)
        return
    for item in content if isinstance(content, list) else [] if content is None else [content]:
        if isinstance(item, str):
            yield Part("text", text=item)
        elif isinstance(item, dict):
            yield from read_part(item)
        else:
            yield _unknown(item)


def _words(part: dict[str, Any], key: str, kind: PartKind = "text") -> Part:
    """The part whose words stand under *key*; unknown where they are no string."""
    value = part.get(key)
    return Part(kind, text=value) if isinstance(value, str) else _unknown(part)


def _shared_part(part: dict[str, Any]) -> Part:
    """A part that means the same in every format."""
    if part.get("type") == "translation":
        language = part.get("language")
        words = _words(part, "text", "translation")
        return (
            msgspec.structs.replace(words, language=language)
            if isinstance(language, str) and words.kind == "translation"
            else words
        )
    return _unknown(part)


def _tool(kind: PartKind, name: object, words: object) -> Part:
    return Part(kind, text=_json(words), name=name if isinstance(name, str) else "")


def _openai_part(part: dict[str, Any]) -> Iterator[Part]:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            yield _words(part, "text")
        case "refusal":
            yield _words(part, "refusal")
        case "image_url":
            image = part.get("image_url")
            yield _media(None, None, image.get("url") if isinstance(image, dict) else image)
        case "input_audio":
            audio = part.get("input_audio")
            audio = audio if isinstance(audio, dict) else {}
            yield _media(audio.get("data"), f"audio/{audio.get('format', 'unknown')}")
        case "file":
            file = part.get("file")
            file = file if isinstance(file, dict) else {}
            yield _media(None, None, file.get("file_data") or file.get("filename"))
        case _:
            yield _shared_part(part)


def _openai(message: dict[str, Any]) -> Iterator[Part]:
    if message.get("role") in {"tool", "function"}:
        name = message.get("name") or message.get("tool_call_id")
        for part in _parts(message.get("content"), _openai_part):
            yield _tool("tool_result", name, part.text) if part.kind == "text" else part
        return
    yield from _parts(message.get("content"), _openai_part)
    if isinstance(message.get("refusal"), str):
        yield Part("text", text=message["refusal"])
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield _tool("tool_call", function.get("name"), function.get("arguments", ""))
        else:
            yield _unknown(call)
    call = message.get("function_call")
    if isinstance(call, dict):
        yield _tool("tool_call", call.get("name"), call.get("arguments", ""))


def _anthropic_part(part: dict[str, Any]) -> Iterator[Part]:
    match part.get("type"):
        case "text":
            yield _words(part, "text")
        case "thinking":
            yield _words(part, "thinking", "reasoning")
        case "tool_use" | "server_tool_use":
            yield _tool("tool_call", part.get("name"), part.get("input", ""))
        case "tool_result":
            for inner in _parts(part.get("content"), _anthropic_part):
                yield (
                    _tool("tool_result", part.get("tool_use_id"), inner.text)
                    if inner.kind == "text"
                    else inner
                )
        case "image" | "document":
            source = part.get("source")
            source = source if isinstance(source, dict) else {}
            if source.get("type") == "text":
                yield _words(source, "data")
            else:
                yield _media(source.get("data"), source.get("media_type"), source.get("url"))
        case _:
            yield _shared_part(part)


def _anthropic(message: dict[str, Any]) -> Iterator[Part]:
    return _parts(message.get("content"), _anthropic_part)


def _otel_part(part: dict[str, Any]) -> Iterator[Part]:
    match part.get("type"):
        case "text":
            yield _words(part, "content")
        case "reasoning":
            yield _words(part, "content", "reasoning")
        case "tool_call":
            yield _tool("tool_call", part.get("name"), part.get("arguments", ""))
        case "tool_call_response":
            answer = part.get("response", part.get("result", ""))
            yield _tool("tool_result", part.get("id"), answer)
        case "blob":
            yield _media(part.get("content"), part.get("mime_type"))
        case "uri":
            yield _media(None, part.get("mime_type"), part.get("uri"))
        case _:
            yield _shared_part(part)


def _otel(message: dict[str, Any]) -> Iterator[Part]:
    return _parts(message.get("parts", message.get("content")), _otel_part)


def _recourse_part(part: dict[str, Any]) -> Iterator[Part]:
    try:
        known = msgspec.convert(part, Part)
    except msgspec.ValidationError:
        yield _openai_part_or_unknown(part)
    else:
        # The text of these two is nobody's words, and may be bytes.
        kept = media.without_bytes(known.text) if known.kind in ("media", "unknown") else known.text
        yield msgspec.structs.replace(known, text=kept)


def _openai_part_or_unknown(part: dict[str, Any]) -> Part:
    """Our own format also takes the plain ``{"type": "text", "text": …}``."""
    return _words(part, "text") if part.get("type") == "text" else _shared_part(part)


def _recourse(message: dict[str, Any]) -> Iterator[Part]:
    return _parts(message.get("parts", message.get("content")), _recourse_part)


_PartsReader = Callable[[dict[str, Any]], Iterator[Part]]

_FORMATS: dict[str, _PartsReader] = {
    "openai.chat": _openai,
    "anthropic.messages": _anthropic,
    "otel.genai": _otel,
    "recourse": _recourse,
}
