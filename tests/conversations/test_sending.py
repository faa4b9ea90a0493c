"""A recorded conversation becomes one event, always the same one."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import parsing, sending, transcripts
from conversations.parsing import Limits, Parsed
from conversations.sending import BadLineError

WORDS: list[dict[str, Any]] = [
    {"role": "user", "content": "Guten Tag"},
    {"role": "assistant", "content": "你好", "id": "m2", "annotations": ["warning"]},
]
LIMITS = Limits(event=4 << 20, transcript=2 << 20, messages=2000)


def event(line: dict[str, Any], transcript_format: str | None = None) -> dict[str, Any]:
    return sending.event_for(line, source="/history", transcript_format=transcript_format)


def read_by_intake(made: dict[str, Any]) -> Parsed:
    (parsed,) = parsing.parse_events(
        [sending.encode(made)],
        limits=LIMITS,
        now=datetime(2026, 11, 21, tzinfo=UTC),
        in_batch=False,
    )
    assert isinstance(parsed, Parsed), parsed
    return parsed


def test_a_bare_line_says_no_more_than_it_knows() -> None:
    made = event({"id": "c1", "messages": WORDS, "labels": {"harm": 3}, "licence": "MIT"})

    assert made["data"] == {
        "conversation": {"id": "c1"},
        "cutoff": {"initiator": "model"},
        "transcript": {"format": "openai.chat", "messages": WORDS},
    }
    assert (made["type"], made["source"], made["subject"]) == (
        "recourse.conversation.ended.v1",
        "/history",
        "c1",
    )


def test_what_the_line_gives_is_used() -> None:
    made = event(
        {
            "id": "c1",
            "messages": WORDS,
            "user_id": "u-7",
            "locale": "de",
            "started_at": "2026-03-01T10:00:00+01:00",
            "ended_at": "2026-03-01T10:20:00+01:00",
            "category": "hate",
            "explanation": "I am ending this.",
            "cutoff": {"initiator": "user", "user_confirmed": True},
            "signals": {"severity": 0.5},
        }
    )

    assert made["time"] == "2026-03-01T09:20:00Z"
    assert made["data"]["conversation"] == {
        "id": "c1",
        "user_id": "u-7",
        "locale": "de",
        "started_at": "2026-03-01T10:00:00+01:00",
    }
    assert made["data"]["cutoff"] == {
        "initiator": "user",
        "user_confirmed": True,
        "category": "hate",
        "explanation": "I am ending this.",
    }
    assert made["data"]["signals"] == {"severity": 0.5}


def test_texts_are_what_a_person_said() -> None:
    made = event({"id": "c1", "texts": ["one", "two"]})

    assert made["data"]["transcript"]["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "user", "content": "two"},
    ]


def test_id_and_time_never_change() -> None:
    """Fixed values: were they others in the next version, a load repeated would be doubled."""
    made = event({"id": "c1", "messages": WORDS})

    assert made["id"] == "history-1b35060c33bd673408add98a1e47d4b5"
    assert made["time"] == "2026-07-28T04:02:35Z"


@pytest.mark.parametrize("transcript_format", sending.FORMATS)
def test_the_format_changes_neither_id_nor_time(transcript_format: str) -> None:
    line: dict[str, Any] = {"id": "c1", "messages": WORDS}

    made, plain = event(line, transcript_format), event(line)

    assert (made["id"], made["time"]) == (plain["id"], plain["time"])


def test_a_thread_that_ended_twice_is_two_events_however_its_times_are_written() -> None:
    first = {"id": "c1", "messages": WORDS, "ended_at": "2026-03-01T10:00:00Z"}
    again = first | {"ended_at": "2026-03-02T10:00:00Z"}
    same = first | {"ended_at": "2026-03-01T11:00:00+01:00"}

    assert event(first)["id"] != event(again)["id"]
    assert event(first)["id"] == event(same)["id"]


def test_without_an_end_the_last_known_time_counts() -> None:
    dated = [WORDS[0] | {"created_at": "2026-02-03T04:05:06Z"}, WORDS[1]]

    assert event({"id": "c", "messages": dated})["time"] == "2026-02-03T04:05:06Z"
    assert (
        event({"id": "c", "messages": WORDS, "started_at": "2026-02-01T00:00:00Z"})["time"]
        == "2026-02-01T00:00:00Z"
    )


@given(st.text(min_size=1))
def test_an_undated_conversation_lies_in_the_past_span(conversation_id: str) -> None:
    time = sending.undated_time(conversation_id)

    assert datetime(2026, 1, 1, tzinfo=UTC) <= time < datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("transcript_format", sending.FORMATS)
def test_intake_reads_the_same_messages_in_every_format(transcript_format: str) -> None:
    system = {"role": "system", "content": "Be kind."}
    line: dict[str, Any] = {"id": "c1", "messages": [system, *WORDS], "category": "hate"}

    parsed = read_by_intake(event(line, transcript_format))

    assert parsed.messages == transcripts.read("openai.chat", line["messages"])
    assert parsed.remainder == {}, "all was understood"


def test_messages_in_a_format_of_their_own_go_as_they_stand() -> None:
    messages = [{"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm"}]}]
    line: dict[str, Any] = {"id": "c1", "format": "anthropic.messages", "messages": messages}

    assert event(line)["data"]["transcript"] == {
        "format": "anthropic.messages",
        "messages": messages,
    }


def test_characters_that_utf8_cannot_hold_arrive() -> None:
    line = sending.parse_line(
        rb'{"id": "c1", "messages": [{"role": "user", "content": "a\ud800\u0000b"}]}'
    )

    parsed = read_by_intake(event(line))

    assert parsed.messages[0].text == "a\ufffd\ufffdb"


def test_chinese_is_not_blown_up_by_escapes() -> None:
    body = sending.encode(event({"id": "c1", "texts": ["很" * 100_000]}))

    assert len(body) < 301_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b'{"id": "\xff"}', "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (sending.MAX_LINE_BYTES + 1), "longer than 16 MiB"),
    ],
)
def test_a_line_that_cannot_be_read(line: bytes, reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        sending.parse_line(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"messages": WORDS}, 'no "id"'),
        ({"id": "", "messages": WORDS}, 'no "id"'),
        ({"id": True, "messages": WORDS}, 'no "id"'),
        ({"id": "c1"}, 'neither "messages" nor "texts"'),
        ({"id": "c1", "messages": WORDS, "ended_at": "yesterday"}, "ended_at"),
        ({"id": "c1", "messages": WORDS, "ended_at": "2026-03-01T10:00:00"}, "ended_at"),
        ({"id": "c1", "messages": WORDS, "cutoff": "model"}, "cutoff"),
    ],
)
def test_a_line_that_no_event_can_be_made_of(line: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        event(line)


def test_what_is_more_than_words_is_not_rewritten_and_not_lost() -> None:
    called = [{"role": "assistant", "content": "", "tool_calls": [{"id": "t"}]}]
    line: dict[str, Any] = {"id": "c1", "messages": called}

    assert event(line)["data"]["transcript"]["messages"] == called
    with pytest.raises(BadLineError, match="more than words"):
        event(line, "otel.genai")
    with pytest.raises(BadLineError, match=r"only openai\.chat can"):
        event(line | {"format": "recourse"}, "otel.genai")


def test_a_number_that_is_not_finite_is_refused_here() -> None:
    line = sending.parse_line(b'{"id": "c1", "texts": [], "signals": {"severity": NaN}}')

    with pytest.raises(BadLineError, match="not finite"):
        sending.encode(event(line))


def test_an_event_is_written_as_the_same_bytes_each_time() -> None:
    line = json.dumps({"id": "c1", "messages": WORDS, "signals": {"warnings": 1}}).encode()

    assert sending.encode(event(sending.parse_line(line))) == sending.encode(
        event(sending.parse_line(line))
    )
