"""Small counts cannot be found from what is published beside them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.suppression import LEAST_PUBLISHED, Cell, Sum, span, withheld

ROWS = ("a", "b", "c", "d")
COLUMNS = ("1", "2", "3")


def _table(parts: dict[Cell, int]) -> tuple[dict[Cell, int], list[Sum]]:
    """*parts* by row and column, with the totals of both and of all."""
    rows = sorted({row for row, _ in parts})
    columns = sorted({column for _, column in parts})
    sums = [
        *(Sum((row, "all"), tuple((row, column) for column in columns)) for row in rows),
        *(Sum(("all", column), tuple((row, column) for row in rows)) for column in columns),
        Sum(("all", "all"), tuple((row, "all") for row in rows)),
        Sum(("all", "all"), tuple(("all", column) for column in columns)),
    ]
    counts = dict(parts)
    for line in sums:
        counts[line.total] = sum(counts[part] for part in line.parts)
    return counts, sums


def _even(rows: Iterable[str] = ROWS, columns: Iterable[str] = COLUMNS) -> dict[Cell, int]:
    return dict.fromkeys(product(rows, columns), 50)


def test_large_counts_and_zeros_are_published() -> None:
    counts, sums = _table(_even() | {("a", "1"): 0})
    assert withheld(counts, sums) == frozenset()


def test_a_small_count_takes_others_of_its_row_and_its_column_with_it() -> None:
    counts, sums = _table(_even() | {("a", "1"): 3})
    hidden = withheld(counts, sums)
    assert ("a", "1") in hidden
    assert sum(row == "a" for row, _ in hidden) >= 2
    assert sum(column == "1" for _, column in hidden) >= 2


def test_two_small_counts_whose_sum_would_tell_too_much_take_a_third_with_them() -> None:
    """3 and 4 alone are at most 7: nobody may learn that either is that small."""
    line = Sum(("all",), (("x",), ("y",), ("z",)))
    counts: dict[Cell, int] = {("x",): 3, ("y",): 4, ("z",): 40, ("all",): 47}
    assert withheld(counts, [line]) > {("x",), ("y",)}


def test_a_bridge_between_two_groups_is_not_taken_for_protected() -> None:
    """Each line has two withheld counts, and one of them could still be computed exactly."""
    parts = _even("abcdefg", "1234567")
    for row, columns in (("a", "12"), ("b", "12"), ("c", "34"), ("d", "34")):
        parts |= {(row, column): 30 for column in columns}
    parts |= {("a", "3"): 5}
    counts, sums = _table(parts)
    hidden = withheld(counts, sums)
    low, high = span(("a", "3"), counts, sums, hidden)
    assert high - low >= LEAST_PUBLISHED


@settings(max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=12, max_size=12))
def test_no_small_count_can_be_told_within_ten_values(values: list[int]) -> None:
    cells: list[Cell] = [(row, column) for row in ROWS for column in COLUMNS]
    counts, sums = _table(dict(zip(cells, values, strict=True)))
    hidden = withheld(counts, sums)
    for cell, count in counts.items():
        if not 0 < count < LEAST_PUBLISHED:
            continue
        assert cell in hidden
        low, high = span(cell, counts, sums, hidden)
        everything = all(one in hidden for line in sums if cell in line.cells for one in line.cells)
        assert low <= count <= high
        assert high - low >= LEAST_PUBLISHED or everything
