"""Sending what waits: claimed under a lease, posted by threads, and noted.

At least once: a delivery that a killed worker held is sent again when its lease is over, under
the same id. In order within a lane: what stands later is not claimed while something earlier
waits. A flag overtakes all others and waits for none of them, though it be of its own
conversation. One endpoint has a few requests at once and no more, so that a slow one keeps
nobody waiting but itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any, Final
from uuid import uuid4

import structlog
from django.db import connection, transaction
from django.db.models import Prefetch, Q
from django.utils import timezone

from accounts.ledger import Actor, record
from reviews import outgoing
from reviews.models import Attempt, Delivery, Endpoint, EndpointSecret
from reviews.outcome_vocabulary import DeliveryState, Failure
from reviews.posting import Answer, Message, Postman

log = structlog.get_logger(__name__)

#: Requests at once, and how many of them are left to flags.
AT_ONCE: Final = 32
KEPT_FOR_FLAGS: Final = 8
#: Requests at once to one endpoint; a flag finds two more.
PER_ENDPOINT: Final = 8
MORE_FOR_FLAGS: Final = 2

#: Well above what an attempt may take, so that nobody else sends it meanwhile.
LEASE: Final = timedelta(seconds=40)
#: For so many seconds one run looks for more to send; the next one goes on.
LONGEST_RUN: Final = 45.0
#: Seconds between two looks while nothing comes back.
_LOOK_AGAIN: Final = 0.2
#: Seconds in which what comes back is noted together.
_GATHER: Final = 0.01

_SPREAD: Final = SystemRandom()

#: Of PostgreSQL's advisory locks, the one that a run holds.
_LOCK: Final = 7_310_452_019

# That it is the first of its lane is asked for one by one, not joined: while nobody has counted the
# rows (ANALYZE), PostgreSQL joins all with all.
_CHOOSE = """
WITH chosen AS (
    SELECT waiting.id
    FROM reviews_endpoint endpoint
    CROSS JOIN LATERAL (
        SELECT one.id, one.due_at
        FROM reviews_delivery one
        WHERE one.endpoint_id = endpoint.id AND one.state = 'waiting' AND one.flag = %(flag)s
          AND one.due_at <= %(now)s
          AND (one.leased_until IS NULL OR one.leased_until <= %(now)s)
          AND one.id = (
              SELECT min(first.id) FROM reviews_delivery first
              WHERE first.endpoint_id = one.endpoint_id AND first.lane = one.lane
                AND first.state = 'waiting' AND (first.flag OR NOT one.flag))
        ORDER BY one.due_at, one.id
        LIMIT greatest(0, %(each)s - (
            SELECT count(*) FROM reviews_delivery held
            WHERE held.endpoint_id = endpoint.id AND held.lease IS NOT NULL
              AND held.leased_until > %(now)s))
        FOR UPDATE OF one SKIP LOCKED
    ) waiting
    WHERE endpoint.paused_at IS NULL AND endpoint.disabled_at IS NULL
      AND endpoint.removed_at IS NULL
      AND (%(flag)s OR endpoint.resting_until IS NULL OR endpoint.resting_until <= %(now)s)
    ORDER BY waiting.due_at, waiting.id
    LIMIT %(most)s
)
UPDATE reviews_delivery claimed SET lease = %(lease)s, leased_until = %(until)s
FROM chosen WHERE claimed.id = chosen.id
"""


@dataclass
class Run:
    """What a run came to. ``more``: it stopped for its time, not because nothing was left."""

    sent: int = 0
    more: bool = False


def deliver(
    *,
    postman: Postman,
    clock: Callable[[], datetime] = timezone.now,
    random: Callable[[], float] = _SPREAD.random,
    seconds: float = LONGEST_RUN,
) -> Run:
    """Send what is due until nothing is, or *seconds* are over. One run at a time; else nothing."""
    run = Run()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="outcome") as threads:
        courier = _Courier(threads, postman, clock, random, run)
        with _alone() as alone:
            if alone:
                _bury(clock())
                courier.work(until=time.monotonic() + seconds)
        # The next run may begin; what is on its way has its lease.
        courier.come_home()
    return run


def claim(*, now: datetime, most: int, most_flags: int) -> list[Delivery]:
    """Lease what is to be sent next, flags first, with endpoints, secrets and outcomes."""
    found = _claim(now, flag=True, most=most_flags) if most_flags > 0 else []
    rest = min(most, most_flags - len(found))
    return found + (_claim(now, flag=False, most=rest) if rest > 0 else [])


def _claim(now: datetime, *, flag: bool, most: int) -> list[Delivery]:
    lease = uuid4()
    parameters: dict[str, Any] = {
        "now": now,
        "flag": flag,
        "each": PER_ENDPOINT + (MORE_FOR_FLAGS if flag else 0),
        "most": most,
        "lease": lease,
        "until": now + LEASE,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CHOOSE, parameters)
        if not cursor.rowcount:
            return []
    live = EndpointSecret.objects.filter(revoked_at=None).order_by("-created_at", "-id")
    return list(
        Delivery.objects.filter(lease=lease)
        .select_related("outcome", "endpoint")
        .prefetch_related(Prefetch("endpoint__secrets", queryset=live, to_attr="live_secrets"))
        .order_by("id")
    )


def message_of(delivery: Delivery) -> Message:
    """What is posted: the same bytes under the same id, however often."""
    secrets: list[EndpointSecret] = getattr(delivery.endpoint, "live_secrets", [])
    return Message(
        id=str(delivery.outcome_id),
        url=delivery.endpoint.url,
        body=body_of(delivery).encode(),
        secrets=tuple(one.secret for one in secrets),
    )


def body_of(delivery: Delivery) -> str:
    """The payload, as Standard Webhooks recommends it."""
    outcome = delivery.outcome
    payload = {"type": outcome.type, "timestamp": outcome.at.isoformat(), "data": outcome.data}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


@dataclass
class _Courier:
    """One run at work."""

    threads: ThreadPoolExecutor
    postman: Postman
    clock: Callable[[], datetime]
    random: Callable[[], float]
    run: Run
    away: dict[Future[Answer], Delivery] = field(default_factory=dict)

    def work(self, *, until: float) -> None:
        """Send until nothing is due and nothing away, or the time *until* has come."""
        while time.monotonic() < until:
            free = AT_ONCE - len(self.away)
            for delivery in claim(now=self.clock(), most=free - KEPT_FOR_FLAGS, most_flags=free):
                self._send(delivery)
            if not self.away:
                return
            self._note_what_came(_LOOK_AGAIN)
        self.run.more = True

    def come_home(self) -> None:
        """Wait for what is away."""
        while self.away:
            self._note_what_came(None)

    def _send(self, delivery: Delivery) -> None:
        future = self.threads.submit(_posted, self.postman, message_of(delivery), self.clock())
        self.away[future] = delivery

    def _note_what_came(self, seconds: float | None) -> None:
        if not wait(self.away, timeout=seconds, return_when=FIRST_COMPLETED).done:
            return
        done = wait(self.away, timeout=_GATHER).done
        note([(self.away.pop(one), one.result()) for one in done], random=self.random)
        self.run.sent += len(done)


def _posted(postman: Postman, message: Message, now: datetime) -> Answer:
    """One attempt; a fault of our own fails it too, and keeps no other from being sent."""
    try:
        return postman.post(message, now=now)
    except Exception:
        log.exception("delivery.failed", outcome=message.id)
        return Answer(now, timedelta(), Failure.DROPPED)


@transaction.atomic
def note(done: list[tuple[Delivery, Answer]], *, random: Callable[[], float]) -> None:
    """Keep what came of attempts. One whose lease is somebody else's by now is theirs to note."""
    found = Endpoint.objects.select_for_update(no_key=True).order_by("pk")
    endpoints = {one.pk: one for one in found.filter(pk__in={row.endpoint_id for row, _ in done})}
    rows = Delivery.objects.select_for_update(no_key=True).order_by("pk")
    held = {row.pk: row for row in rows.filter(pk__in=[row.pk for row, _ in done])}
    attempts, noted = [], []
    for sent, answer in sorted(done, key=lambda one: one[0].pk):
        row = held[sent.pk]
        if row.lease is None or row.lease != sent.lease:
            log.warning("delivery.lease_lost", delivery=row.pk)
            continue
        row.attempts_made += 1
        row.lease = row.leased_until = None
        row.first_at = row.first_at or answer.at
        attempts.append(_attempt(row, answer))
        _judge(row, endpoints[row.endpoint_id], answer, random)
        noted.append(row)
    Attempt.objects.bulk_create(attempts)
    Delivery.objects.bulk_update(noted, _NOTED)
    Endpoint.objects.bulk_update(endpoints.values(), ["failures", "resting_until", "disabled_at"])


