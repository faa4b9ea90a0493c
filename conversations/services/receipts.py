"""What a source sent lately: accepted and refused, for the sources page.

Every query is bounded: it reads an index by source and time, and stops counting at
:data:`MOST_COUNTED`, so that a source of any size costs the page the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from conversations.models import Event, ParkedEvent, Refusal, Source
from conversations.services import unstored
from conversations.vocabulary import Mode

TAIL = 50
MINUTES = 60
#: Beyond this many, a page says "100,000+".
MOST_COUNTED = 100_000


@dataclass(frozen=True)
class Count:
    """A number of rows, of which no more than :data:`MOST_COUNTED` were counted."""

    value: int

    def __str__(self) -> str:
        if self.value > MOST_COUNTED:
            return f"{MOST_COUNTED:,}+"
        return f"{self.value:,}"

    def __bool__(self) -> bool:
        return self.value > 0


@dataclass(frozen=True)
class Overview:
    """One source in the list. Events are those accepted; refusals are of the last 24 hours."""

    slug: str
    name: str
    mode: Mode
    hour: Count
    day: Count
    refused: Count
    parked: int
    last_received_at: datetime | None


_OVERVIEWS = """
SELECT s.slug, s.name, s.mode, hour.n, day.n, refused.n, parked.n, last.received_at
FROM conversations_source s
CROSS JOIN LATERAL (SELECT count(*) n FROM (
    SELECT 1 FROM conversations_event
    WHERE source_id = s.id AND received_at > %(hour)s LIMIT %(most)s + 1) found) hour
CROSS JOIN LATERAL (SELECT count(*) n FROM (
    SELECT 1 FROM conversations_event
    WHERE source_id = s.id AND received_at > %(day)s LIMIT %(most)s + 1) found) day
CROSS JOIN LATERAL (SELECT count(*) n FROM (
    SELECT 1 FROM conversations_refusal
    WHERE source_id = s.id AND at > %(day)s LIMIT %(most)s + 1) found) refused
CROSS JOIN LATERAL (
    SELECT count(*) n FROM conversations_parkedevent WHERE source_id = s.id) parked
LEFT JOIN LATERAL (
    SELECT received_at FROM conversations_event
    WHERE source_id = s.id ORDER BY received_at DESC, id DESC LIMIT 1) last ON true
WHERE %(slug)s::text IS NULL OR s.slug = %(slug)s
ORDER BY s.slug
"""


def overviews(*, now: datetime, slug: str | None = None) -> list[Overview]:
    """All sources by slug, or the one named, with what they sent in the hour and day before *now*.

    One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _OVERVIEWS,
            {
                "hour": now - timedelta(hours=1),
                "day": now - timedelta(days=1),
                "most": MOST_COUNTED,
                "slug": slug,
            },
        )
        return [_overview(*row) for row in cursor.fetchall()]


def _overview(
    slug: str,
    name: str,
    mode: str,
    hour: int,
    day: int,
    refused: int,
    parked: int,
    last: datetime | None,
) -> Overview:
    return Overview(slug, name, Mode(mode), Count(hour), Count(day), Count(refused), parked, last)


#: By the index ``event_received`` of each source: its latest events alone are read.
_SILENT = """
SELECT count(*) FROM conversations_source s
CROSS JOIN LATERAL (
    SELECT max(received_at) AS last, max(gap) AS longest FROM (
        SELECT received_at, received_at - lag(received_at) OVER (ORDER BY received_at) AS gap
        FROM (SELECT received_at FROM conversations_event WHERE source_id = s.id
              ORDER BY received_at DESC, id DESC LIMIT %(latest)s) latest) gaps) seen
WHERE seen.last < %(now)s - greatest(%(day)s, 2 * seen.longest)
  AND (EXISTS (SELECT 1 FROM conversations_sourcekey k WHERE k.source_id = s.id
               AND k.revoked_at IS NULL AND 'events:write' = ANY(k.scopes))
       OR EXISTS (SELECT 1 FROM conversations_sourcesecret c WHERE c.source_id = s.id
                  AND c.revoked_at IS NULL))
"""

#: So many events tell how often a source sends one.
_LATEST = 20


