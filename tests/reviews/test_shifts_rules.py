"""What a shift is, read from claims."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.shifts import PAUSE, REST, Span, severe_cases, without_a_gap
from tests.factories import NOW


def hours(ago: float) -> datetime:
    return NOW - timedelta(hours=ago)


def span(began: float, ended: float, case: int = 1, *, severe: bool = False) -> Span:
    """A claim from so many hours ago to so many."""
    return Span(UUID(int=case), hours(began), hours(ended), severe)


def test_a_rest_ends_a_shift() -> None:
    old, new = span(10, 9.5), span(3, 2.5)
    assert without_a_gap([new, old], now=NOW, gap=REST) == [new]


def test_a_long_lunch_does_not() -> None:
    morning, afternoon = span(8, 7), span(2, 1)
    assert without_a_gap([morning, afternoon], now=NOW, gap=REST) == [morning, afternoon]


def test_after_a_rest_nothing_counts() -> None:
    assert without_a_gap([span(8, 6)], now=NOW, gap=REST) == []


def test_a_claim_within_another_makes_no_gap() -> None:
    long, short = span(9, 1), span(8.9, 8.8)
    assert without_a_gap([long, short], now=NOW, gap=REST) == [long, short]


@pytest.mark.parametrize(("minutes", "found"), [(4, 2), (5, 1)])
def test_a_pause_is_five_minutes(minutes: int, found: int) -> None:
    before, after = span(1, (10 + minutes) / 60), span(10 / 60, 0)
    assert len(without_a_gap([before, after], now=NOW, gap=PAUSE)) == found


def test_a_severe_case_counts_once_however_often_it_is_taken_up() -> None:
    spans = [span(3, 2, 1, severe=True), span(2, 1, 1, severe=True), span(1, 0, 2)]
    assert severe_cases(spans) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 1440), st.integers(0, 300)).map(
            lambda pair: span(pair[0] / 60, (pair[0] - pair[1]) / 60)
        )
    )
)
def test_a_shift_has_no_rest_in_it_and_one_before_it(spans: list[Span]) -> None:
    shift = without_a_gap(spans, now=NOW, gap=REST)
    before = [one for one in spans if one not in shift]
    reached = None
    for one in shift:
        assert reached is None or one.began - reached < REST
        reached = max(reached or one.ended, one.ended)
    if shift and before:
        assert shift[0].began - max(one.ended for one in before) >= REST
