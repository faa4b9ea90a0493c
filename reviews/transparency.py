"""The public report: counts by month, category and policy version, the small ones withheld. Pure.

Months are those of UTC in which the conversations were ended. What happened to a cutoff later,
a review or an appeal, counts in the month of its end, so that the same month may change from one
report to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from reviews.suppression import Cell, Sum, withheld

#: Stands for the sum over all months, or over all categories and versions.
ALL: Final = "all"

#: How many whole months a report tells of.
MONTHS: Final = 12


class Counts(msgspec.Struct, frozen=True):
    """Of the conversations ended: how many were reviewed, and how many reviews overturned the end.

    ``hours`` is the median time from the opening of a case to its decision. Those that wait count
    for as long as they have waited (Kaplan and Meier): a median of the decided alone would praise
    whoever leaves the hard ones. None while more than half are undecided.
    """

    cutoffs: int = 0
    reviewed: int = 0
    overturned: int = 0
    appeals: int = 0
    hours: float | None = None


class Line(msgspec.Struct, frozen=True):
    """One line of a table; what is None is withheld. ``hours`` are None without enough reviews."""

    name: str
    cutoffs: int | None
    reviewed: int | None
    overturned: int | None
    appeals: int | None
    hours: float | None


class Report(msgspec.Struct, frozen=True):
    """The months, and for all of them together the categories and the policy versions."""

    months: list[Line]
    categories: list[Line]
    versions: list[Line]
    total: Line


#: By month, kind of breakdown (``category``, ``version`` or ALL) and its value, what was counted.
Counted = Mapping[tuple[str, str, str], Counts]

_PUBLISHED: Final = ("cutoffs", "reviewed", "overturned", "appeals")


def report(counted: Counted, months: Iterable[str]) -> Report:
    """The tables of *counted*, which has a sum over all months for each value, and over all values
    for each month of *months*; what it lacks is zero.

    Who subtracts one published number from another learns no count below ten either: those not
    reviewed and those upheld are taken for published too.
    """
    listed = list(months)
    lines = {
        "month": [(month, (month, ALL, ALL)) for month in listed],
        **{
            kind: [(value, (ALL, kind, value)) for value in _values(counted, kind)]
            for kind in ("category", "version")
        },
        "total": [(ALL, (ALL, ALL, ALL))],
    }
    cells: dict[Cell, int] = {}
    sums: list[Sum] = []
    for kind, named in lines.items():
        for _name, key in named:
            _add_cells(cells, sums, key, counted.get(key, Counts()))
        if kind != "total":
            sums += _down(cells, [key for _name, key in named])
    hidden = withheld(cells, sums)
    tables = {
        kind: [_line(name, key, counted.get(key, Counts()), hidden) for name, key in named]
        for kind, named in lines.items()
    }
    return Report(tables["month"], tables["category"], tables["version"], tables["total"][0])


def _values(counted: Counted, kind: str) -> list[str]:
    found = {value for _month, breakdown, value in counted if breakdown == kind}
    return sorted(found, key=lambda value: (len(value), value) if kind == "version" else (0, value))


def _add_cells(
    cells: dict[Cell, int], sums: list[Sum], key: tuple[str, str, str], counts: Counts
) -> None:
    """The cells of one line, and what adds up within it."""
    derived = {
        "unreviewed": counts.cutoffs - counts.reviewed,
        "upheld": counts.reviewed - counts.overturned,
        "unappealed": counts.cutoffs - counts.appeals,
    }
    for name in _PUBLISHED:
        cells[(name, *key)] = getattr(counts, name)
    cells |= {(name, *key): count for name, count in derived.items()}
    for total, parts in (
        ("cutoffs", ("reviewed", "unreviewed")),
        ("reviewed", ("overturned", "upheld")),
        ("cutoffs", ("appeals", "unappealed")),
    ):
        sums.append(Sum((total, *key), tuple((part, *key) for part in parts)))


def _down(cells: Mapping[Cell, int], keys: list[tuple[str, str, str]]) -> list[Sum]:
    """Each column's total, and the lines that add up to it."""
    columns = {cell[0] for cell in cells}
    return [
        Sum((column, ALL, ALL, ALL), tuple((column, *key) for key in keys))
        for column in sorted(columns)
        if keys
    ]


def _line(name: str, key: tuple[str, str, str], counts: Counts, hidden: frozenset[Cell]) -> Line:
    shown = {
        column: None if (column, *key) in hidden else getattr(counts, column)
        for column in _PUBLISHED
    }
    # A median of few would tell of single people.
    hours = counts.hours if shown["reviewed"] else None
    return Line(name, **shown, hours=hours)
