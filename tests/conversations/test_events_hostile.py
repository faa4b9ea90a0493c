"""A hostile sender at a real server: odd addresses, odd bodies, odd headers. Never a 5xx."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import zstandard

from conversations.models import Event
from tests.conversations.test_events_server import BATCH, MIB, database_url, server
from tests.factories import ended_event, make_key, make_source, record

STRUCTURED = "application/cloudevents+json"

pytestmark = pytest.mark.django_db(transaction=True)


class Hostile:
    """A source with every scope, at a server of its own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.source = make_source()
        self.key = make_key(self.source)
        self.client = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {self.key}"}, timeout=60
        )

    def post(self, content: Any, kind: str = BATCH, **headers: str) -> httpx.Response:
        """Send *content* as events."""
        sent = {"Content-Type": kind} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.post("/api/v1/events", content=content, headers=sent)

    def raw(self, head: str, body: bytes = b"") -> int:
        """The status of a request written by hand; 0 where the server hangs up without one."""
        where = urlsplit(self.address)
        assert where.hostname
        assert where.port
        with socket.create_connection((where.hostname, where.port), timeout=30) as wire:
            auth = f"Host: localhost\r\nAuthorization: Bearer {self.key}\r\nConnection: close\r\n"
            first, _, rest = head.partition("\r\n")
            wire.sendall(f"{first}\r\n{auth}{rest}\r\n\r\n".encode() + body)
            wire.shutdown(socket.SHUT_WR)
            said = b""
            while piece := wire.recv(65536):
                said += piece
        found = re.match(rb"HTTP/1\.1 (\d+)", said)
        return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[str]:
    with server(tmp_path_factory.mktemp("hostile") / "log", database_url()) as found:
        yield found


@pytest.fixture
def hostile(address: str) -> Iterator[Hostile]:
    sender = Hostile(address)
    yield sender
    sender.client.close()


ODD_IDS = [
    "\x00",
    "a\x00b",
    "",
    " ",
    "a/b",
    "../..",
    "..",
    "%2F",
    "%00",
    "?#&=",
    "é\u202eñ",
    "😀" * 64,
    "x" * 256,
    "x" * 257,
    "x" * 5000,
    "\r\n",
    "status",
]


@pytest.mark.parametrize("odd", ODD_IDS)
def test_an_odd_id_is_known_or_not_and_nothing_else(hostile: Hostile, odd: str) -> None:
    by_query = hostile.client.get("/api/v1/conversations/status", params={"id": odd})
    assert by_query.status_code == 404
    assert by_query.headers["Content-Type"] == "application/problem+json"
    by_path = hostile.client.get(f"/api/v1/conversations/{quote(odd, safe='')}/status")
    assert by_path.status_code in (400, 404)
    named = hostile.client.get("/api/v1/conversations/status", params={"source": odd, "id": "x"})
    assert named.status_code == 404


@pytest.mark.parametrize("raw", ["%ff", "%ed%a0%80", "%", "%zz", "%00"])
def test_bytes_that_are_no_text_are_no_id(hostile: Hostile, raw: str) -> None:
    for target in (
        f"/api/v1/conversations/status?id={raw}",
        f"/api/v1/conversations/status?source={raw}",
        f"/api/v1/conversations/{raw}/status",
        f"/api/v1/policies/active?conversation_id={raw}&model={raw}&surface={raw}&locale={raw}",
    ):
        assert 200 <= hostile.raw(f"GET {target} HTTP/1.1") < 500, target


@pytest.mark.parametrize("known", ["a/b", "é\u202eñ", "x" * 256, "?#&=%2F", "😀" * 64, "status"])
def test_an_id_that_was_taken_is_found_by_both_addresses(hostile: Hostile, known: str) -> None:
    (result,) = record(hostile.source, ended_event(conversation={"id": known}))
    assert result.status == "accepted", result.errors
    found = hostile.client.get("/api/v1/conversations/status", params={"id": known})
    assert (found.status_code, found.json()["id"]) == (200, known)
    if "/" not in known:
        found = hostile.client.get(f"/api/v1/conversations/{quote(known, safe='')}/status")
        assert (found.status_code, found.json()["id"]) == (200, known)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("*", 304),
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('"other",W/{tag},"third"', 304),
        ('"other"', 200),
        ("", 200),
        ('"{tag}', 200),
        (",,,", 200),
        ('"a,b", {tag}', 304),
    ],
)
def test_each_form_of_if_none_match(hostile: Hostile, sent: str, status: int) -> None:
    record(hostile.source, ended_event(conversation={"id": "c1"}))
    url = "/api/v1/conversations/c1/status"
    tag = hostile.client.get(url).headers["ETag"]
    answer = hostile.client.get(url, headers={"If-None-Match": sent.format(tag=tag)})
    assert answer.status_code == status
    assert answer.headers["ETag"] == tag
    assert (answer.content == b"") == (status == 304)


