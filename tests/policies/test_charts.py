"""Places on charts."""

from __future__ import annotations

import pytest

from policies.charts import Scale, Tick, Whisker, band, columns, line, rate_scale, up_to, whisker

UNIT = Scale(0, 1)


@pytest.mark.parametrize(
    ("value", "end"), [(1, 1), (120, 150), (0.31, 0.4), (999, 1000), (0.1, 0.1), (7, 8)]
)
def test_a_scale_ends_at_a_round_number(value: float, end: float) -> None:
    assert up_to(value) == pytest.approx(end)


def test_small_rates_do_not_look_large_and_none_is_above_one() -> None:
    assert rate_scale([0.001]).high == 0.1
    assert rate_scale([]).high == 0.1
    assert rate_scale([0.95]).high == 1.0


def test_what_lies_beyond_the_scale_ends_where_it_ends() -> None:
    assert [UNIT.place(value) for value in (-1, 0.25, 2)] == [0, 25, 100]
    assert Scale(3, 3).place(3) == 0


def test_ticks_stand_at_both_ends_and_between() -> None:
    assert Scale(1, 3).ticks(2) == [Tick("0", 1), Tick("50", 2), Tick("100", 3)]


def test_an_interval_without_an_estimate_has_no_dot() -> None:
    assert whisker((0.1, 0.25, 0.5), UNIT) == Whisker("10", "50", "25")
    assert whisker((0.1, None, 0.5), UNIT).at == ""


def test_a_curve_breaks_where_nothing_is_known() -> None:
    runs = line([(0, 0.5), (0.5, 1.0), (0.75, None), (1, 0.0)], UNIT, UNIT)
    assert [(run.points, run.alone) for run in runs] == [
        ("0,50 50,0", False),
        ("100,100 100,100", True),
    ]


def test_a_band_goes_along_its_low_end_and_back_along_its_high_one() -> None:
    (area,) = band([(0, 0.1, 0.4), (1, 0.2, 0.5), (1, None, None)], UNIT, UNIT)
    assert area.points == "0,90 100,80 100,50 0,60"


def test_columns_meet_halfway_and_fill_the_drawing() -> None:
    found = columns([0, 0.5, 1], UNIT)
    assert [(one.x, one.width) for one in found] == [("0", "25"), ("25", "50"), ("75", "25")]
