"""Sending to a real server: in order, at least once, flags first, and never for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from time_machine import Traveller

from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations.models import Source
from reviews.models import Attempt, Delivery, Endpoint
from reviews.outcome_vocabulary import DeliveryState, OutcomeType
from reviews.services import delivering, endpoints
from tests.factories import make_source, make_user
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


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with a_clock() as found:
        yield found


def places(receiver: Receiver) -> list[int]:
    return [one.data["place"] for one in receiver.received]


def only(number: int) -> Delivery:
    return Delivery.objects.get(pk=number)


# --- Order --------------------------------------------------------------------------------------


def test_one_conversation_is_told_in_order(receiver: Receiver, source: Source) -> None:
    wait_for_sending(listening(receiver, source), [1] * 6)
    assert deliver(receiver).sent == 6
    assert places(receiver) == [0, 1, 2, 3, 4, 5]
    assert receiver.busiest == 1


def test_the_next_waits_until_the_earlier_one_is_delivered(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    """The other conversation does not wait for it."""
    wait_for_sending(listening(receiver, source), [1, 1, 2])
    receiver.answer = lambda got: Reply(500 if got.data["place"] == 0 else 204)
    deliver(receiver)
    # Two conversations are sent at once: which of them arrives first is left open.
    assert sorted(places(receiver)) == [0, 2]

    receiver.answer = lambda _got: Reply()
    deliver_until(receiver, holds=all_delivered, clock=clock)
    assert places(receiver)[2:] == [0, 1]


def test_the_next_goes_when_the_earlier_one_is_dead(receiver: Receiver, source: Source) -> None:
    first, second = wait_for_sending(listening(receiver, source), [1, 1])
    Delivery.objects.filter(pk=first.pk).update(first_at=timezone.now() - timedelta(days=3))
    receiver.answer = lambda got: Reply(500 if got.data["place"] == 0 else 204)
    deliver(receiver)
    assert only(first.pk).state == DeliveryState.DEAD
    assert only(second.pk).state == DeliveryState.DELIVERED


def test_endpoints_do_not_wait_for_each_other(receiver: Receiver, source: Source) -> None:
    broken, sound = listening(receiver, source), listening(receiver, source, "/sound")
    wait_for_sending(broken, [1])
    wait_for_sending(sound, [1, 1])
    receiver.answer = lambda got: Reply(204 if got.path.endswith("sound") else 500)
    deliver(receiver)
    assert states() == [("waiting", "status", 1), ("delivered", "", 1), ("delivered", "", 1)]


def test_a_flag_overtakes_all(receiver: Receiver, source: Source) -> None:
    endpoint = listening(receiver, source)
    wait_for_sending(endpoint, list(range(60)))
    (flag,) = wait_for_sending(endpoint, [1000], flag=True)
    deliver(receiver)
    # Those that were posted at the same moment may arrive before it.
    assert receiver.ids().index(str(flag.outcome_id)) < delivering.AT_ONCE


def test_a_flag_waits_for_nothing_of_its_own_conversation(
    receiver: Receiver, source: Source
) -> None:
    endpoint = listening(receiver, source)
    wait_for_sending(endpoint, [1])
    receiver.answer = lambda _got: Reply(500)
    deliver(receiver)
    receiver.answer = lambda _got: Reply()
    (flag,) = wait_for_sending(endpoint, [1], flag=True)
    deliver(receiver)
    assert only(flag.pk).state == DeliveryState.DELIVERED


def test_what_follows_a_flag_waits_for_it(receiver: Receiver, source: Source) -> None:
    endpoint = listening(receiver, source)
    wait_for_sending(endpoint, [1], flag=True)
    wait_for_sending(endpoint, [1])
    receiver.answer = lambda got: Reply(500 if got.payload["type"] == OutcomeType.FLAGGED else 204)
    deliver(receiver)
    assert states() == [("waiting", "status", 1), ("waiting", "", 0)]


def test_a_flag_is_sent_while_a_slow_endpoint_hangs(receiver: Receiver, source: Source) -> None:
    """It comes while a run is busy with requests that hang; nobody waits for those."""
    slow, quick = listening(receiver, source), listening(receiver, make_source(), "/quick")
    wait_for_sending(slow, list(range(20)))
    hanging = threading.Event()
    when: dict[str, float] = {}

    def answer(got: Received) -> Reply:
        when.setdefault(got.path, time.monotonic())
        if got.path.endswith("quick"):
            return Reply()
        hanging.set()
        return Reply(delay=1.5)

    receiver.answer = answer
    looks: list[int] = []

    def now() -> datetime:
        if hanging.is_set() and not looks:
            looks.append(1)
            wait_for_sending(quick, [5], flag=True)
        return timezone.now()

    deliver(receiver, limit=1.0, clock=now, seconds=1.5)
    assert when["/outcomes/quick"] - when["/outcomes"] < 1.0


def test_one_endpoint_has_a_few_requests_at_once(receiver: Receiver, source: Source) -> None:
    wait_for_sending(listening(receiver, source), list(range(40)))
    receiver.answer = lambda _got: Reply(delay=0.05)
    deliver(receiver)
    assert all_delivered()
    assert 1 < receiver.busiest <= delivering.PER_ENDPOINT


# --- Failures -----------------------------------------------------------------------------------


def test_an_attempt_is_kept_with_what_came_back(receiver: Receiver, source: Source) -> None:
    wait_for_sending(listening(receiver, source), [1])
    receiver.answer = lambda _got: Reply(500, {"Content-Type": "text/plain"}, b"out of order")
    deliver(receiver)
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.status, attempt.failure) == (1, 500, "status")
    assert (attempt.body, attempt.address) == ("out of order", "127.0.0.1")
    assert attempt.headers == {"content-type": "text/plain"}


def test_the_same_outcome_keeps_its_id_and_its_bytes(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    wait_for_sending(listening(receiver, source), [1])
    receiver.answer = lambda _got: Reply(500 if len(receiver.received) < 3 else 204)
    deliver_until(receiver, holds=all_delivered, clock=clock)
    assert len(set(receiver.ids())) == 1
    first, second, third = receiver.received
    assert first.payload == second.payload == third.payload


def test_it_is_tried_again_after_a_pause_that_grows(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    wait_for_sending(listening(receiver, source), [1])
    receiver.answer = lambda _got: Reply(500)
    for pause in (10, 20, 40):
        deliver(receiver)
        row = Delivery.objects.get()
        assert 0 <= (row.due_at - timezone.now()).total_seconds() - pause + 5 <= 5
        clock.shift(timedelta(seconds=pause - 5))
        assert deliver(receiver).sent == 0
        clock.shift(timedelta(seconds=6))


def test_after_three_days_it_has_failed_for_good(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    wait_for_sending(listening(receiver, source), [1])
    receiver.answer = lambda _got: Reply(500)
    began = timezone.now()
    while Delivery.objects.filter(state=DeliveryState.WAITING).exists():
        deliver(receiver)
        clock.shift(Delivery.objects.get().due_at - timezone.now() + timedelta(seconds=1))
    row = Delivery.objects.get()
    assert (row.state, row.failure) == (DeliveryState.DEAD, "status")
    assert row.dead_at is not None
    assert timedelta(days=3) <= row.dead_at - began < timedelta(days=3, minutes=1)
    assert 15 < row.attempts_made == len(receiver.received) < 30


@pytest.mark.parametrize("status", [429, 503])
def test_whoever_asks_to_wait_is_left_in_peace(
    receiver: Receiver, source: Source, status: int, clock: Traveller
) -> None:
    """The whole endpoint: what was not tried yet waits too."""
    wait_for_sending(listening(receiver, source), [1] * 2 + [2])
    receiver.answer = lambda _got: Reply(status, {"Retry-After": "120"})
    deliver(receiver)
    count = len(receiver.received)
    receiver.answer = lambda _got: Reply()

    clock.shift(timedelta(seconds=110))
    deliver(receiver)
    assert len(receiver.received) == count
    clock.shift(timedelta(seconds=15))
    deliver(receiver)
    assert all_delivered()


def test_a_flag_goes_to_an_endpoint_that_rests(receiver: Receiver, source: Source) -> None:
    endpoint = listening(receiver, source)
    wait_for_sending(endpoint, [1])
    receiver.answer = lambda _got: Reply(429, {"Retry-After": "3600"})
    deliver(receiver)
    receiver.answer = lambda _got: Reply()
    wait_for_sending(endpoint, [2], flag=True)
    deliver(receiver)
    assert states() == [("waiting", "status", 1), ("delivered", "", 1)]


def test_an_endpoint_that_fails_again_and_again_rests(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    """Not everything that waits is tried against a server that is down."""
    wait_for_sending(listening(receiver, source), list(range(200)))
    receiver.answer = lambda _got: Reply(drop=True)
    assert deliver(receiver).sent < 3 * delivering.PER_ENDPOINT
    receiver.answer = lambda _got: Reply()
    deliver_until(receiver, holds=all_delivered, clock=clock)


def test_410_disables_the_endpoint_and_there_is_a_way_back(
    receiver: Receiver, source: Source
) -> None:
    endpoint = listening(receiver, source)
    wait_for_sending(endpoint, [1, 1, 1])
    receiver.answer = lambda _got: Reply(410)
    deliver(receiver)
    endpoint.refresh_from_db()
    assert endpoint.state == "disabled"
    assert LedgerEntry.objects.get(action="endpoint.disabled").object_id == str(endpoint.pk)
    assert states() == [("waiting", "gone", 1), ("waiting", "", 0), ("waiting", "", 0)]
    assert deliver(receiver).sent == 0

    receiver.answer = lambda _got: Reply()
    endpoints.resume(endpoint=endpoint, user=make_user(Role.ADMINISTRATOR), now=timezone.now())
    deliver(receiver)
    assert all_delivered()
    assert places(receiver) == [0, 0, 1, 2]


def test_what_waited_three_days_for_a_disabled_endpoint_has_failed(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    endpoint = listening(receiver, source)
    wait_for_sending(endpoint, [1])
    Endpoint.objects.update(disabled_at=timezone.now())
    clock.shift(timedelta(days=2))
    deliver(receiver)
    assert states() == [("waiting", "", 0)]
    clock.shift(timedelta(days=1, minutes=1))
    deliver(receiver)
    assert states() == [("dead", "endpoint_off", 0)]


def test_a_paused_endpoint_is_sent_nothing_until_it_is_resumed(
    receiver: Receiver, source: Source, clock: Traveller
) -> None:
    endpoint, admin = listening(receiver, source), make_user(Role.ADMINISTRATOR)
    wait_for_sending(endpoint, [1])
    endpoints.pause(endpoint=endpoint, user=admin, now=timezone.now())
    clock.shift(timedelta(days=9))
    assert deliver(receiver).sent == 0
    endpoints.resume(endpoint=endpoint, user=admin, now=timezone.now())
    deliver(receiver)
    assert all_delivered()
