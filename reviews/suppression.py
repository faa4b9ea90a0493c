"""Withholding small counts of a published table, so that nobody finds them by subtraction. Pure.

A count from 1 to 9 is withheld. Others are withheld beside it until what is published leaves each
of these a range of at least ten values: "complementary cell suppression", as in Fischetti and
Salazar, "Models and algorithms for optimizing cell suppression in tabular data with linear
constraints", JASA 95 (2000). Which others is chosen greedily, the smallest first; that the ranges
hold is computed by linear programs, as the attacker would.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linprog

#: Counts below it, zero excepted, are withheld; none of them can be told within fewer values.
LEAST_PUBLISHED: Final = 10

#: What a count is of, for example ``("overturned", "2026-09", "hate")``.
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """A total, and the parts that add up to it. Anybody may know that they do."""

    total: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The total and its parts."""
        return (self.total, *self.parts)


def withheld(counts: Mapping[Cell, int], sums: Sequence[Sum]) -> frozenset[Cell]:
    """The cells of *counts* that are not to be published.

    Each of *sums* holds among *counts*, which are 0 or more. Zeros are published: they say of
    nobody that something happened to them.
    """
    small = frozenset(cell for cell, count in counts.items() if 0 < count < LEAST_PUBLISHED)
    hidden = set(small)
    while another := _another(counts, sums, hidden, small):
        hidden.add(another)
    return frozenset(hidden)


def _another(
    counts: Mapping[Cell, int], sums: Sequence[Sum], hidden: set[Cell], small: frozenset[Cell]
) -> Cell | None:
    """One cell more that must be withheld; None where what is withheld is enough."""

    def least(lines: Iterable[Sum]) -> Cell | None:
        open_cells = {cell for line in lines for cell in line.cells} - hidden
        # Zeros last: a withheld one hides hardly anything.
        return min(open_cells, key=lambda one: (counts[one] == 0, counts[one], one), default=None)

    for line in sums:
        if len(hidden.intersection(line.cells)) == 1 and (another := least([line])):
            return another
    for lines, exposed in _exposed(counts, sums, hidden, small):
        another = least(line for line in lines if exposed in line.cells) or least(lines)
        if another:
            return another
    return None


def _exposed(
    counts: Mapping[Cell, int], sums: Sequence[Sum], hidden: set[Cell], small: frozenset[Cell]
) -> Iterator[tuple[list[Sum], Cell]]:
    """Those of *small* that can be told within too few values, each with the sums that tell it."""
    for cells, lines in _connected(sums, hidden):
        for cell in sorted(cells & small):
            low, high = span(cell, counts, lines, hidden)
            if high - low < LEAST_PUBLISHED:
                yield lines, cell


def _connected(
    sums: Sequence[Sum], hidden: Collection[Cell]
) -> Iterator[tuple[set[Cell], list[Sum]]]:
    """The withheld cells in groups whose sums have nothing to do with one another."""
    groups: list[tuple[set[Cell], list[Sum]]] = []
    for line in sums:
        cells = set(line.cells) & set(hidden)
        if not cells:
            continue
        lines = [line]
        apart = []
        for other_cells, other_lines in groups:
            if other_cells & cells:
                cells |= other_cells
                lines += other_lines
            else:
                apart.append((other_cells, other_lines))
        groups = [*apart, (cells, lines)]
    return iter(groups)


def span(
    cell: Cell, counts: Mapping[Cell, int], sums: Sequence[Sum], hidden: Collection[Cell]
) -> tuple[float, float]:
    """The least and the most that *cell* can be, to somebody who knows all that is not *hidden*.

    They know the *sums*, and that no count is below zero. The most may be infinite.
    """
    unknown = sorted({one for line in sums for one in line.cells} & set(hidden))
    column = {one: number for number, one in enumerate(unknown)}
    matrix = np.zeros((len(sums), len(unknown)))
    known = np.zeros(len(sums))
    for row, line in enumerate(sums):
        for one, sign in ((line.total, -1), *((part, 1) for part in line.parts)):
            if one in column:
                matrix[row, column[one]] += sign
            else:
                known[row] -= sign * counts[one]
    goal = np.zeros(len(unknown))
    goal[column[cell]] = 1
    ends = [linprog(sign * goal, A_eq=matrix, b_eq=known, method="highs") for sign in (1, -1)]
    low = round(float(ends[0].fun), 6)
    # Status 3: there is no upper end.
    return low, float("inf") if ends[1].status == 3 else round(-float(ends[1].fun), 6)
