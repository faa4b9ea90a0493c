"""Where a shadow and what is in force disagree, read from what was recorded while it ran.

Three kinds of moments: what chat services asked, cutoffs, and near misses. A cutoff that quotes
an evaluation is the same moment as that one and is left to it. Each is held against the version
that was its own, with the flags of a backtest (``policies/backtest_sql.py``). One look reads a
bounded number of moments, the newest first, and says how far back it reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from django.db import connection

from conversations.keys import lowest, moment_of
from conversations.models import Cutoff
from conversations.vocabulary import Category
from policies.backtest import END, UNKNOWN
from policies.backtest_sql import Parameters, answers, flags, flipped
from policies.criteria_sql import LOCALE, VERSION_JOINS
from policies.models import (
    BUILT_IN_NUMBER,
    DEFAULT_SCOPE,
    AskedEvaluation,
    PolicyVersion,
    Shadow,
)
from policies.scopes import Scope
from policies.thresholds import Thresholds, parse

#: How many moments of each table one look reads, and how many disagreements a page has.
LOOKED: Final = 5_000
PAGE: Final = 50

Source = Literal["asked", "recorded"]

_FROM: Final[dict[Source, str]] = {
    "asked": """
        FROM (
            SELECT * FROM policies_askedevaluation cutoff
            WHERE {where} AND NOT crisis_cue AND NOT paused
            ORDER BY id DESC LIMIT {limit}
        ) cutoff
    """,
    "recorded": f"""
        FROM (
            SELECT * FROM conversations_cutoff cutoff
            WHERE {{where}} AND NOT trial AND NOT EXISTS (
                SELECT FROM policies_askedevaluation asked
                WHERE asked.id = CASE WHEN cutoff.evaluation_id ~ '^ev_[0-9a-f]{{{{32}}}}$'
                                      THEN substr(cutoff.evaluation_id, 4)::uuid END
            )
            ORDER BY id DESC LIMIT {{limit}}
        ) cutoff
        {VERSION_JOINS}
    """,
}
_VERSION: Final[dict[Source, str]] = {"asked": "cutoff.version_id", "recorded": "held.number"}


@dataclass(frozen=True)
class Disagreement:
    """A moment at which only one of the two would have ended the conversation.

    ``kind`` is ``asked``, ``cutoff`` or ``near_miss``. ``ends``: the shadow would have, and what
    was in force would not; else the other way round. ``tests`` are those that came out
    differently. ``cutoff`` is None where it was only asked.
    """

    key: UUID
    kind: str
    at: datetime
    category: str
    version: int
    ends: bool
    tests: tuple[str, ...]
    cutoff: Cutoff | None


@dataclass(frozen=True)
class Look:
    """One page of disagreements, newest first, and what it was found among.

    ``looked`` moments lie from ``since`` on; of them ``ends`` and ``spares`` are those that only
    the shadow, and only the version in force, would have ended, and for ``untold`` an unknown
    signal decides. ``before`` is the key to go on from, None where nothing is left.
    """

    found: tuple[Disagreement, ...]
    since: datetime
    looked: int
    ends: int
    spares: int
    untold: int
    before: UUID | None


def look(shadow: Shadow, *, now: datetime, before: UUID | None = None, size: int = PAGE) -> Look:
    """The disagreements of *shadow* up to *now*, from before the key *before* on.

    Raises ``msgspec.ValidationError`` where what it says can no longer be read.
    """
    candidate = parse(shadow.content)
    until = min(now, shadow.ended_at or shadow.until)
    upper = lowest(until + timedelta(milliseconds=1))
    upper = min(upper, before) if before else upper
    start = lowest(shadow.started_at)
    read = {source: _read(source, shadow, candidate, start, upper) for source in _FROM}
    # A table of which more is left says nothing of what lies before its last row.
    full = [rows[-1].key for rows in read.values() if len(rows) == LOOKED]
    floor = max(full, default=start)
    rows = sorted(
        (row for rows in read.values() for row in rows if row.key >= floor),
        key=lambda row: row.key,
        reverse=True,
    )
    differing = [row for row in rows if row.differs]
    if len(differing) > size:
        differing = differing[:size]
        floor = differing[-1].key
        rows = [row for row in rows if row.key >= floor]
    return Look(
        found=_shown(differing),
        since=max(moment_of(floor), shadow.started_at),
        looked=len(rows),
        ends=sum(row.differs and row.candidate == END for row in rows),
        spares=sum(row.differs and row.baseline == END for row in rows),
        untold=sum(row.untold for row in rows),
        before=floor if floor > start else None,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    key: UUID
    flags: int
    version: int
    source: Source

    @property
    def candidate(self) -> int:
        return answers(self.flags)[0]

    @property
    def baseline(self) -> int:
        return answers(self.flags)[1]

    @property
    def untold(self) -> bool:
        return UNKNOWN in answers(self.flags)

    @property
    def differs(self) -> bool:
        return not self.untold and self.candidate != self.baseline


def _read(
    source: Source, shadow: Shadow, candidate: Thresholds, start: UUID, upper: UUID
) -> list[_Row]:
    """The newest moments of one table, at most :data:`LOOKED`."""
    bound = Parameters()
    tables = _FROM[source].format(
        where=_where(source, shadow, start, upper, bound), limit=bound.bind(LOOKED, "int")
    )
    version = _VERSION[source]
    numbers = _run(f"SELECT DISTINCT {version} {tables}", bound)
    if not numbers:
        return []
    written = flags(
        candidate,
        _baselines({number for (number,) in numbers}),
        otherwise=BUILT_IN_NUMBER,
        version=version,
        bound=bound,
    )
    statement = f"SELECT cutoff.id, {written}, {version} {tables} ORDER BY cutoff.id DESC"
    return [_Row(key, marks, number, source) for key, marks, number in _run(statement, bound)]


def _where(source: Source, shadow: Shadow, start: UUID, upper: UUID, bound: Parameters) -> str:
    clauses = [
        f"cutoff.id >= {bound.bind(start, 'uuid')}",
        f"cutoff.id < {bound.bind(upper, 'uuid')}",
    ]
    if shadow.scope == DEFAULT_SCOPE:
        return " AND ".join(clauses)
    if source == "asked":
        # What was asked is kept with the scope that answered, and no more of the conversation.
        return " AND ".join([*clauses, f"cutoff.scope = {bound.bind(shadow.scope, 'text')}"])
    said = Scope.parse(shadow.scope)
    clauses += [
        f"cutoff.{name} = {bound.bind(value, 'text')}"
        for name in ("model", "surface")
        if (value := getattr(said, name))
    ]
    if said.locale:
        tag = bound.bind(said.locale, "text")
        clauses.append(f"({LOCALE} = {tag} OR starts_with({LOCALE}, {tag} || '-'))")
    return " AND ".join(clauses)


def _baselines(numbers: set[int]) -> dict[int, Thresholds | None]:
    versions = PolicyVersion.objects.filter(number__in={*numbers, BUILT_IN_NUMBER})
    return {version.number: _readable(version) for version in versions}


def _readable(version: PolicyVersion) -> Thresholds | None:
    try:
        return version.thresholds
    except msgspec.ValidationError:
        return None


def _run(statement: str, bound: Parameters) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, bound.values)
        return list(cursor.fetchall())


def _shown(rows: list[_Row]) -> tuple[Disagreement, ...]:
    """*rows* with what a reader needs of each."""
    asked = [row.key for row in rows if row.source == "asked"]
    recorded = [row.key for row in rows if row.source == "recorded"]
    cutoffs = Cutoff.objects.only("at", "category", "kind", "initiator", "in_audit")
    moments: Mapping[UUID, Any] = {
        **AskedEvaluation.objects.only("at", "category").in_bulk(asked),
        **cutoffs.in_bulk(recorded),
    }
    return tuple(
        Disagreement(
            key=row.key,
            kind="asked" if row.source == "asked" else moment.kind,
            at=moment.at,
            category=Category(moment.category).label,
            version=row.version,
            ends=row.candidate == END,
            tests=flipped(row.flags),
            cutoff=moment if row.source == "recorded" else None,
        )
        for row in rows
        if (moment := moments.get(row.key))
    )