@pytest.mark.parametrize(
    "path",
    ["feedback", "subjects/erase", "policies/evaluate"],
)
def test_a_chunked_body_is_read_whole_or_refused(hostile: Hostile, path: str) -> None:
    """Never taken for an empty one: RFC 9112 lets a sender leave the length out."""
    url, body = f"/api/v1/{path}", b'{"conversation_id": "nobody", "surprised": true, "odd": 1}'
    headers = {"Content-Type": "application/json"}
    plain = hostile.client.post(url, content=body, headers=headers)
    chunked = hostile.client.post(url, content=iter([body[:9], body[9:]]), headers=headers)
    assert (chunked.status_code, chunked.json().get("errors")) in (
        (plain.status_code, plain.json().get("errors")),
        (411, None),
    )


@pytest.mark.parametrize("path", ["feedback", "subjects/erase", "policies/evaluate"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"1" * 100_000,
        b'{"conversation_id": "\\u0000", "surprised": true, "user_id": "\\u0000", "reason": "x"}',
        b'{"conversation_id": "\\ud800", "surprised": true, "user_id": "\\ud800", "reason": "x"}',
        b'{"conversation_id": "\xff", "surprised": true}',
        b'{"conversation_id": 1e999, "surprised": NaN}',
        b'{"conversation_id": {}, "surprised": [], "reason": {}, "comment": {}, "appeal": {}}',
        b'{"conversation_id": "x", "surprised": true, "comment": "\\ud83d"}',
        b" " * (3 * MIB),
    ],
    ids=lambda body: f"{len(body)}-{body[:8].hex()}",
)
def test_a_body_that_is_no_question_is_a_clear_4xx(
    hostile: Hostile, path: str, body: bytes
) -> None:
    answer = hostile.client.post(
        f"/api/v1/{path}", content=body, headers={"Content-Type": "application/json"}
    )
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"


def bomb(encoding: str, size: int) -> bytes:
    """*size* zeros, squeezed; gzip within gzip for the smallest."""
    zeros = b"\x00" * size
    return gzip.compress(zeros) if encoding == "gzip" else zstandard.compress(zeros, 19)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_too_large(hostile: Hostile, encoding: str) -> None:
    squeezed = bomb(encoding, 64 * MIB)
    assert hostile.post(squeezed, Content_Encoding=encoding).status_code == 413
    assert hostile.post(squeezed[:-9], Content_Encoding=encoding).status_code == 413
    assert hostile.post(squeezed, Content_Encoding=f"{encoding}, {encoding}").status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000,
        b"[1e999999]",
        b"[" + b"9" * 1_000_000 + b"]",
        b"[-0, NaN, Infinity]",
        b'["\\ud800"]',
        b"\xff\xfe[\x00]\x00",
        b"\xef\xbb\xbf[]",
        b"[{}" + b",{}" * 1000 + b"]",
        b"[" + b"0," * 8_000_000 + b"0]",
        b'[{"id": "\xff"}]',
    ],
    ids=lambda body: f"{len(body)}-{body[:8].hex()}",
)
def test_a_batch_that_is_none_is_a_clear_4xx(hostile: Hostile, body: bytes) -> None:
    answer = hostile.post(body)
    assert 400 <= answer.status_code < 500
    assert hostile.post(body, STRUCTURED).status_code in (400, 413, 422)
    assert Event.objects.count() == 0


def _with(member: str, value: str) -> bytes:
    """An event whose JSON says *value*, written out, for *member* of its data."""
    event = ended_event()
    event["data"][member] = "PLACE"
    return json.dumps([event]).replace('"PLACE"', value).encode()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("odd", "1e400"),
        ("odd", "9" * 5000),
        ("odd", "1" + "0" * 400),
        ("odd", "[" * 900 + "]" * 900),
        ("odd", "[" * 100_000 + "]" * 100_000),
        ("odd", '"\\ud800\\u0000"'),
        ("odd\\ud800", "1"),
        ("od\x00d", "1"),
        ("odd\ud800", '"x"'),
        ("odd", '{"\\u0000": 1, "\\ud800": {"\\udfff": null}}'),
        ("odd", '{"a": 1, "a": 2}'),
        ("signals", '{"severity": 1e400}'),
        ("signals", '{"refusals": ' + "9" * 400 + "}"),
        ("signals", '{"severity": 0.1, "severity": 0.9}'),
    ],
    ids=lambda value: f"{len(value)}-{value[:10].encode('utf-8', 'replace').hex()}",
)
def test_what_is_odd_beside_an_event_is_kept_or_refused(
    hostile: Hostile, member: str, value: str
) -> None:
    body = _with(member, value)
    answer = hostile.post(body)
    assert answer.status_code in (202, 400, 422), answer.text[:300]
    again = hostile.post(body)
    assert again.status_code == answer.status_code
    assert again.json().get("duplicates", 0) == answer.json().get("accepted", 0)
    assert Event.objects.count() == (answer.status_code == 202)


