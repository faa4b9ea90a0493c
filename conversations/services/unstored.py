"""What came from a source and made no row: requests refused whole, and duplicates.

The cache keeps some lines of it for the sources page, and each counts what is alike: whoever
retries in a loop, or sends what they may not, moves a number and no more. What the cache loses
is not missed: no event depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from conversations import cache_scripts
from conversations.models import Source

#: No source has more lines; the oldest goes first.
MOST: Final = 50
#: What a source's own credential sent is counted by the minute, ...
MINUTE: Final = timedelta(minutes=1)
#: ... and by the hour what came under its name without one: a stranger adds few lines.
HOUR: Final = timedelta(hours=1)
#: How long the lines are kept after the last.
KEPT: Final = timedelta(days=7)
#: Characters of what the sender was told.
LONGEST: Final = 300

DUPLICATE: Final = "duplicate"

# A field is the second in which its minute or hour began, and a code: the least is the oldest.
# Its value is the count, a space and the rest.
_NOTE: Final = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
local count = tonumber(known and string.match(known, '^%d+') or '0') + ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', count) .. ' ' .. ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
local fields = redis.call('HKEYS', KEYS[1])
if #fields > tonumber(ARGV[4]) then
    table.sort(fields)
    redis.call('HDEL', KEYS[1], fields[1])
end
"""
_READ: Final = "return redis.call('HGETALL', KEYS[1])"


class _Last(msgspec.Struct, array_like=True):
    """The last of what a line counts."""

    at: datetime
    event_id: str
    detail: str


@dataclass(frozen=True)
class Line:
    """*count* things alike, of which the last came *at*; its *event_id* where it was an event."""

    key: str
    code: str
    count: int
    at: datetime
    event_id: str
    detail: str


def note_duplicates(*, source: Source, event_ids: list[str], now: datetime) -> None:
    """Note that events came which were there already."""
    _note(source, DUPLICATE, MINUTE, len(event_ids), _Last(now, event_ids[-1], ""))


def note_refusal(
    *, source: Source, status: int, code: str, detail: str, proven: bool, now: datetime
) -> None:
    """Note that a request was refused whole, with a *status* of HTTP, a *code* and a *detail*.

    *proven* says whether it came with a credential of *source*, or only under its name.
    """
    every = MINUTE if proven else HOUR
    _note(source, f"{status} {code}", every, 1, _Last(now, "", detail[:LONGEST]))


def _note(source: Source, code: str, every: timedelta, amount: int, last: _Last) -> None:
    began = int(last.at.timestamp() // every.total_seconds() * every.total_seconds())
    cache_scripts.run(
        _NOTE,
        key=_key(source),
        arguments=[
            f"{began:011d} {code}",
            amount,
            msgspec.json.encode(last).decode(),
            MOST,
            int(KEPT.total_seconds()),
        ],
    )


def lines(*, source: Source) -> list[Line]:
    """What is kept of *source*, in no order; nothing while the cache is away."""
    flat: list[bytes] = cache_scripts.run(_READ, key=_key(source), arguments=[]) or []
    return [
        _line(field.decode(), value) for field, value in zip(flat[::2], flat[1::2], strict=True)
    ]


def _line(field: str, value: bytes) -> Line:
    count, _, encoded = value.partition(b" ")
    last = msgspec.json.decode(encoded, type=_Last)
    code = field.partition(" ")[2]
    at = last.at.astimezone(UTC)
    return Line(field, code, int(count), at, last.event_id, last.detail)


def _key(source: Source) -> str:
    return f"unstored:{source.pk}"
