"""What the next run of retention would delete of one source, counted when somebody asks.

Counting walks through all that is old enough, so that a task does it. How far it is stands in
the cache: it is of no use tomorrow, and asking again costs nothing but time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from accounts.ledger import Actor, record
from conversations.models import Source
from conversations.services import retention
from conversations.services.retention import Report

#: Seconds for which a result is shown.
KEPT: Final = 3600
#: A count that has said nothing for so long has been lost on its way, or with its worker.
LOST_AFTER: Final = timedelta(seconds=60)

#: The columns of the report; what others keep like signals comes after them.
KINDS: Final = (
    retention.TRANSCRIPTS,
    retention.SEARCH_CHUNKS,
    retention.REMAINDERS,
    retention.SIGNALS,
)


@dataclass(frozen=True)
class Rehearsal:
    """How far a count is. ``finished`` is False where the time was up: there is more.

    ``rows`` are months, newest first, with a count for each of ``kinds``.
    """

    asked_at: datetime
    running: bool
    lost: bool
    finished: bool
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def titles(self) -> list[str]:
        """The kinds in words."""
        return [kind.replace("_", " ") for kind in self.kinds]


def ask(*, source: Source, actor: Actor, now: datetime) -> str:
    """Note that a count is wanted; the token that :func:`run` is to be given."""
    token = secrets.token_hex(8)
    with transaction.atomic():
        record(
            actor=actor,
            at=now,
            action="retention.rehearsed",
            obj="source",
            object_id=source.slug,
        )
    _keep(source.slug, {"token": token, "asked_at": now, "told_at": now, "running": True})
    return token


def run(
    *,
    slug: str,
    token: str,
    now: datetime,
    clock: Callable[[], datetime],
    time_is_up: Callable[[], bool],
) -> None:
    """Count what would be deleted of the source *slug* at *now*, until *time_is_up*.

    Gives up without a word where somebody has asked anew since.
    """

    def told(report: Report, *, running: bool = True) -> None:
        if _kept(slug).get("token") == token:
            counts = {(line.month, line.kind): number for line, number in report.counts.items()}
            said = {"counts": counts, "finished": report.finished, "running": running}
            _keep(slug, _kept(slug) | said | {"told_at": clock()})

    def superseded() -> bool:
        return time_is_up() or _kept(slug).get("token") != token

    report = retention.enforce(
        now=now, dry_run=True, slug=slug, time_is_up=superseded, progress=told
    )
    told(report, running=False)


def latest(*, source: Source, now: datetime) -> Rehearsal | None:
    """The count that was asked for last; None where there is none, or the cache is away."""
    kept = _kept(source.slug)
    if not kept:
        return None
    counts: dict[tuple[str, str], int] = kept.get("counts", {})
    others = sorted({kind for _, kind in counts} - set(KINDS))
    kinds = (*KINDS, *others)
    months = sorted({month for month, _ in counts}, reverse=True)
    return Rehearsal(
        asked_at=kept["asked_at"],
        running=kept["running"],
        lost=kept["running"] and now - kept["told_at"] > LOST_AFTER,
        finished=kept.get("finished", True),
        kinds=kinds,
        rows=tuple(
            (month, tuple(counts.get((month, kind), 0) for kind in kinds)) for month in months
        ),
    )


def _key(slug: str) -> str:
    return f"retention:rehearsal:{slug}"


def _keep(slug: str, state: dict[str, Any]) -> None:
    with suppress(RedisError):
        cache.set(_key(slug), state, KEPT)


def _kept(slug: str) -> dict[str, Any]:
    with suppress(RedisError):
        found: dict[str, Any] = cache.get(_key(slug), {})
        return found
    return {}