def test_a_thousand_months_in_one_batch(hostile: Hostile) -> None:
    """Only those since 2015 can be; each of them has, or gets, a place."""
    events = [
        ended_event(time=f"{1950 + number // 12}-{number % 12 + 1:02}-10T00:00:00Z")
        for number in range(1000)
    ]
    answer = hostile.post(json.dumps(events).encode())
    assert answer.status_code == 207
    codes = {e["code"] for r in answer.json()["results"] for e in r.get("errors", [])}
    assert codes == {"time_out_of_range"}
    assert answer.json()["accepted"] == Event.objects.count() > 100


@pytest.mark.parametrize(
    ("head", "body", "statuses"),
    [
        ("Content-Length: 10", b"[", {0, 400, 408}),
        ("Content-Length: 1", b"[{}]", {400, 0}),
        ("Content-Length: -1", b"", {0, 400}),
        ("Content-Length: x", b"[]", {0, 400, 411}),
        ("Content-Length: 99999999999999999999", b"[]", {0, 400, 413}),
        ("Content-Length: 2\r\nContent-Length: 3", b"[] ", {0, 400}),
        ("Content-Length: 2\r\nTransfer-Encoding: chunked", b"2\r\n[]\r\n0\r\n\r\n", {0, 400}),
        ("Transfer-Encoding: chunked", b"ffffffffffffffff\r\n[]", {0, 400, 413}),
        ("Transfer-Encoding: chunked", b"2\r\n[", {0, 400}),
        ("Transfer-Encoding: gzip", b"[]", {0, 400, 411, 501}),
        ("", b"", {400, 411}),
    ],
)
@pytest.mark.parametrize("kind", [BATCH, "application/json"])
def test_lengths_that_lie(
    hostile: Hostile, head: str, body: bytes, statuses: set[int], kind: str
) -> None:
    path = "events" if kind == BATCH else "feedback"
    status = hostile.raw(f"POST /api/v1/{path} HTTP/1.1\r\nContent-Type: {kind}\r\n{head}", body)
    assert status in statuses | {411}
    assert hostile.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"ce-id": "%E2%82%AC"}, 202),
        ({"ce-id": "%00"}, 422),
        ({"ce-id": "%ZZ%"}, 202),
        ({"ce-id": "x" * 257}, 422),
        ({"ce-id": ""}, 422),
        ({"ce-data": "mine"}, 202),
        ({"ce-subject": "\u00e9".encode().decode("latin-1")}, 202),
        ({"ce-type": "recourse.unknown.v1"}, 422),
        ({"ce-specversion": "0.3"}, 422),
        ({"ce-time": "yesterday"}, 422),
        ({"ce-time": "9999-12-31T23:59:59Z"}, 422),
        ({"ce-odd_name": "x", "ce-": "x", "ce-ODD": "x"}, 202),
    ],
)
def test_events_in_headers(hostile: Hostile, headers: dict[str, str], status: int) -> None:
    event = ended_event()
    body = json.dumps(event.pop("data")).encode()
    sent = {f"ce-{name}": str(value) for name, value in event.items()} | headers
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    answer = hostile.client.post(
        "/api/v1/events", content=body, headers=[*raw, (b"Content-Type", b"application/json")]
    )
    assert answer.status_code == status, answer.text


def test_an_id_in_a_header_is_the_same_as_in_a_body(hostile: Hostile) -> None:
    event = ended_event(id="euro €")
    assert hostile.post(json.dumps(event).encode(), STRUCTURED).status_code == 202
    body = json.dumps(event.pop("data")).encode()
    headers = {f"ce-{name}": str(value) for name, value in event.items()}
    headers |= {"ce-id": "euro%20%E2%82%AC", "Content-Type": "application/json"}
    answer = hostile.client.post("/api/v1/events", content=body, headers=headers)
    assert answer.json()["duplicates"] == 1


METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "POST", "ODD"]


@pytest.mark.parametrize(
    "path",
    [
        *("v1/events", "v1/feedback", "v1/conversations/x/status", "v1/conversations/status"),
        *("v1/policies/active", "v1/policies/evaluate", "v1/subjects/erase", "v1/cases"),
        *("v1/cases/claim-next", "v1/nothing", "schema"),
    ],
)
def test_each_method_at_each_address(hostile: Hostile, path: str) -> None:
    for method in METHODS:
        _is_answered(hostile, method, path)


def _is_answered(hostile: Hostile, method: str, path: str) -> None:
    answer = hostile.client.request(method, f"/api/{path}")
    assert answer.status_code < 500
    if method == "HEAD":
        assert answer.content == b""
    elif answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    if answer.status_code == 405:
        assert answer.headers["Allow"]
