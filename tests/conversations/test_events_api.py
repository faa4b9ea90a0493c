"""``POST /api/v1/events`` over HTTP: what is taken, what is refused, and how it is said."""

from __future__ import annotations

import gzip
import json
import logging
import resource
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any

import pytest
import zstandard
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts.ledger import Actor
from conversations.models import Cutoff, Event, Refusal, Source, SourceKey
from conversations.services import sources
from conversations.vocabulary import Scope
from tests.factories import ended_event, make_key, make_source

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024
MARKER = "MARKED-WORDS-OF-A-TRANSCRIPT"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@pytest.fixture
def source() -> Source:
    return make_source()


class Sender:
    """A chat service with a key, and what the server logged of its calls."""

    def __init__(self, source: Source, logged: StringIO) -> None:
        self.source = source
        self.logged = logged
        self._key = make_key(source, Scope.EVENTS_WRITE)
        self._client = Client(raise_request_exception=False)

    def post(
        self, body: bytes, content_type: str = BATCH, key: str | None = None, **environ: Any
    ) -> Any:
        """Post *body*; nothing of it may come back in an error or stand in the log."""
        answer = self._client.generic(
            "POST",
            "/api/v1/events",
            body,
            content_type,
            HTTP_AUTHORIZATION=f"Bearer {self._key if key is None else key}",
            **{"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type, **environ},
        )
        assert MARKER not in answer.content.decode()
        assert MARKER not in self.logged.getvalue()
        assert answer.status_code < 500 or answer.status_code == 503
        if answer.status_code >= 400 and "results" not in answer.json():
            problem = answer.json()
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert problem["status"] == answer.status_code
            assert problem["request_id"] == answer.headers["X-Request-ID"]
        return answer

    def batch(self, *events: Any, **environ: Any) -> Any:
        return self.post(json.dumps(events).encode(), **environ)


@pytest.fixture
def sender(source: Source) -> Iterator[Sender]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield Sender(source, stream)
    root.setLevel(before)
    root.removeHandler(handler)


def said(text: str) -> dict[str, Any]:
    """A transcript of one turn."""
    return {"messages": [{"id": "m1", "role": "user", "content": text}]}


def assert_nothing_stored() -> None:
    assert Event.objects.count() == Cutoff.objects.count() == 0


# --- The three modes ----------------------------------------------------------------------------


def test_a_structured_event(sender: Sender) -> None:
    event = ended_event()
    answer = sender.post(json.dumps(event).encode(), STRUCTURED)

    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": 0,
        "results": [
            {
                "id": event["id"],
                "status": "accepted",
                "conversation_id": event["data"]["conversation"]["id"],
                "notice_url": answer.json()["results"][0]["notice_url"],
                "warnings": [],
            }
        ],
    }
    assert answer.json()["results"][0]["notice_url"].startswith("http://recourse.test/n/")


def test_an_error_of_a_structured_event_points_into_it(sender: Sender) -> None:
    event = ended_event(transcript={"messages": [{"role": MARKER, "content": MARKER}]})
    answer = sender.post(json.dumps(event).encode(), STRUCTURED + "; charset=utf-8")

    assert answer.status_code == 422
    (result,) = answer.json()["results"]
    assert result["errors"][0]["pointer"] == "/data/transcript/messages/0/role"
    assert result["errors"][0]["code"] == "unknown_role"


def test_a_batch_of_one_thousand_with_a_bad_one(sender: Sender) -> None:
    events = [ended_event() for _ in range(1000)]
    events[617]["data"]["transcript"]["messages"] = [{"role": "user", "content": MARKER}, 7]
    answer = sender.batch(*events)

    assert answer.status_code == 207
    counts = answer.json()
    assert (counts["accepted"], counts["rejected"]) == (999, 1)
    assert [result["id"] for result in counts["results"]] == [event["id"] for event in events]
    assert counts["results"][617]["errors"][0]["pointer"] == "/617/data/transcript/messages/1"
    assert Cutoff.objects.count() == 999
    assert Refusal.objects.count() == 1


def test_the_same_batch_again_is_all_duplicates(sender: Sender) -> None:
    events = [ended_event(), ended_event()]
    first, again = sender.batch(*events), sender.batch(*events)

    assert (again.status_code, again.json()["duplicates"]) == (202, 2)
    assert [result["notice_url"] for result in again.json()["results"]] == [
        result["notice_url"] for result in first.json()["results"]
    ]


