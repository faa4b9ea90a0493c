"""One message shape for every transcript, and nothing lost on the way but bytes of media."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.media import LONGEST_UNREAD
from conversations.transcripts import (
    Message,
    Part,
    TranscriptError,
    read,
    size,
    unknown_fields,
)

PICTURE = bytes(range(256)) * 8
BASE64 = base64.b64encode(PICTURE).decode()
SHA256 = hashlib.sha256(PICTURE).hexdigest()
IMAGE = Part("media", media_type="image/png", size=len(PICTURE), sha256=SHA256)
DATA_URL = f"data:image/png;base64,{BASE64}"
NOTE = f"[image/png, size {len(PICTURE)}, sha256 {SHA256}]"


def parts(format_name: str, message: dict[str, Any]) -> tuple[Part, ...]:
    (found,) = read(format_name, [{"role": "assistant", **message}])
    return found.parts


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "Good morning"}, [Part("text", text="Good morning")]),
        ({"content": ["one", "two"]}, [Part("text", text="one"), Part("text", text="two")]),
        ({"content": None}, []),
        ({}, []),
        ({"content": ""}, [Part("text", text="")]),
        ({"content": [{"type": "text", "text": "a"}]}, [Part("text", text="a")]),
        ({"content": [{"type": "refusal", "refusal": "no"}]}, [Part("text", text="no")]),
        ({"content": None, "refusal": "no"}, [Part("text", text="no")]),
        (
            {"content": [{"type": "image_url", "image_url": {"url": "https://e.org/a.png"}}]},
            [Part("media", text="https://e.org/a.png")],
        ),
        (
            {"content": [{"type": "image_url", "image_url": {"url": DATA_URL}}]},
            [IMAGE],
        ),
        (
            {
                "content": [
                    {"type": "input_audio", "input_audio": {"data": BASE64, "format": "wav"}}
                ]
            },
            [Part("media", media_type="audio/wav", size=len(PICTURE), sha256=SHA256)],
        ),
        (
            {"tool_calls": [{"id": "1", "function": {"name": "find", "arguments": '{"q": 1}'}}]},
            [Part("tool_call", text='{"q": 1}', name="find")],
        ),
        (
            {"function_call": {"name": "find", "arguments": "{}"}},
            [Part("tool_call", text="{}", name="find")],
        ),
        ({"tool_calls": [7]}, [Part("unknown", text="7")]),
    ],
)
def test_openai(message: dict[str, Any], expected: list[Part]) -> None:
    assert list(parts("openai.chat", message)) == expected


def test_a_tools_answer_in_openai() -> None:
    (found,) = read("openai.chat", [{"role": "tool", "tool_call_id": "c1", "content": "42"}])
    assert (found.role, found.parts) == ("tool", (Part("tool_result", text="42", name="c1"),))
    assert found.text == ""


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "text": "a"}, Part("text", text="a")),
        ({"type": "thinking", "thinking": "hm"}, Part("reasoning", text="hm")),
        (
            {"type": "tool_use", "name": "find", "input": {"q": 1}},
            Part("tool_call", text='{"q":1}', name="find"),
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "t1",
                "content": [{"type": "text", "text": "x"}],
            },
            Part("tool_result", text="x", name="t1"),
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": BASE64},
            },
            IMAGE,
        ),
        (
            {"type": "document", "source": {"type": "text", "data": "a page"}},
            Part("text", text="a page"),
        ),
        (
            {"type": "redacted_thinking", "data": "abc"},
            Part(
                "unknown",
                text='{"type":"redacted_thinking","data":"abc"}',
                name="redacted_thinking",
            ),
        ),
    ],
)
def test_anthropic(part: dict[str, Any], expected: Part) -> None:
    assert parts("anthropic.messages", {"content": [part]}) == (expected,)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "content": "a"}, Part("text", text="a")),
        ({"type": "reasoning", "content": "hm"}, Part("reasoning", text="hm")),
        (
            {"type": "tool_call", "name": "find", "arguments": {"q": 1}},
            Part("tool_call", text='{"q":1}', name="find"),
        ),
        (
            {"type": "tool_call_response", "id": "t1", "response": "x"},
            Part("tool_result", text="x", name="t1"),
        ),
        ({"type": "blob", "mime_type": "image/png", "content": BASE64}, IMAGE),
        (
            {"type": "uri", "mime_type": "image/png", "uri": "https://e.org/a.png"},
            Part("media", text="https://e.org/a.png", media_type="image/png"),
        ),
    ],
)
def test_opentelemetry(part: dict[str, Any], expected: Part) -> None:
    assert parts("otel.genai", {"parts": [part]}) == (expected,)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"kind": "reasoning", "text": "hm"}, Part("reasoning", text="hm")),
        ({"type": "text", "text": "a"}, Part("text", text="a")),
        (
            {"kind": "translation", "text": "hello", "language": "en"},
            Part("translation", text="hello", language="en"),
        ),
        (
            {"type": "translation", "text": "hello", "language": "en"},
            Part("translation", text="hello", language="en"),
        ),
        ({"kind": "media", "text": DATA_URL}, Part("media", text=NOTE)),
    ],
)
def test_our_own(part: dict[str, Any], expected: Part) -> None:
    assert parts("recourse", {"parts": [part]}) == (expected,)


@given(
    st.lists(
        st.builds(
            Message,
            role=st.sampled_from(["system", "user", "assistant", "tool"]),
            parts=st.lists(
                st.builds(Part, kind=st.sampled_from(["text", "tool_call"]), text=st.text())
            ).map(tuple),
            id=st.text(max_size=9),
        ),
        max_size=4,
    )
)
def test_what_is_stored_can_be_read_again(messages: list[Message]) -> None:
    encoded = msgspec.json.encode(messages)
    assert read("recourse", msgspec.json.decode(encoded)) == messages
    assert msgspec.json.decode(encoded, type=list[Message]) == messages


def test_chinese_and_two_turns_in_a_row_and_an_assistant_who_begins() -> None:
    found = read(
        "openai.chat",
        [
            {"role": "assistant", "content": "你好，有什么可以帮你？"},
            {"role": "user", "content": "你真没用。"},
            {"role": "user", "content": "回答我！"},
        ],
    )
    assert [message.role for message in found] == ["assistant", "user", "user"]
    assert [message.text for message in found] == [
        "你好，有什么可以帮你？",
        "你真没用。",
        "回答我！",
    ]
    assert size(found) == 3 * (11 + 5 + 4)


def test_a_single_message() -> None:
    (found,) = read("anthropic.messages", [{"role": "human", "content": "Hello?", "id": "m1"}])
    assert (found.role, found.text, found.id) == ("user", "Hello?", "m1")


@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        ({"role": "wizard"}, ("messages", 0, "role"), "unknown_role"),
        ({"role": 3}, ("messages", 0, "role"), "unknown_role"),
        ({}, ("messages", 0, "role"), "unknown_role"),
        ("hello", ("messages", 0), "invalid_type"),
        ({"role": "user", "id": 3}, ("messages", 0, "id"), "invalid_type"),
        ({"role": "user", "id": "x" * 257}, ("messages", 0, "id"), "invalid_type"),
        (
            {"role": "user", "annotations": "refusal"},
            ("messages", 0, "annotations"),
            "invalid_type",
        ),
        (
            {"role": "user", "annotations": ["x"] * 33},
            ("messages", 0, "annotations"),
            "invalid_type",
        ),
    ],
)
def test_what_cannot_be_read_is_named(raw: Any, path: tuple[Any, ...], code: str) -> None:
    with pytest.raises(TranscriptError) as refused:
        read("openai.chat", [raw])
    assert (refused.value.path, refused.value.code) == (path, code)


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(TranscriptError) as refused:
        read("morse", [])
    assert (refused.value.path, refused.value.code) == (("format",), "unknown_format")


@pytest.mark.parametrize(
    "format_name", ["openai.chat", "anthropic.messages", "otel.genai", "recourse"]
)
@pytest.mark.parametrize(
    "data", [DATA_URL, BASE64, BASE64.rstrip("=")], ids=["url", "plain", "unpadded"]
)
def test_bytes_inside_unknown_parts_leave_a_note(format_name: str, data: str) -> None:
    part = {"type": "hologram", "layers": [{"data": data, "words": "kept as they are"}]}
    key = "parts" if format_name in ("otel.genai", "recourse") else "content"
    (found,) = parts(format_name, {key: [part]})

    assert (found.kind, found.name) == ("unknown", "hologram")
    kept = json.loads(found.text)["layers"][0]
    assert kept["words"] == "kept as they are"
    kind = "image/png" if data.startswith("data:") else "bytes"
    assert kept["data"] == f"[{kind}, size {len(PICTURE)}, sha256 {SHA256}]"
    assert data[100:200] not in found.text


@pytest.mark.parametrize(
    "words",
    [
        "A" * LONGEST_UNREAD,
        "long words of somebody, with spaces. " * 100,
        "很长的一段话" * 500,
        "",
    ],
    ids=["short", "sentences", "Chinese", "empty"],
)
def test_words_inside_unknown_parts_stay(words: str) -> None:
    (found,) = parts("openai.chat", {"content": [{"type": "poem", "lines": words}]})
    assert json.loads(found.text)["lines"] == words


def test_media_keep_type_size_and_hash_in_either_alphabet_of_base64() -> None:
    content = bytes([251, 255, 254]) * 3
    standard, url_safe = (
        base64.b64encode(content).decode(),
        base64.urlsafe_b64encode(content).decode(),
    )
    assert standard != url_safe
    one, two = (
        parts("otel.genai", {"parts": [{"type": "blob", "content": data}]})
        for data in (standard, url_safe)
    )
    assert one == two == (Part("media", size=9, sha256=hashlib.sha256(content).hexdigest()),)


def test_a_data_url_without_base64_is_measured_by_what_it_says() -> None:
    url = "data:image/svg+xml,%3Csvg%3E"
    (found,) = parts("openai.chat", {"content": [{"type": "image_url", "image_url": url}]})
    assert found == Part(
        "media", media_type="image/svg+xml", size=5, sha256=hashlib.sha256(b"<svg>").hexdigest()
    )


def test_fields_that_are_not_read_are_kept_without_their_bytes() -> None:
    raw = [
        {"role": "user", "content": "a"},
        {"role": "user", "mood": "low", "audio": {"data": BASE64}},
    ]
    assert unknown_fields(raw) == {
        "1": {"mood": "low", "audio": {"data": NOTE.replace("image/png", "bytes")}}
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "text",
                        "content",
                        "parts",
                        "source",
                        "image_url",
                        "tool_calls",
                        "function",
                    ]
                ),
                inner,
            )
        ),
    )
)
@pytest.mark.parametrize(
    "format_name", ["openai.chat", "anthropic.messages", "otel.genai", "recourse"]
)
def test_no_content_is_too_odd(format_name: str, content: Any) -> None:
    raw = {"role": "user", "content": content, "tool_calls": content, "parts": content}
    (found,) = read(format_name, [raw])
    assert msgspec.json.decode(msgspec.json.encode([found]), type=list[Message]) == [found]
