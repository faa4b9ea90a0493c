"""What PostgreSQL breaks off because others are at it too is tried again, and no sender knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connection

from conversations.models import Cutoff, Event, ParkedEvent, Source
from conversations.services.intake import ATTEMPTS
from conversations.signals import cutoffs_recorded
from reviews.models import Case
from tests.concurrency import PATIENCE, at_once
from tests.factories import ended_event, make_source, record

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def behind_intake(receiver: Callable[..., None]) -> Iterator[None]:
    """Have *receiver* run in the transaction of each batch."""
    cutoffs_recorded.connect(receiver, dispatch_uid="test", weak=False)
    try:
        yield
    finally:
        cutoffs_recorded.disconnect(dispatch_uid="test")


@pytest.mark.parametrize("events", [1, 3], ids=["single", "batch"])
def test_two_that_wait_for_one_another_are_both_stored(events: int) -> None:
    one, other = make_source(), make_source()
    both_hold_one = Barrier(2)
    begun: list[int] = []
    broken: list[str] = []

    def cross(cutoff_ids: list[Any], **_: object) -> None:
        mine = Cutoff.objects.get(pk=cutoff_ids[0]).source_id
        _lock(mine)
        again = mine in begun
        begun.append(mine)
        if again:
            return
        both_hold_one.wait(PATIENCE)
        try:
            _lock(other.pk if mine == one.pk else one.pk)
        except OperationalError as error:
            broken.append(getattr(error.__cause__, "sqlstate", ""))
            raise

    with behind_intake(cross):
        outcomes = at_once(
            *(
                partial(record, source, *(ended_event() for _ in range(events)))
                for source in (one, other)
            )
        )

    assert broken == ["40P01"], "PostgreSQL broke one deadlock"
    for outcome in outcomes:
        assert isinstance(outcome, list), outcome
        assert [result.status for result in outcome] == ["accepted"] * events
    assert Event.objects.count() == Cutoff.objects.count() == Case.objects.count() == 2 * events
    assert not ParkedEvent.objects.exists()


def _lock(source_id: int) -> None:
    Source.objects.select_for_update().get(pk=source_id)


def _fails(state: str, times: int) -> tuple[Callable[..., None], list[str]]:
    """A receiver on which PostgreSQL fails with *state* so many times; what it was called for."""
    called: list[str] = []

    def fail(**_: object) -> None:
        called.append(state)
        if len(called) <= times:
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")

    return fail, called


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_the_third_attempt_stores_it(state: str) -> None:
    fail, called = _fails(state, ATTEMPTS - 1)
    with behind_intake(fail):
        (result,) = record(make_source(), ended_event())
    assert (result.status, len(called)) == ("accepted", 3)
    assert Cutoff.objects.count() == Case.objects.count() == 1


@pytest.mark.parametrize(("state", "attempts"), [("40P01", 3), ("40001", 3), ("53100", 1)])
def test_after_three_or_for_another_reason_the_sender_is_told(state: str, attempts: int) -> None:
    fail, called = _fails(state, 99)
    with behind_intake(fail), pytest.raises(OperationalError):
        record(make_source(), ended_event())
    assert len(called) == attempts
    assert not Event.objects.exists()
    assert not ParkedEvent.objects.exists()
