"""Who is on call at a moment: duties by weekday and wall clock, each in a time zone of its own.

A duty that ends at or before the hour at which it starts ends on the next day. Where the clocks are
changed, a wall-clock time may come twice or not at all: a duty then starts at the earlier and ends
at the later of the two moments that it may mean, so that duties which adjoin on paper leave no gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Turn:
    """One person's hours. ``weekdays`` are those on which they start, 1 (Monday) to 7."""

    person: int
    position: int
    weekdays: frozenset[int]
    starts: time
    ends: time
    zone: ZoneInfo


@dataclass(frozen=True)
class Span:
    """From ``start`` on, until just before ``end``; both in UTC."""

    start: datetime
    end: datetime


def on_call(turns: Iterable[Turn], at: datetime) -> list[int]:
    """The people on call at *at*, the first to be called first, each once."""
    now = [turn for turn in turns if covers(turn, at)]
    now.sort(key=lambda turn: (turn.position, turn.person))
    return list(dict.fromkeys(turn.person for turn in now))


def covers(turn: Turn, at: datetime) -> bool:
    """Whether *at*, an aware moment, is within the hours of *turn*."""
    return any(span.start <= at < span.end for span in spans(turn, at, at))


def gaps(turns: Sequence[Turn], since: datetime, until: datetime) -> list[Span]:
    """When nobody is on call between *since* and *until*, in order."""
    found = []
    reached = since.astimezone(UTC)
    end = until.astimezone(UTC)
    covered = [span for turn in turns for span in spans(turn, since, until)]
    for span in sorted(covered, key=lambda span: span.start):
        if span.start >= end:
            break
        if span.start > reached:
            found.append(Span(reached, span.start))
        reached = max(reached, span.end)
    if reached < end:
        found.append(Span(reached, end))
    return found


def spans(turn: Turn, since: datetime, until: datetime) -> Iterator[Span]:
    """The hours of *turn* that touch the time from *since* to *until*, in order."""
    # A duty lasts a day at most, and clocks are changed by an hour or two.
    day = since.astimezone(turn.zone).date() - 2 * _DAY
    last = until.astimezone(turn.zone).date() + _DAY
    while day <= last:
        if day.isoweekday() in turn.weekdays:
            over = day if turn.ends > turn.starts else day + _DAY
            span = Span(
                min(_moments(day, turn.starts, turn.zone)),
                max(_moments(over, turn.ends, turn.zone)),
            )
            if span.end > since and span.start <= until:
                yield span
        day += _DAY


def _moments(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """The moments that a wall-clock time may mean: two where the clocks are changed."""
    wall = datetime.combine(day, clock, tzinfo=zone)
    return [wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
