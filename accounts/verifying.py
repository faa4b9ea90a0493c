"""Checking the ledger against its seals: what was changed, added or taken away, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import DataError
from django.db.models import Count, Min

from accounts.models import LedgerSeal
from accounts.sealing import lines, unsealed
from accounts.seals import NOTHING, Digest

_PAGE: Final = 1_000


class Kind(StrEnum):
    """What does not hold about a seal."""

    SEALS_MISSING = "seals_missing"
    SEAL_CHANGED = "seal_changed"
    LINES_MISSING = "lines_missing"
    LINES_ADDED = "lines_added"
    LINES_CHANGED = "lines_changed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Flaw:
    """A seal that does not hold: *found* lines are there where *seal* covered its count.

    What it covers was written between the seal *before* it and itself.
    """

    kind: Kind
    seal: LedgerSeal
    before: LedgerSeal | None
    found: int


@dataclass
class Report:
    """What a check came to. *first* is the first of *broken* seals that do not hold."""

    lines: int = 0
    seals: int = 0
    broken: int = 0
    first: Flaw | None = None
    last: LedgerSeal | None = None
    #: Whether the digest that was expected is in the chain; None where none was.
    expected: bool | None = None
    unsealed: int = 0
    unsealed_since: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing was found amiss."""
        return not self.broken and self.expected is not False


def verify(
    *, expect: bytes | None = None, progress: Callable[[Report], None] = lambda _: None
) -> Report:
    """Compute every seal anew from the lines, in the order of seals; changes nothing.

    *expect* is the digest of a seal as the log kept it: without one, seals that were cut off at
    the end, or a chain that was made anew as a whole, look like a shorter or another ledger.
    """
    report = Report(expected=None if expect is None else False)
    for seal in _seals():
        flaw = _check(seal, report.last, report)
        if flaw:
            report.broken += 1
            report.first = report.first or flaw
        report.seals += 1
        report.last = seal
        if expect == bytes(seal.digest):
            report.expected = True
        progress(report)
    told = unsealed(report.last).aggregate(count=Count("id"), since=Min("at"))
    report.unsealed, report.unsealed_since = told["count"], told["since"]
    return report


def _check(seal: LedgerSeal, before: LedgerSeal | None, report: Report) -> Flaw | None:
    digest = Digest(previous=bytes(seal.previous), sealed_at=seal.sealed_at)
    try:
        for line in lines(after=before, upto=seal.last_id):
            digest.add(line)
    except (DataError, ValueError):
        # A time beyond the year 9999, a number of thousands of digits: we never write such.
        return Flaw(Kind.UNREADABLE, seal, before, digest.count)
    report.lines += digest.count
    kind = _flaw(seal, before, digest)
    return Flaw(kind, seal, before, digest.count) if kind else None


def _flaw(seal: LedgerSeal, before: LedgerSeal | None, found: Digest) -> Kind | None:
    if seal.number != (before.number if before else 0) + 1:
        return Kind.SEALS_MISSING
    if bytes(seal.previous) != (bytes(before.digest) if before else NOTHING):
        return Kind.SEAL_CHANGED
    if found.count != seal.count:
        if found.value() == bytes(seal.digest):
            return Kind.SEAL_CHANGED
        return Kind.LINES_MISSING if found.count < seal.count else Kind.LINES_ADDED
    if found.value() != bytes(seal.digest):
        return Kind.LINES_CHANGED
    same = (found.first_id, found.last_id) == (seal.first_id, seal.last_id)
    return None if same else Kind.SEAL_CHANGED


def _seals() -> Iterator[LedgerSeal]:
    found = LedgerSeal.objects.order_by("number")
    page = list(found[:_PAGE])
    while page:
        yield from page
        page = list(found.filter(number__gt=page[-1].number)[:_PAGE])
