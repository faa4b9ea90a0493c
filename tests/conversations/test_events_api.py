"""``POST /api/v1/events`` over HTTP: what is taken, what is refused, and how it is said."""

from __future__ import annotations

import gzip
import json
import resource
import tracemalloc
from io import BytesIO
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
from tests.factories import ended_event, make_key
from tests.sender import BATCH, MARKER, STRUCTURED, Sender, assert_nothing_stored, said

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024


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
