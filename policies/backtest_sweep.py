"""One threshold over its range: what it keeps and spares, and how often it errs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from conversations.vocabulary import FirstReview
from policies.backtest import END, MODEL, NEAR_MISS, NOT, UNKNOWN, Group
from policies.backtest_figures import Share
from policies.backtest_sums import ANY_OVERTURN, count, rate

#: A band holds at each point by itself, and not along the whole curve
#: (docs/explanation/estimation.md, "Backtests").
BAND: Final = "pointwise"


class Point(Struct, frozen=True):
    """One value of the threshold. Counts are of cutoffs by the model that it is asked of.

    ``lost`` are those spared whose first review upheld them. ``near_misses`` would be ended.
    ``overturns`` is the rate of those kept, with its pointwise band.
    """

    threshold: float
    kept: int
    spared: int
    lost: int
    cannot_tell: int
    near_misses: int
    overturns: Share


class Sweep(Struct, frozen=True):
    """The points of one criterion, lowest first; ``category`` is empty for the default."""

    criterion: str
    category: str
    present: float
    band: str
    points: tuple[Point, ...]


def answer_at(group: Group, place: int, threshold: float) -> int:
    """The candidate's answer with the *place*-th step of the threshold, counted from 0.

    ``group.candidate`` is the answer of all other tests, ``group.step`` how many steps the signal
    reaches.
    """
    if threshold <= 0:
        return group.candidate
    if group.candidate == NOT or (group.step is not None and group.step <= place):
        return NOT
    return UNKNOWN if group.step is None else group.candidate


def points(groups: Sequence[Group], steps: Sequence[float]) -> tuple[Point, ...]:
    """One point for each of *steps*, which ascend."""
    made = [group for group in groups if group.initiator == MODEL]
    near = [group for group in groups if group.initiator == NEAR_MISS]
    return tuple(_point(made, near, place, step) for place, step in enumerate(steps))


def _point(made: Sequence[Group], near: Sequence[Group], place: int, threshold: float) -> Point:
    def answers(answer: int) -> list[Group]:
        return [group for group in made if answer_at(group, place, threshold) == answer]

    kept, spared, untold = answers(END), answers(NOT), answers(UNKNOWN)
    return Point(
        threshold=threshold,
        kept=count(kept, lambda _: True),
        spared=count(spared, lambda _: True),
        lost=count(spared, lambda group: group.review == FirstReview.UPHELD),
        cannot_tell=count(untold, lambda _: True),
        near_misses=count(near, lambda group: answer_at(group, place, threshold) == END),
        overturns=rate(kept, ANY_OVERTURN),
    )
