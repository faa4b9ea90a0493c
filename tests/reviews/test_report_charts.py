"""The bars of the public report's charts."""

from __future__ import annotations

import pytest

from reviews.report_charts import counts, hours, share, shares
from reviews.transparency import Line


def _line(name: str, *figures: int | None, hours: float | None = None) -> Line:
    cutoffs, reviewed, overturned, appeals = figures
    return Line(name, cutoffs, reviewed, overturned, appeals, hours)


def test_a_bar_is_as_long_as_its_count_and_the_scale_ends_at_a_round_number() -> None:
    drawn = counts([_line("1", 130, 0, 0, 0), _line("2", 65, 0, 0, 0)], "cutoffs")
    assert drawn.top == 150
    assert [bar.length for bar in drawn.bars] == [86.67, 43.33]
    assert [bar.rest for bar in drawn.bars] == [13.33, 56.67]
    assert not drawn.some_untold


def test_bars_stand_side_by_side_without_touching() -> None:
    drawn = counts([_line(str(number), 20, 0, 0, 0) for number in range(4)], "cutoffs")
    assert [bar.start for bar in drawn.bars] == [3.75, 28.75, 53.75, 78.75]
    assert {bar.broad for bar in drawn.bars} == {17.5}


def test_few_do_not_look_like_many() -> None:
    """Nothing below ten is published: no scale ends before."""
    drawn = counts([_line("1", 20, 0, 0, 0), _line("2", 20, 0, 0, 0)], "appeals")
    assert drawn.top == 10
    assert [bar.length for bar in drawn.bars] == [0, 0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (_line("all", 100, 40, 10, 0), 0.25),
        (_line("none overturned", 100, 40, 0, 0), 0.0),
        (_line("nothing reviewed", 100, 0, 0, 0), None),
        (_line("reviews withheld", 100, None, 10, 0), None),
        (_line("overturned withheld", 100, 40, None, 0), None),
    ],
)
def test_a_share_is_of_what_is_published_alone(line: Line, expected: float | None) -> None:
    assert share(line) == expected


def test_no_share_is_told_from_one_that_is_zero_and_from_one_that_is_withheld() -> None:
    drawn = shares(
        [
            _line("withheld", 100, 40, None, 0),
            _line("zero", 100, 40, 0, 0),
            _line("nothing reviewed", 100, 0, 0, 0),
            _line("third", 100, 60, 20, 0),
        ]
    )
    assert drawn.top == 0.4
    assert [bar.untold for bar in drawn.bars] == [True, False, False, False]
    assert [bar.length for bar in drawn.bars] == [100, 1, 0, 83.33]
    assert drawn.some_untold


def test_a_share_is_never_drawn_on_more_than_all_nor_on_little() -> None:
    assert shares([_line("1", 90, 90, 90, 0)]).top == 1
    assert shares([_line("1", 900, 900, 10, 0)]).top == pytest.approx(0.1)


def test_a_month_that_is_not_half_decided_does_not_look_fast() -> None:
    drawn = hours(
        [
            _line("waiting", 100, 40, 20, 0),
            _line("empty", 0, 0, 0, 0),
            _line("told", 100, 60, 20, 0, hours=6.0),
            _line("withheld", None, None, None, None),
        ]
    )
    assert drawn.top == 6
    assert [bar.untold for bar in drawn.bars] == [True, False, False, True]
    assert [bar.length for bar in drawn.bars] == [100, 0, 100, 100]
