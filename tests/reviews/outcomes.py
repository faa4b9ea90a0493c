"""What the tests of outcomes share: endpoints that really listen, and sending to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.test import override_settings
from django.utils import timezone
from time_machine import Traveller, travel

from accounts.models import User
from accounts.roles import Role
from conversations import keys
from conversations.models import Source
from reviews.models import Delivery, Endpoint, Outcome
from reviews.outcome_vocabulary import SUBSCRIBABLE, DeliveryState, OutcomeType
from reviews.posting import Postman
from reviews.services import delivering, endpoints
from tests.factories import make_source, make_user
from tests.receiver import Receiver


def make_endpoint(
    source: Source | None = None,
    *,
    url: str = "https://chat.example.com/outcomes",
    types: Sequence[OutcomeType] = SUBSCRIBABLE,
    user: User | None = None,
) -> tuple[Endpoint, str]:
    """An endpoint that subscribes to *types*, and its secret."""
    return endpoints.create(
        source=source or make_source(),
        url=url,
        types=types,
        user=user or make_user(Role.ADMINISTRATOR),
        now=timezone.now(),
    )


def listening(receiver: Receiver, source: Source | None = None, path: str = "") -> Endpoint:
    """An endpoint at *receiver*, which checks with its secret."""
    with override_settings(WEBHOOK_HOSTS=[receiver.host]):
        endpoint, secret = make_endpoint(source, url=receiver.url + path)
    receiver.secrets.append(secret)
    return endpoint


@contextmanager
def a_clock() -> Iterator[Traveller]:
    """The machine's clock, running on, which ``shift`` puts forward."""
    with travel(datetime.now(UTC), tick=True) as clock:
        yield clock


def deliver(*receivers: Receiver, limit: float = 2.0, **changes: Any) -> delivering.Run:
    """One run of sending; all that it waits for is *limit* seconds an attempt."""
    postman = Postman(named=[one.host for one in receivers], limit=limit)
    ways: dict[str, Any] = {"postman": postman, "random": lambda: 0.0}
    return delivering.deliver(**ways | changes)


def deliver_until(
    *receivers: Receiver,
    holds: Callable[[], bool],
    clock: Traveller,
    runs: int = 50,
    **changes: Any,
) -> None:
    """Run, put the clock forward by a minute, and run again, until *holds*."""
    for _ in range(runs):
        deliver(*receivers, **changes)
        if holds():
            return
        clock.shift(timedelta(minutes=1))
    raise AssertionError(states())


def states() -> list[tuple[str, str, int]]:
    """Of each delivery, oldest first: its state, its last failure, its attempts."""
    rows = Delivery.objects.order_by("id")
    return [(row.state, row.failure, row.attempts_made) for row in rows]


def told() -> list[tuple[str, dict[str, Any]]]:
    """Type and data of what was told, in the order in which it was written."""
    rows = Delivery.objects.order_by("id").select_related("outcome")
    return [(row.type, row.outcome.data) for row in rows]


def lane(number: int) -> UUID:
    """The key of an imagined conversation."""
    return UUID(int=number + 1)


def wait_for_sending(
    endpoint: Endpoint, lanes: Sequence[int], *, flag: bool = False
) -> list[Delivery]:
    """Deliveries in these lanes, in this order; each tells its place in the order."""
    now = timezone.now()
    kind = OutcomeType.FLAGGED if flag else OutcomeType.SETTLED
    made = Outcome.objects.bulk_create(
        Outcome(
            id=keys.mint(now),
            source=endpoint.source,
            type=kind,
            at=now,
            data={"lane": number, "place": place},
        )
        for place, number in enumerate(lanes)
    )
    return Delivery.objects.bulk_create(
        Delivery(
            outcome=outcome,
            endpoint=endpoint,
            source=endpoint.source,
            type=kind,
            lane=lane(number),
            flag=flag,
            created_at=now,
            due_at=now,
        )
        for outcome, number in zip(made, lanes, strict=True)
    )


def all_delivered() -> bool:
    return not Delivery.objects.exclude(state=DeliveryState.DELIVERED).exists()