_NOTED = [
    "attempts_made",
    "lease",
    "leased_until",
    "first_at",
    "state",
    "failure",
    "failures",
    "due_at",
    "delivered_at",
    "dead_at",
]


def _attempt(row: Delivery, answer: Answer) -> Attempt:
    return Attempt(
        delivery=row,
        number=row.attempts_made,
        at=answer.at,
        milliseconds=answer.took // timedelta(milliseconds=1),
        address=answer.address,
        status=answer.status,
        failure=answer.failure or "",
        headers=answer.headers,
        body=answer.body,
    )


def _judge(row: Delivery, endpoint: Endpoint, answer: Answer, random: Callable[[], float]) -> None:
    now = answer.at + answer.took
    if answer.failure is None:
        row.state, row.delivered_at, row.failure = DeliveryState.DELIVERED, now, ""
        endpoint.failures, endpoint.resting_until = 0, None
        return
    row.failures += 1
    row.failure = answer.failure
    if answer.failure == Failure.GONE:
        # It waits: once the endpoint is enabled again, it is the first to be sent.
        row.due_at = now
        _disable(endpoint, now)
        return
    _try_again_or_die(row, answer, now, random())
    endpoint.failures += 1
    rest = outgoing.rest(failures=endpoint.failures, wait=answer.wait)
    endpoint.resting_until = max(now + rest, endpoint.resting_until or now)


