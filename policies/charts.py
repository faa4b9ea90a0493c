"""Places on charts: rates with their intervals, and curves over a threshold. Pure.

Places are percents of the drawing, so that a drawing may have any width while its words, which
stand beside it as text, keep their size. Colours and strokes are in ``static/css/backtests.css``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final, TypeVar

_Point = TypeVar("_Point")

#: Values that a scale ends at, times a power of ten.
_ENDS: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
#: A rate is never drawn on less than this, so that small ones do not look large.
LEAST_TOP: Final = 0.1


@dataclass(frozen=True)
class Tick:
    """A place on a scale and its value."""

    at: str
    value: float


@dataclass(frozen=True)
class Scale:
    """From *low* to *high*, in the unit of what is drawn."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where *value* lies, 0 to 100; ends where the scale ends."""
        if self.high <= self.low:
            return 0.0
        return 100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self, parts: int) -> list[Tick]:
        """Ticks at both ends and between, *parts* + 1 in all."""
        step = (self.high - self.low) / parts
        values = [self.low + step * part for part in range(parts + 1)]
        return [Tick(_written(self.place(value)), value) for value in values]


@dataclass(frozen=True)
class Whisker:
    """An interval as a line from *low* to *high*, with a dot *at* the estimate, if there is one."""

    low: str
    high: str
    at: str


#: An interval: low, estimate if there is one, high.
Interval = tuple[float, float | None, float]


def up_to(value: float) -> float:
    """The least round number that is no less than *value*, which is above 0."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(end * power for end in _ENDS if end * power >= value * (1 - 1e-9))


def rate_scale(highs: Iterable[float]) -> Scale:
    """The scale of rates of which the highest ends are *highs*."""
    top = max([LEAST_TOP, *highs])
    return Scale(0.0, min(up_to(top), 1.0))


def whisker(interval: Interval, scale: Scale) -> Whisker:
    """*interval* on *scale*."""
    low, estimate, high = interval
    at = "" if estimate is None else _written(scale.place(estimate))
    return Whisker(_written(scale.place(low)), _written(scale.place(high)), at)


@dataclass(frozen=True)
class Run:
    """A stretch of a curve without gaps: the ``points`` of a polyline, or of a polygon.

    One point ``alone`` is written twice, so that a line with round ends shows it as a dot.
    """

    points: str
    alone: bool = False


Points = Sequence[tuple[float, float | None]]


def line(points: Points, across: Scale, up: Scale) -> list[Run]:
    """A curve through *points*, broken where a value is None."""
    runs = []
    for run in _runs(points, lambda point: point[1] is not None):
        pairs = [_pair(across, up, x, y) for x, y in run if y is not None]
        alone = len(pairs) == 1
        runs.append(Run(" ".join(pairs * 2 if alone else pairs), alone))
    return runs


def band(
    points: Sequence[tuple[float, float | None, float | None]], across: Scale, up: Scale
) -> list[Run]:
    """The area between two curves, given as (x, low, high), broken where one of them is None."""
    areas = []
    for run in _runs(points, lambda point: None not in point[1:]):
        below = [_pair(across, up, x, low) for x, low, _ in run if low is not None]
        above = [_pair(across, up, x, high) for x, _, high in run if high is not None]
        areas.append(Run(" ".join([*below, *reversed(above)])))
    return areas


@dataclass(frozen=True)
class Column:
    """The part of a drawing that is nearest to one of the values across."""

    x: str
    width: str


def columns(values: Sequence[float], across: Scale) -> list[Column]:
    """For each of *values*, which ascend, the column that reaches halfway to its neighbours."""
    places = [across.place(value) for value in values]
    halfway = [(one + other) / 2 for one, other in pairwise(places)]
    edges = [0.0, *halfway, 100.0]
    return [Column(_written(start), _written(stop - start)) for start, stop in pairwise(edges)]


def _runs(points: Sequence[_Point], there: Callable[[_Point], bool]) -> list[list[_Point]]:
    return [list(run) for is_there, run in groupby(points, key=there) if is_there]


def _pair(across: Scale, up: Scale, x: float, y: float) -> str:
    return f"{_written(across.place(x))},{_written(100 - up.place(y))}"


def _written(place: float) -> str:
    return f"{place:.2f}".rstrip("0").rstrip(".")
