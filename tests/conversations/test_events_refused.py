"""``POST /api/v1/events``: what is wrong or odd in a body, and what its sender is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from conversations.models import Cutoff, Event
from conversations.payloads import FEEDBACK
from tests.factories import ended_event
from tests.sender import BATCH, MARKER, STRUCTURED, Sender, assert_nothing_stored, said

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024


@pytest.mark.parametrize("content_type", [BATCH, STRUCTURED])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\x00",
        MARKER.encode(),
        b'{"id": "' + MARKER.encode(),
        b"null",
        b"NaN",
        b'"' + MARKER.encode() + b'"',
        b"[1] [2]",
        b'{"a": NaN}',
        b"[NaN]",
        b"\xff\xfe[]",
        b'["\\x"]',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
    ids=range(15),
)
def test_a_body_that_is_not_json(sender: Sender, body: bytes, content_type: str) -> None:
    assert sender.post(body, content_type).status_code == 400
    assert_nothing_stored()


def test_a_batch_that_is_none(sender: Sender) -> None:
    assert sender.post(b"{}").status_code == 400
    assert sender.post(b"[]").status_code == 400
    assert sender.post(b"[]", STRUCTURED).status_code == 400
    assert sender.batch(ended_event()).status_code == 202
    assert sender.post(json.dumps([ended_event()]).encode(), STRUCTURED).status_code == 400


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_another_media_type(sender: Sender, content_type: str) -> None:
    assert sender.post(b"[]", content_type).status_code == 415


@pytest.mark.parametrize("item", [0, None, True, MARKER, [], [[MARKER]], {}, {"data": MARKER}])
def test_an_item_that_is_no_event(sender: Sender, item: Any) -> None:
    answer = sender.batch(ended_event(), item)

    assert answer.status_code == 207
    assert answer.json()["results"][1]["errors"][0]["pointer"].startswith("/1")


def test_an_item_nested_deeply_is_refused_alone(sender: Sender) -> None:
    good = json.dumps(ended_event()).encode()
    deep = b'{"id": "deep", "data": ' + b"[" * 500 + b"]" * 500 + b"}"
    answer = sender.post(b"[" + good + b"," + deep + b"]")

    assert answer.status_code in (207, 400)
    assert Event.objects.count() == (1 if answer.status_code == 207 else 0)


WRONG: list[tuple[str, Any, str]] = [
    ("specversion", "0.3", "/specversion"),
    ("id", "", "/id"),
    ("id", 5, "/id"),
    ("id", MARKER * 20, "/id"),
    ("id", "a\x1fb", "/id"),
    ("source", None, "/source"),
    ("type", "com.example." + MARKER, "/type"),
    ("type", 1, "/type"),
    ("time", "9999-12-31T23:59:59Z", "/time"),
    ("time", "99999-12-31T23:59:59Z", "/time"),
    ("time", "2014-12-31T23:59:59Z", "/time"),
    ("time", "2026-11-20T10:00:00", "/time"),
    ("time", "0001-01-01T00:00:00+23:59", "/time"),
    ("time", MARKER, "/time"),
    ("time", 1763632800, "/time"),
    ("data", MARKER, "/data"),
    ("data", [], "/data"),
    ("data", {}, "/data/conversation"),
]
DATA_WRONG: list[tuple[str, Any, str]] = [
    ("conversation", {"id": None}, "/data/conversation/id"),
    ("conversation", {"id": "x" * 257}, "/data/conversation/id"),
    ("conversation", {"age_band": MARKER}, "/data/conversation/age_band"),
    ("conversation", {"country": MARKER}, "/data/conversation/country"),
    ("conversation", {"started_at": MARKER}, "/data/conversation/started_at"),
    ("conversation", {"started_at": "0001-01-01T00:00:00+23:59"}, "/data/conversation/started_at"),
    ("conversation", {"user_id": 7}, "/data/conversation/user_id"),
    ("cutoff", {"initiator": MARKER}, "/data/cutoff/initiator"),
    ("cutoff", {"policy_version": 2**31}, "/data/cutoff/policy_version"),
    ("cutoff", {"policy_version": -1}, "/data/cutoff/policy_version"),
    ("cutoff", {"user_confirmed": MARKER}, "/data/cutoff/user_confirmed"),
    ("cutoff", {"rationale": [MARKER]}, "/data/cutoff/rationale"),
    ("signals", {"severity": 1.01}, "/data/signals/severity"),
    ("signals", {"severity": 1e400}, "/data/signals/severity"),
    ("signals", {"severity": MARKER}, "/data/signals/severity"),
    ("signals", {"refusals": -1}, "/data/signals/refusals"),
    ("signals", {"refusals": 2.5}, "/data/signals/refusals"),
    ("signals", {"refusals": 10**30}, "/data/signals/refusals"),
    ("transcript", {"format": MARKER}, "/data/transcript/format"),
    ("transcript", {"messages": []}, "/data/transcript/messages"),
    ("transcript", {"messages": {}}, "/data/transcript/messages"),
    ("transcript", {"messages": [MARKER]}, "/data/transcript/messages/0"),
    ("transcript", {"messages": [{"role": MARKER}]}, "/data/transcript/messages/0/role"),
    (
        "transcript",
        {"messages": [{"role": "user", "content": MARKER, "created_at": 7}]},
        "/data/transcript/messages/0/created_at",
    ),
    (
        "transcript",
        {"messages": [{"role": "user", "content": MARKER, "annotations": [MARKER * 3]}]},
        "/data/transcript/messages/0/annotations",
    ),
]


@pytest.mark.parametrize(("member", "value", "pointer"), WRONG)
def test_a_wrong_member_is_pointed_at(
    sender: Sender, member: str, value: Any, pointer: str
) -> None:
    answer = sender.batch(ended_event(), {**ended_event(), member: value})

    assert answer.status_code == 207
    assert answer.json()["results"][1]["errors"][0]["pointer"] == "/1" + pointer
    assert Event.objects.count() == 1


@pytest.mark.parametrize(("member", "value", "pointer"), DATA_WRONG)
def test_wrong_data_is_pointed_at(sender: Sender, member: str, value: Any, pointer: str) -> None:
    body = json.dumps([ended_event(), ended_event(**{member: value})]).replace("Infinity", "1e400")
    answer = sender.post(body.encode())

    assert answer.status_code == 207
    assert answer.json()["results"][1]["errors"][0]["pointer"] == "/1" + pointer
    assert Event.objects.count() == 1


def test_an_offset_that_postgresql_does_not_take(sender: Sender) -> None:
    event = ended_event(
        time="2026-11-20T10:00:00+20:13", conversation={"started_at": "2026-11-20T00:00:00-20:00"}
    )
    answer = sender.batch(event)

    assert answer.json()["results"][0]["warnings"] == []
    assert Cutoff.objects.get().at == datetime(2026, 11, 19, 13, 47, tzinfo=UTC)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\udfff\ud800", "x\x00" * 1000])
def test_text_that_cannot_be_stored_is_replaced_wherever_it_stands(
    sender: Sender, text: str
) -> None:
    event = ended_event(
        transcript={"messages": [{"role": "user", "content": text, text: text}]},
        cutoff={"explanation": text, "rationale": text, "category": text},
        extension=text,
    )
    event["data"][text] = {text: [text]}
    answer = sender.batch(event, ended_event())

    assert answer.status_code == 202, answer.content
    assert answer.json()["results"][0]["warnings"] == ["text_replaced"]


IDS_WITH_NUL = {
    "/id": {"id": "a\x00b"},
    "/source": {"source": "\x00"},
    "/data/conversation/id": {"conversation": {"id": "a\x00"}},
    "/data/conversation/user_id": {"conversation": {"user_id": "\x00a"}},
    "/data/conversation/parent_id": {"conversation": {"parent_id": "a\x00"}},
    "/data/conversation/branched_from_message_id": {
        "conversation": {"branched_from_message_id": "a\x00"}
    },
    "/data/cutoff/message_id": {"cutoff": {"message_id": "m\x00"}},
    "/data/cutoff/evaluation_id": {"cutoff": {"evaluation_id": "ev_\x00"}},
}


@pytest.mark.parametrize(("pointer", "changes"), IDS_WITH_NUL.items())
@pytest.mark.parametrize("words", ["as ever", "a\x00b\ud800"])
def test_an_id_with_a_nul_is_refused_and_not_replaced(
    sender: Sender, pointer: str, changes: dict[str, Any], words: str
) -> None:
    event = ended_event(**changes, transcript=said(words))
    answer = sender.batch(event, ended_event())

    refused, taken = answer.json()["results"]
    assert answer.status_code == 207
    assert (refused["id"], taken["status"]) == (event["id"], "accepted")
    (error,) = refused["errors"]
    assert (error["pointer"], error["code"]) == ("/0" + pointer, "out_of_range")
    assert Event.objects.count() == 1


def test_feedback_on_an_id_with_a_nul_is_refused(sender: Sender) -> None:
    event = ended_event(type=FEEDBACK)
    event["data"] = {"conversation_id": "c\x00", "surprised": True, "comment": "\x00"}
    answer = sender.batch(event)

    (error,) = answer.json()["results"][0]["errors"]
    assert answer.status_code == 422
    assert (error["pointer"], error["code"]) == ("/0/data/conversation_id", "out_of_range")


@pytest.mark.parametrize("name", ["ID", "SOURCE"])
def test_a_nul_in_a_header_of_binary_mode_is_refused(sender: Sender, name: str) -> None:
    event = ended_event()
    headers = {f"HTTP_CE_{key.upper()}": event[key] for key in event if key != "data"}
    headers[f"HTTP_CE_{name}"] = "a%00b"
    answer = sender.post(json.dumps(event["data"]).encode(), "application/json", **headers)

    assert answer.status_code == 422
    (error,) = answer.json()["results"][0]["errors"]
    assert (error["pointer"], error["code"]) == (f"/{name.lower()}", "out_of_range")
    assert_nothing_stored()


def test_backslashes_that_only_look_like_a_nul(sender: Sender) -> None:
    answer = sender.batch(ended_event(id="\\u0000", transcript=said("\\u0000")))

    assert answer.json()["results"][0]["warnings"] == []
    assert Event.objects.get().ce_id == "\\u0000"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_another_encoding_than_utf_8_is_refused(sender: Sender, encoding: str) -> None:
    body = json.dumps(ended_event(transcript=said("a\x00b"))).encode(encoding)

    assert sender.post(body, STRUCTURED).status_code == 400
    assert_nothing_stored()


def test_a_lone_surrogate_in_raw_bytes(sender: Sender) -> None:
    event = json.dumps(ended_event(transcript=said("SURROGATE"))).encode()
    answer = sender.post(b"[" + event.replace(b"SURROGATE", b"\xed\xa0\x80") + b"]")

    assert answer.json()["results"][0]["warnings"] == ["text_replaced"]


@pytest.mark.parametrize("where", ["id", "source", "type", "time", "specversion"])
@pytest.mark.parametrize("text", ["\x00", "\ud800", "\u202e", "<script>"])
def test_odd_characters_in_the_envelope_never_break_anything(
    sender: Sender, where: str, text: str
) -> None:
    answer = sender.batch({**ended_event(), where: text}, ended_event())

    assert answer.status_code in (202, 207)
    assert answer.json()["accepted"] >= 1


def test_hostile_text_goes_in_as_it_is(sender: Sender) -> None:
    hostile = "\u202ereversed <script>alert(1)</script> {{ 7*7 }} '; DROP TABLE x; -- \\ \U0001f600"
    answer = sender.batch(ended_event(transcript=said(hostile), cutoff={"explanation": hostile}))

    assert answer.json()["accepted"] == 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT messages::jsonb->0->'parts'->0->>'text' FROM conversations_transcript"
        )
        assert cursor.fetchone() == (hostile,)


def test_a_batch_of_a_thousand_months(sender: Sender) -> None:
    months = [
        ended_event(time=f"{year}-{month:02}-01T00:00:00Z")
        for year in range(1990, 2074)
        for month in range(1, 13)
    ][:1000]
    answer = sender.batch(*months)

    assert answer.status_code == 207
    assert answer.json()["accepted"] == Event.objects.count() > 100
    assert {
        result["errors"][0]["code"]
        for result in answer.json()["results"]
        if result["status"] == "rejected"
    } == {"time_out_of_range"}


def test_headers_of_binary_mode_that_say_nonsense(sender: Sender) -> None:
    for name in ("ID", "SOURCE", "TYPE", "TIME", "SPECVERSION", "SUBJECT", "DATA", "X"):
        event = ended_event()
        headers = {f"HTTP_CE_{key.upper()}": event[key] for key in event if key != "data"}
        headers[f"HTTP_CE_{name}"] = "\xff\x00 é <b>"
        answer = sender.post(json.dumps(event["data"]).encode(), "application/json", **headers)
        assert answer.status_code in (202, 400, 422), name
