"""What users said, and what was missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policies.feedback_rates import Noticed, missed_crisis, surprise_rate

NOW = datetime(2026, 5, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def noticed(
    name: str,
    *,
    age: float,
    opened: float | None = None,
    answered: float | None = None,
    surprised: bool = False,
) -> Noticed:
    """A cutoff of *age* days; opened and answered so many days after it."""
    ended = NOW - age * DAY
    return Noticed(
        subject=name,
        ended=ended,
        opened=None if opened is None else ended + opened * DAY,
        answered=None if answered is None else ended + answered * DAY,
        surprised=surprised,
    )


def test_only_cutoffs_at_least_a_week_old_count() -> None:
    rate = surprise_rate(
        [
            noticed("week", age=7, opened=1, answered=1, surprised=True),
            noticed("younger", age=6.9, opened=1, answered=1, surprised=True),
            noticed("silent", age=30),
        ],
        now=NOW,
    )

    assert (rate.cutoffs, rate.opened, rate.answered) == (2, 1, 1)
    assert rate.rate.estimate == 0.5
    assert rate.words == (
        "1 of 2 users said that they were surprised; 1 opened the notice, 1 answered."
    )


def test_an_answer_after_a_week_does_not_count() -> None:
    rate = surprise_rate(
        [
            noticed("late", age=30, opened=1, answered=7.1, surprised=True),
            noticed("in time", age=30, opened=1, answered=7, surprised=True),
            noticed("not surprised", age=30, opened=8, answered=9),
        ],
        now=NOW,
    )

    assert (rate.rate.events, rate.opened, rate.answered) == (1, 2, 1)


def test_without_old_cutoffs_there_is_no_rate() -> None:
    assert surprise_rate([noticed("new", age=1)], now=NOW).rate.kind == "none"


def test_none_found_is_told_by_the_rule_of_three() -> None:
    found = missed_crisis(n=150, found=0)

    assert found.at_most == 3 / 150
    assert found.words == "0 of 150, at most 2.0 % (95 %)."
    assert missed_crisis(n=2, found=0).at_most == 1
    assert missed_crisis(n=0, found=0).words == "Nobody has looked yet."


def test_some_found_is_told_by_the_exact_limit() -> None:
    # 1 of 100: the one-sided limit of the binomial is 4.66 %.
    assert missed_crisis(n=100, found=1).at_most == pytest.approx(0.0466, abs=1e-4)


@pytest.mark.parametrize(("n", "found"), [(3, 4), (3, -1)])
def test_more_than_there_are_cannot_be_found(n: int, found: int) -> None:
    with pytest.raises(ValueError, match="from 0"):
        missed_crisis(n=n, found=found)
