"""How a seal's digest is made: fixed for ever, since no seal could be checked otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest

from accounts.models import LedgerEntry
from accounts.seals import NOTHING, Digest, Line

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DECIDED = Line(
    id=7,
    at=datetime(2026, 11, 20, 11, 59, 59, 123456, tzinfo=UTC),
    actor_id=3,
    agent="",
    action="case.decided",
    object_type="case",
    object_id="42",
    details={"b": [1, 0.5, None], "a": "é"},
    request_id="r-1",
)
SETTLED = Line(
    id=9,
    at=datetime(2026, 11, 20, 13, 0, tzinfo=timezone(timedelta(hours=1))),
    actor_id=None,
    agent="task:settle",
    action="case.settled",
    object_type="case",
    object_id="42",
    details={},
    request_id="",
)


def digest_of(*lines: Line, previous: bytes = NOTHING, at: datetime = NOON) -> bytes:
    digest = Digest(previous=previous, sealed_at=at)
    for line in lines:
        digest.add(line)
    return digest.value()


def test_the_digest_of_two_lines_is_what_it_always_was() -> None:
    assert (
        digest_of(DECIDED, SETTLED).hex()
        == "4e37de851b14b7324f5872015548b78098972fc4d4e9d9c78b3e2f49806b2520"
    )


def test_the_documents_are_written_as_they_are_described() -> None:
    documents = [
        f'{{"format":1,"previous":"{"00" * 32}","sealed_at":1795176000000000}}',
        (
            '{"action":"case.decided","actor_id":3,"agent":"","at":1795175999123456,'
            '"details":{"a":"\\u00e9","b":[1,0.5,null]},"id":7,"object_id":"42",'
            '"object_type":"case","request_id":"r-1"}'
        ),
        (
            '{"action":"case.settled","actor_id":null,"agent":"task:settle",'
            '"at":1795176000000000,"details":{},"id":9,"object_id":"42",'
            '"object_type":"case","request_id":""}'
        ),
    ]
    written = b"".join(len(text).to_bytes(8, "big") + text.encode() for text in documents)
    assert digest_of(DECIDED, SETTLED) == sha256(written).digest()


def test_every_column_of_the_ledger_is_covered() -> None:
    assert set(Line._fields) == {field.attname for field in LedgerEntry._meta.concrete_fields}


@pytest.mark.parametrize(
    "change",
    [
        {"id": 6},
        {"at": DECIDED.at + timedelta(microseconds=1)},
        {"actor_id": None},
        {"actor_id": 4},
        {"agent": "x"},
        {"action": "case.decide"},
        {"object_type": "cas"},
        {"object_id": "4"},
        {"details": {"b": [1, 0.5, None]}},
        {"details": {"b": [1, 0.5, False], "a": "é"}},
        {"request_id": ""},
    ],
    ids=str,
)
def test_whatever_changes_changes_the_digest(change: dict[str, Any]) -> None:
    assert digest_of(DECIDED._replace(**change), SETTLED) != digest_of(DECIDED, SETTLED)


def test_the_seal_before_the_time_and_the_order_are_covered() -> None:
    same = digest_of(DECIDED, SETTLED)
    assert digest_of(DECIDED, SETTLED, previous=sha256().digest()) != same
    assert digest_of(DECIDED, SETTLED, at=NOON + timedelta(microseconds=1)) != same
    assert digest_of(SETTLED, DECIDED) != same
    assert digest_of(DECIDED) != same


def test_what_it_covers_is_counted() -> None:
    digest = Digest(previous=NOTHING, sealed_at=NOON)
    assert digest.count == 0
    for line in (DECIDED, SETTLED):
        digest.add(line)
    assert (digest.first_id, digest.last_id, digest.count) == (7, 9, 2)


def test_one_moment_is_one_moment_in_every_zone() -> None:
    elsewhere = SETTLED._replace(at=SETTLED.at.astimezone(UTC))
    assert digest_of(elsewhere) == digest_of(SETTLED)
