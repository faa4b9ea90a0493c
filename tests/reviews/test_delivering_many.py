"""Leases, and many at once: nothing is sent by two, lost, or out of order."""

from __future__ import annotations

import os
import random as chance
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from time_machine import Traveller

from conversations.models import Source
from reviews.models import Delivery, Outcome
from reviews.posting import Answer
from reviews.services import delivering
from tests.concurrency import at_once
from tests.receiver import Received, Receiver, Reply, receiving
from tests.reviews.outcomes import (
    a_clock,
    all_delivered,
    deliver,
    deliver_until,
    listening,
    states,
    wait_for_sending,
)

pytestmark = pytest.mark.django_db

#: Outcomes of the long run; OUTCOMES=10000 for the figures in docs/performance.md.
OUTCOMES = int(os.environ.get("OUTCOMES", "300"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with a_clock() as found:
        yield found


# --- Leases -------------------------------------------------------------------------------------


def test_what_somebody_holds_nobody_else_sends(receiver: Receiver, source: Source) -> None:
    wait_for_sending(listening(receiver, source), [1, 1, 2])
    now = timezone.now()
    held = delivering.claim(now=now, most=10, most_flags=10)
    assert [one.outcome.data["place"] for one in held] == [0, 2]
    assert delivering.claim(now=now, most=10, most_flags=10) == []

    over = now + delivering.LEASE
    again = delivering.claim(now=over, most=10, most_flags=10)
    assert [one.pk for one in again] == [one.pk for one in held]


def test_what_is_noted_under_a_lease_that_is_lost_counts_nothing(
    receiver: Receiver, source: Source
) -> None:
    wait_for_sending(listening(receiver, source), [1])
    now = timezone.now()
    (first,) = delivering.claim(now=now, most=1, most_flags=1)
    (second,) = delivering.claim(now=now + delivering.LEASE, most=1, most_flags=1)
    answer = Answer(now, timedelta(), None, status=204)
    delivering.note([(first, answer)], random=chance.random)
    assert states() == [("waiting", "", 0)]
    delivering.note([(second, answer)], random=chance.random)
    assert states() == [("delivered", "", 1)]


@pytest.mark.django_db(transaction=True)
def test_no_two_claim_the_same() -> None:
    with receiving() as receiver:
        wait_for_sending(listening(receiver), list(range(40)))
        now = timezone.now()

        def take() -> list[int]:
            return [one.pk for one in delivering.claim(now=now, most=6, most_flags=6)]

        taken = at_once(*[take] * 4)
    keys_taken = [key for one in taken if isinstance(one, list) for key in one]
    assert len(keys_taken) == len(set(keys_taken)) > 0, taken


@pytest.mark.django_db(transaction=True)
def test_one_run_at_a_time() -> None:
    with receiving() as receiver:
        wait_for_sending(listening(receiver), list(range(20)))
        receiver.answer = lambda _got: Reply(delay=0.1)
        runs = at_once(*[lambda: deliver(receiver).sent] * 3)
        assert sorted(map(str, runs)) == ["0", "0", "20"]
        assert len(receiver.received) == 20


# --- Many ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_none_is_lost_and_none_is_out_of_order(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    """To a receiver that answers 500 and 429, drops and hangs; flags go in between."""
    endpoint, dice = listening(receiver, source), chance.Random(7)
    lanes = [dice.randrange(OUTCOMES // 5) for _ in range(OUTCOMES)]
    for start in range(0, OUTCOMES, 1000):
        wait_for_sending(endpoint, lanes[start : start + 1000])
    moods = [Reply(500), Reply(429, {"Retry-After": "1"}), Reply(drop=True), Reply(delay=0.4)]
    flags: dict[str, int] = {}

    def answer(_got: Received) -> Reply:
        return dice.choice(moods) if dice.random() < 0.05 else Reply()

    receiver.answer = answer
    began = time.monotonic()

    def settled() -> bool:
        if len(flags) < 5:
            (flag,) = wait_for_sending(endpoint, [10**6 + len(flags)], flag=True)
            flags[str(flag.outcome_id)] = len(receiver.received)
        return all_delivered()

    deliver_until(receiver, holds=settled, clock=clock, runs=400, limit=0.3, seconds=3)
    took = time.monotonic() - began

    assert receiver.refused == []
    for flag, came_after in flags.items():
        assert receiver.ids().index(flag) - came_after < delivering.AT_ONCE
    assert set(receiver.ids()) == {str(key) for key in Outcome.objects.values_list("pk", flat=True)}
    by_lane: dict[int, list[UUID]] = defaultdict(list)
    for got in receiver.received:
        seen = by_lane[got.data["lane"]]
        if not seen or seen[-1] != UUID(got.id):
            seen.append(UUID(got.id))
    wanted: dict[int, list[UUID]] = defaultdict(list)
    for row in Delivery.objects.order_by("id").select_related("outcome"):
        wanted[row.outcome.data["lane"]].append(row.outcome_id)
    assert by_lane == wanted
    print(f"{OUTCOMES} outcomes, {len(receiver.received)} requests, {took:.1f} s")  # noqa: T201 - a long run is asked for its figures