def _try_again_or_die(row: Delivery, answer: Answer, now: datetime, random: float) -> None:
    again = outgoing.next_attempt(
        failures=row.failures,
        first_at=row.first_at or now,
        now=now,
        wait=answer.wait,
        flag=row.flag,
        random=random,
    )
    if again:
        row.due_at = again
    else:
        row.state, row.dead_at = DeliveryState.DEAD, now


def _disable(endpoint: Endpoint, now: datetime) -> None:
    if endpoint.disabled_at:
        return
    endpoint.disabled_at = now
    record(
        actor=Actor.task("deliver"),
        at=now,
        action="endpoint.disabled",
        obj="endpoint",
        object_id=endpoint.pk,
        details={"status": 410},
    )


def _bury(now: datetime) -> None:
    """Give up what has waited for its whole time on an endpoint that is disabled."""
    over = now - outgoing.WINDOW
    Delivery.objects.filter(
        Q(first_at=None) | Q(first_at__lt=over),
        state=DeliveryState.WAITING,
        lease=None,
        endpoint__in=Endpoint.objects.disabled().filter(disabled_at__lt=over),
        created_at__lt=over,
    ).update(state=DeliveryState.DEAD, dead_at=now, failure=Failure.ENDPOINT_OFF)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else is sending; it holds until the end of the block, or of the process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (held,) = cursor.fetchone()
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
