"""``manage.py verify_ledger``: whatever was tampered with is found, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts import sealing
from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, LedgerSeal
from accounts.sealing import seal
from accounts.verifying import Kind, verify
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LINES = "accounts_ledgerentry"
SEALS = "accounts_ledgerseal"


def line(number: int) -> int:
    with transaction.atomic():
        entry = record(
            actor=Actor.task("t"),
            action="a.b",
            obj="case",
            object_id=number,
            details={"n": number},
            at=NOW,
        )
    return entry.pk


@pytest.fixture
def ids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Six lines in two seals of three; the id behind the first one's is free."""
    monkeypatch.setattr(sealing, "MOST_LINES", 3)
    first = line(0)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT nextval(pg_get_serial_sequence('{LINES}', 'id'))")
    made = [first, *(line(number) for number in range(1, 6))]
    assert seal(now=NOW) == 2
    assert verify().holds
    return made


def tamper(*statements: str) -> None:
    """Do *statements* as somebody would who may do anything in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in (LINES, SEALS):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        for table in (LINES, SEALS):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def change(table: str, what: str) -> Callable[[int], str]:
    """The statement that changes the row of *table* with a key."""
    key = "id" if table == LINES else "number"
    return lambda row: f"UPDATE {table} SET {what} WHERE {key} = {row}"  # noqa: S608 - tampering


def delete(table: str) -> Callable[[int], str]:
    key = "id" if table == LINES else "number"
    return lambda row: f"DELETE FROM {table} WHERE {key} = {row}"  # noqa: S608 - tampering


def copy(row: int, to: int) -> str:
    rest = "at, actor_id, agent, action, object_type, object_id, details, request_id"
    return (
        f"INSERT INTO {LINES} (id, {rest})"  # noqa: S608 - tampering
        f" SELECT {to}, {rest} FROM {LINES} WHERE id = {row}"
    )


def swap(one: int, other: int) -> list[str]:
    return [change(LINES, f"id = {to}")(row) for row, to in ((one, 0), (other, one), (0, other))]


Tampering = Callable[[list[int]], list[str]]
OF_LINES: dict[str, tuple[Tampering, Kind, int]] = {
    "details": (
        lambda ids: [change(LINES, """details = '{"n": 9}'""")(ids[0])],
        Kind.LINES_CHANGED,
        1,
    ),
    "time": (
        lambda ids: [change(LINES, "at = at - interval '1 microsecond'")(ids[4])],
        Kind.LINES_CHANGED,
        2,
    ),
    "who": (lambda ids: [change(LINES, "agent = 'task:u'")(ids[5])], Kind.LINES_CHANGED, 2),
    "swapped": (lambda ids: swap(ids[3], ids[4]), Kind.LINES_CHANGED, 2),
    "swapped over a seal": (lambda ids: swap(ids[2], ids[3]), Kind.LINES_CHANGED, 1),
    "no time": (lambda ids: [change(LINES, "at = 'infinity'")(ids[1])], Kind.UNREADABLE, 1),
    "deleted": (lambda ids: [delete(LINES)(ids[1])], Kind.LINES_MISSING, 1),
    "deleted at an end": (lambda ids: [delete(LINES)(ids[5])], Kind.LINES_MISSING, 2),
    "all deleted": (lambda ids: [*map(delete(LINES), ids)], Kind.LINES_MISSING, 1),
    "added in a gap": (lambda ids: [copy(ids[4], ids[0] + 1)], Kind.LINES_ADDED, 1),
    "added before all": (lambda ids: [copy(ids[4], -5)], Kind.LINES_ADDED, 1),
}
OF_SEALS: dict[str, tuple[Tampering, Kind, int]] = {
    "digest": (
        lambda _: [change(SEALS, "digest = sha256('x')")(1)],
        Kind.LINES_CHANGED,
        1,
    ),
    "last digest": (lambda _: [change(SEALS, "digest = sha256('x')")(2)], Kind.LINES_CHANGED, 2),
    "seal before": (lambda _: [change(SEALS, "previous = sha256('x')")(2)], Kind.SEAL_CHANGED, 2),
    "its time": (
        lambda _: [change(SEALS, "sealed_at = sealed_at + interval '1 hour'")(2)],
        Kind.LINES_CHANGED,
        2,
    ),
    "its count": (lambda _: [change(SEALS, "count = 2")(1)], Kind.SEAL_CHANGED, 1),
    "its first id": (
        lambda _: [change(SEALS, "first_id = first_id - 1")(2)],
        Kind.SEAL_CHANGED,
        2,
    ),
    "its last id": (lambda _: [change(SEALS, "last_id = last_id + 1")(2)], Kind.SEAL_CHANGED, 2),
    "removed": (lambda _: [delete(SEALS)(1)], Kind.SEALS_MISSING, 2),
    "removed with its lines": (
        lambda ids: [delete(SEALS)(1), *map(delete(LINES), ids[:3])],
        Kind.SEALS_MISSING,
        2,
    ),
}
TAMPERING = {f"lines: {name}": what for name, what in OF_LINES.items()} | {
    f"seals: {name}": what for name, what in OF_SEALS.items()
}


@pytest.mark.parametrize("name", TAMPERING)
def test_what_was_tampered_with_is_found(ids: list[int], name: str) -> None:
    statements, kind, number = TAMPERING[name]
    tamper(*statements(ids))
    report = verify()
    assert report.first is not None
    assert (report.first.kind, report.first.seal.number) == (kind, number)
    with pytest.raises(CommandError) as failed:
        call_command("verify_ledger", stdout=StringIO())
    assert failed.value.returncode == 1


def run(**options: Any) -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out, **options)
    return out.getvalue()


def test_an_empty_ledger_holds() -> None:
    assert run() == "0 lines in 0 seals hold; 0 lines are not sealed yet.\n"
    assert json.loads(run(json=True)) == {
        "holds": True,
        "lines": 0,
        "seals": 0,
        "last_digest": None,
        "last_sealed_at": None,
        "unsealed": 0,
        "unsealed_since": None,
        "expected": None,
        "broken": 0,
        "first": None,
    }


def test_a_whole_ledger_holds_and_new_lines_are_sealed_first(ids: list[int]) -> None:
    line(6)
    said = run()
    last = LedgerSeal.objects.get(number=3)
    assert said == (
        "7 lines in 3 seals hold; 0 lines are not sealed yet.\n"
        f"The last seal is 3, digest {bytes(last.digest).hex()}\n"
    )


def test_what_is_not_sealed_yet_is_counted(ids: list[int]) -> None:
    line(6)
    report = verify()
    assert report.holds
    assert (report.lines, report.unsealed, report.unsealed_since) == (6, 1, NOW)


def test_the_first_seal_that_does_not_hold_is_told_with_its_ids_and_times(
    ids: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    line(6)
    seal(now=NOW + timedelta(hours=1))
    tamper(*map(delete(LINES), ids[4:6]))
    with pytest.raises(CommandError, match="does not hold"):
        call_command("verify_ledger")
    assert capsys.readouterr().out.startswith(
        "Seal 2 does not hold. Lines were deleted, or the seal was changed.\n"
        f"  ids: {ids[2] + 1} to {ids[5]}\n"
        "  sealed: between 2026-11-20 12:00:00 UTC and 2026-11-20 12:00:00 UTC\n"
        "  lines: 3 were sealed, 1 were read\n"
        "The last seal is 3, digest "
    )


def test_all_seals_that_do_not_hold_are_counted(ids: list[int]) -> None:
    tamper(*map(change(LINES, "action = 'x'"), ids))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_ledger", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["holds"], told["broken"], told["lines"]) == (False, 2, 6)
    assert told["first"] == {
        "kind": "lines_changed",
        "seal": 1,
        "from_id": None,
        "to_id": ids[2],
        "sealed_after": None,
        "sealed_at": NOW.isoformat(),
        "lines_sealed": 3,
        "lines_read": 3,
    }


@pytest.mark.parametrize("how", ["seals", "seals and lines", "everything"])
def test_a_chain_that_was_cut_off_lacks_the_digest_that_the_log_kept(
    ids: list[int], how: str
) -> None:
    kept = [bytes(made.digest).hex() for made in LedgerSeal.objects.order_by("number")]
    assert run(expect=bytes.fromhex(kept[1]))
    numbers, lines = {
        "seals": ([2], []),
        "seals and lines": ([2], ids[3:]),
        "everything": ([1, 2], ids),
    }[how]
    tamper(*map(delete(SEALS), numbers), *map(delete(LINES), lines))
    if how == "everything":
        assert not LedgerEntry.objects.exists()
    else:
        assert "hold" in run(expect=bytes.fromhex(kept[0]))
    assert " seals hold;" in run()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_ledger", "--expect", kept[1], stdout=out)
    assert out.getvalue().startswith("No seal has the digest that was expected")


@pytest.mark.parametrize("text", ["", "abc", "00" * 31, "x" * 64])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="64 hexadecimal digits"):
        call_command("verify_ledger", "--expect", text)