def test_binary_mode(sender: Sender) -> None:
    event = ended_event()
    headers = {f"HTTP_CE_{name.upper()}": event[name] for name in event if name != "data"}
    answer = sender.post(json.dumps(event["data"]).encode(), "application/json", **headers)

    assert answer.status_code == 202
    assert answer.json()["results"][0]["id"] == event["id"]
    assert Event.objects.get().ce_source == "/chat/test"


def test_binary_mode_and_structured_mode_make_the_same_event(sender: Sender) -> None:
    event = ended_event()
    headers = {f"HTTP_CE_{name.upper()}": event[name] for name in event if name != "data"}
    sender.post(json.dumps(event).encode(), STRUCTURED)
    answer = sender.post(json.dumps(event["data"]).encode(), "application/json", **headers)

    assert answer.json()["duplicates"] == 1


def test_binary_mode_without_its_headers_is_a_json_that_nobody_reads(sender: Sender) -> None:
    answer = sender.post(json.dumps(ended_event()).encode(), "application/json")

    assert answer.status_code == 415


# --- Compressed, chunked, large -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("zstd", zstandard.compress),
        ("identity", bytes),
        ("gzip", lambda body: gzip.compress(body[:100]) + gzip.compress(body[100:])),
    ],
)
def test_compressed_bodies(sender: Sender, encoding: str, compress: Any) -> None:
    body = json.dumps([ended_event(), ended_event()]).encode()
    answer = sender.post(compress(body), HTTP_CONTENT_ENCODING=encoding)

    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_that_is_not_what_its_encoding_says(sender: Sender, encoding: str) -> None:
    compress = gzip.compress if encoding == "gzip" else zstandard.compress
    whole = compress(json.dumps([ended_event()]).encode())

    for body in (b"", b"[]", MARKER.encode(), whole[: len(whole) // 2], whole + b"more"):
        assert sender.post(body, HTTP_CONTENT_ENCODING=encoding).status_code == 400
    assert_nothing_stored()


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", MARKER])
def test_an_encoding_that_is_not_read(sender: Sender, encoding: str) -> None:
    assert sender.post(b"[]", HTTP_CONTENT_ENCODING=encoding).status_code == 415


def test_many_empty_gzip_members_end_soon(sender: Sender) -> None:
    answer = sender.post(gzip.compress(b"") * 100_000, HTTP_CONTENT_ENCODING="gzip")

    assert answer.status_code == 400
    assert "members" in answer.json()["detail"]


def bombs() -> dict[str, bytes]:
    """A quarter of a gibibyte of zeros, small; the second unpacks from a bomb to a bomb."""
    zeros = bytes(MIB)
    packer = zstandard.ZstdCompressor().compressobj()
    zstd = b"".join(packer.compress(zeros) for _ in range(256)) + packer.flush()
    stream = BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb") as packed:
        for _ in range(256):
            packed.write(zeros)
    return {"gzip": stream.getvalue(), "zstd": zstd}


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_without_its_memory(sender: Sender, encoding: str) -> None:
    bomb = bombs()[encoding]
    assert len(bomb) < MIB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        answer = sender.post(bomb, HTTP_CONTENT_ENCODING=encoding)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024

    assert answer.status_code == 413
    assert peak < 64 * MIB
    assert grown < 64 * MIB


def test_a_batch_of_millions_is_refused_without_their_memory(sender: Sender) -> None:
    body = b"[" + b"0," * (8 * MIB - 10) + b"0]"
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        answer = sender.post(body)
    finally:
        tracemalloc.stop()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024

    assert answer.status_code == 413
    assert grown < 100 * MIB


def test_a_body_over_16_mib(sender: Sender) -> None:
    assert sender.post(b" " * (16 * MIB + 1)).status_code == 413


def chunked(body: bytes) -> dict[str, Any]:
    """A body without a length, as granian hands it over."""
    return {
        "CONTENT_LENGTH": "",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }


def test_a_chunked_body(sender: Sender) -> None:
    answer = sender.post(b"", **chunked(json.dumps([ended_event()]).encode()))

    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)


def test_a_chunked_body_over_16_mib_is_read_no_further(sender: Sender) -> None:
    body = chunked(b" " * (20 * MIB))
    answer = sender.post(b"", **body)

    assert answer.status_code == 413
    assert body["wsgi.input"].tell() < 17 * MIB


def test_a_body_of_unknown_length(sender: Sender) -> None:
    assert sender.post(b"[]", CONTENT_LENGTH="").status_code == 411


def test_a_batch_of_1001(sender: Sender) -> None:
    assert sender.batch(*[{}] * 1001).status_code == 413
    assert_nothing_stored()


def test_an_event_over_4_mib_alone_and_in_a_batch(sender: Sender) -> None:
    large = ended_event(padding=MARKER + "x" * (4 * MIB))
    answer = sender.post(json.dumps(large).encode(), STRUCTURED)
    assert answer.status_code == 413
    assert_nothing_stored()

    headers = {f"HTTP_CE_{name.upper()}": large[name] for name in ("id", "source", "type")}
    body = json.dumps({**large["data"], "padding": large["padding"]}).encode()
    answer = sender.post(body, "application/json", HTTP_CE_SPECVERSION="1.0", **headers)
    assert answer.status_code == 413

    answer = sender.batch(ended_event(), large, ended_event())
    assert (answer.status_code, answer.json()["accepted"]) == (207, 2)
    assert answer.json()["results"][1]["errors"][0]["code"] == "too_large"
    assert answer.json()["results"][1]["errors"][0]["pointer"] == "/1"


def test_a_large_batch_within_the_limits(sender: Sender) -> None:
    text = "A quiet word. " * 100_000
    answer = sender.batch(*[ended_event(transcript=said(text)) for _ in range(8)])

    assert (answer.status_code, answer.json()["accepted"]) == (202, 8)


def test_a_transcript_at_its_limits(sender: Sender) -> None:
    words = " ".join(f"{number:06x}" for number in range(2 * MIB // 7))
    many = {"messages": [{"role": "user", "content": "again"}] * 2000}
    too_many = {"messages": [{"role": "user", "content": MARKER}] * 2001}
    answer = sender.batch(
        ended_event(transcript=said(words)),
        ended_event(transcript=said(words + "some words more" * 100)),
        ended_event(transcript=many),
        ended_event(transcript=too_many),
    )

    assert [result["status"] for result in answer.json()["results"]] == [
        "accepted",
        "rejected",
        "accepted",
        "rejected",
    ]
    assert answer.json()["results"][1]["errors"][0]["code"] == "too_large"
    assert answer.json()["results"][3]["errors"][0]["code"] == "too_large"


# --- What is not an event -----------------------------------------------------------------------


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


# --- Who may send -------------------------------------------------------------------------------


def test_without_a_key_or_with_a_bad_one(sender: Sender, source: Source) -> None:
    other = make_key(source)
    wrong = other[:-4] + ("aaaa" if not other.endswith("aaaa") else "bbbb")
    for key in ("", "x", wrong, "rk_" + "0" * 16 + "_" + "A" * 43, "rp" + other[2:], "é\x00"):
        answer = sender.post(b"[]", key=key)
        assert answer.status_code == 401, key
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert Client().post("/api/v1/events", b"[]", BATCH).status_code == 401


def test_a_revoked_key(sender: Sender, source: Source) -> None:
    key = make_key(source, Scope.EVENTS_WRITE)
    assert sender.batch(ended_event(), key=key).status_code == 202
    row = SourceKey.objects.get(public_id=key.split("_")[1])
    sources.revoke_key(key=row, now=timezone.now(), actor=Actor.task("test"))

    assert sender.batch(ended_event(), key=key).status_code == 401


def test_a_key_without_the_scope(sender: Sender, source: Source) -> None:
    key = make_key(source, Scope.STATUS_READ, Scope.POLICY_READ)
    answer = sender.batch(ended_event(), key=key)

    assert answer.status_code == 403
    assert "events:write" in answer.json()["detail"]
    assert_nothing_stored()


def test_another_method(sender: Sender) -> None:
    answer = sender._client.get("/api/v1/events")

    assert answer.status_code in (401, 405)
    assert answer.headers["Content-Type"] == "application/problem+json"


# --- When the database is away ------------------------------------------------------------------


@pytest.mark.parametrize("failure", [OperationalError("gone"), InterfaceError("closed")])
def test_a_database_that_fails_underway_is_a_503(sender: Sender, failure: Exception) -> None:
    """Each kind of error that Django has for it; test_events_server.py takes it really away."""

    def fail(*_: Any) -> Any:
        raise failure

    with connection.execute_wrapper(fail):
        answer = sender.batch(ended_event())

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
