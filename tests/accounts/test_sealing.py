"""Sealing the ledger: every line once, in the order of ids, whoever commits when."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from structlog.testing import capture_logs

from accounts import sealing
from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, LedgerSeal
from accounts.sealing import BEHIND, lag, seal
from accounts.tasks import seal_ledger
from accounts.verifying import verify
from config.celery import app
from tests.concurrency import PATIENCE, at_once
from tests.factories import NOW


@transaction.atomic
def line() -> LedgerEntry:
    return record(actor=Actor.task("t"), action="a.b", obj="case", object_id=7, at=NOW)


def undone() -> None:
    """A line whose transaction is rolled back: its id is never there."""

    class _Undone(Exception):
        pass

    try:
        with transaction.atomic():
            line()
            raise _Undone
    except _Undone:
        pass


@pytest.mark.django_db
def test_of_nothing_there_is_no_seal() -> None:
    assert seal(now=NOW) == 0
    assert not LedgerSeal.objects.exists()
    assert lag(now=NOW) == timedelta()


@pytest.mark.django_db
def test_each_seal_covers_what_came_since_the_one_before() -> None:
    one = line()
    undone()
    two = line()
    assert seal(now=NOW) == 1
    assert seal(now=NOW) == 0
    three = line()
    assert lag(now=NOW + timedelta(minutes=1)) == timedelta(minutes=1)
    later = NOW + timedelta(minutes=2)
    assert seal(now=later) == 1
    assert lag(now=later) == timedelta()

    first, second = LedgerSeal.objects.order_by("number")
    assert (first.number, first.first_id, first.last_id, first.count) == (1, one.pk, two.pk, 2)
    assert (second.number, second.first_id, second.last_id, second.count) == (
        2,
        three.pk,
        three.pk,
        1,
    )
    assert (bytes(first.previous), bytes(second.previous)) == (bytes(32), bytes(first.digest))
    assert (first.sealed_at, second.sealed_at) == (NOW, later)


@pytest.mark.django_db
def test_a_long_ledger_is_sealed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_LINES", 3)
    monkeypatch.setattr(sealing, "_PAGE", 2)
    for _ in range(7):
        line()
    assert seal(now=NOW) == 3
    assert [*LedgerSeal.objects.order_by("number").values_list("count", flat=True)] == [3, 3, 1]
    assert verify().lines == 7


@pytest.mark.django_db
def test_what_there_is_no_time_for_waits_and_is_warned_of() -> None:
    line()
    with capture_logs() as logs:
        assert seal(now=NOW + BEHIND, time_is_up=lambda: True) == 0
        assert logs == []
        seal(now=NOW + BEHIND + timedelta(seconds=1), time_is_up=lambda: True)
    assert logs == [{"event": "ledger.unsealed", "log_level": "warning", "seconds": 601}]


@pytest.mark.django_db
def test_the_log_keeps_each_digest() -> None:
    entry = line()
    with capture_logs() as logs:
        seal(now=NOW)
    assert logs == [
        {
            "event": "ledger.sealed",
            "log_level": "info",
            "seal": 1,
            "first_id": entry.pk,
            "last_id": entry.pk,
            "lines": 1,
            "digest": bytes(LedgerSeal.objects.get().digest).hex(),
        }
    ]


@pytest.mark.django_db
def test_the_task_seals_every_minute() -> None:
    line()
    seal_ledger()
    assert LedgerSeal.objects.get().count == 1
    assert app.conf.beat_schedule["accounts.tasks.seal_ledger"]["schedule"] == 60


@pytest.mark.django_db
def test_metrics_tell_how_old_the_oldest_unsealed_line_is(client: Client) -> None:
    def told() -> float:
        page = client.get("/metrics").text
        (value,) = re.findall(r"^recourse_ledger_unsealed_seconds (\S+)$", page, re.MULTILINE)
        return float(value)

    assert told() == 0
    with transaction.atomic():
        record(
            actor=Actor.task("t"),
            action="a.b",
            obj="case",
            object_id=7,
            at=timezone.now() - timedelta(hours=1),
        )
    assert 3600 <= told() < 3660
    seal_ledger()
    assert told() == 0


@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_committed_late_is_not_left_out() -> None:
    drawn, go_on = Event(), Event()

    def write_slowly() -> int:
        try:
            with transaction.atomic():
                entry = line()
                drawn.set()
                assert go_on.wait(PATIENCE)
            return entry.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_slowly)
        try:
            assert drawn.wait(PATIENCE)
            higher = line()
            sealed_meanwhile = seal(now=NOW)
        finally:
            go_on.set()
        lower = writing.result(PATIENCE)

    assert lower < higher.pk
    assert sealed_meanwhile == 0
    assert seal(now=NOW) == 1
    made = LedgerSeal.objects.get()
    assert (made.first_id, made.last_id, made.count) == (lower, higher.pk, 2)
    assert verify().holds


@pytest.mark.django_db(transaction=True)
def test_of_several_who_seal_at_once_one_does() -> None:
    for _ in range(5):
        line()
    outcomes = at_once(*[lambda: seal(now=NOW)] * 3)
    assert sorted(outcomes, key=str) == [0, 0, 1]
    assert LedgerSeal.objects.get().count == 5


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_out_while_many_write_and_seal() -> None:
    def write() -> int:
        for number in range(20):
            undone() if number % 5 == 0 else line()
        return 16

    def keep_sealing() -> int:
        return sum(seal(now=NOW) for _ in range(10))

    calls: list[Callable[[], int]] = [write, write, write, keep_sealing, keep_sealing]
    outcomes = at_once(*calls)
    assert outcomes[:3] == [16] * 3
    made = sum(number for number in outcomes[3:] if isinstance(number, int))
    made += seal(now=NOW)

    report = verify()
    assert report.holds
    assert (report.lines, report.seals, report.unsealed) == (48, made, 0)