def silent(*, now: datetime) -> int:
    """How many sources may send events and have stopped to: one query.

    Silent is one that sent something before, nothing for a day, and nothing for twice as long
    as it ever waited between its latest events: one that sends few is not silent each weekend.
    """
    asked: dict[str, Any] = {"now": now, "day": timedelta(days=1), "latest": _LATEST}
    with connection.cursor() as cursor:
        cursor.execute(_SILENT, asked)
        (found,) = cursor.fetchone()
    return int(found)


@dataclass(frozen=True)
class Receipt:
    """One line of the tail: an event that was accepted, or refused with *errors*.

    Or *count* things alike, the last of which came *at*: requests refused whole, or duplicates.
    """

    key: str
    at: datetime
    event_id: str = ""
    type: str = ""
    conversation_id: str = ""
    errors: list[Mapping[str, str]] = field(default_factory=list)
    count: int = 1
    duplicate: bool = False
    whole: bool = False

    @property
    def refused(self) -> bool:
        """Whether it was not accepted."""
        return bool(self.errors)


@dataclass(frozen=True)
class Tail:
    """The latest receipts of a source, newest first; *mark* changes when they do."""

    receipts: list[Receipt]
    mark: str


def tail(*, source: Source) -> Tail:
    """The last :data:`TAIL` receipts and refusals of *source*. Two queries, and the cache."""
    accepted = (
        Event.objects.filter(source=source)
        .order_by("-received_at", "-id")
        .values_list("id", "received_at", "ce_id", "type", "conversation_external_id")[:TAIL]
    )
    refused = (
        Refusal.objects.filter(source=source)
        .order_by("-at", "-id")
        .values_list("id", "at", "ce_id", "errors")[:TAIL]
    )
    receipts = [
        Receipt(f"e{key}", at, ce_id, type_, conversation)
        for key, at, ce_id, type_, conversation in accepted
    ]
    receipts += [Receipt(f"r{key}", at, ce_id, errors=errors) for key, at, ce_id, errors in refused]
    receipts += [_counted(line) for line in unstored.lines(source=source)]
    receipts.sort(key=lambda receipt: receipt.at, reverse=True)
    return Tail(receipts[:TAIL], _mark(receipts[:TAIL]))


def _counted(line: unstored.Line) -> Receipt:
    duplicate = line.code == unstored.DUPLICATE
    return Receipt(
        f"u{line.key}x{line.count}",
        line.at,
        line.event_id,
        errors=[] if duplicate else [{"code": line.code, "detail": line.detail}],
        count=line.count,
        duplicate=duplicate,
        whole=not duplicate,
    )


def _mark(receipts: Iterable[Receipt]) -> str:
    keys = ",".join(receipt.key for receipt in receipts)
    return hashlib.sha256(keys.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Minute:
    """How many events one minute brought."""

    at: datetime
    accepted: int
    refused: int


_MINUTES = """
SELECT minute, coalesce(accepted.n, 0), coalesce(refused.n, 0)
FROM generate_series(%(first)s::timestamptz, %(last)s::timestamptz, '1 minute') AS minute
LEFT JOIN (
    SELECT date_bin('1 minute', received_at, %(first)s) AS minute, count(*) AS n
    FROM conversations_event
    WHERE source_id = %(source)s AND received_at >= %(first)s GROUP BY 1
) accepted USING (minute)
LEFT JOIN (
    SELECT date_bin('1 minute', at, %(first)s) AS minute, count(*) AS n
    FROM conversations_refusal
    WHERE source_id = %(source)s AND at >= %(first)s GROUP BY 1
) refused USING (minute)
ORDER BY minute
"""


def minutes(*, source: Source, now: datetime) -> list[Minute]:
    """The last :data:`MINUTES` minutes, oldest first; the one that runs is the last. One query.

    Unlike the other figures this one reads all rows of its hour.
    """
    last = now.replace(second=0, microsecond=0)
    parameters: dict[str, Any] = {
        "first": last - timedelta(minutes=MINUTES - 1),
        "last": last,
        "source": source.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MINUTES, parameters)
        return [Minute(*row) for row in cursor.fetchall()]


def parked(*, source: Source) -> list[ParkedEvent]:
    """The oldest :data:`TAIL` parked events of *source*, without what was sent. One query."""
    events = ParkedEvent.objects.filter(source=source).defer("raw", "source")
    return list(events.order_by("parked_at", "id")[:TAIL])
