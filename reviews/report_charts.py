"""The bars of the public report's charts. Pure.

Places are percents of the drawing, as in ``policies/charts.py``; colours and strokes are in
``static/css/transparency.css``. What is withheld is withheld on a chart too: no bar is computed
from a count that the tables do not show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from policies.charts import rate_scale, up_to
from reviews.suppression import LEAST_PUBLISHED
from reviews.transparency import Line

#: Of the distance between two bars that stand side by side, the part that a bar takes.
_BROAD: Final = 0.7
#: A share or a time of nothing is drawn as high as this: where nothing is told, nothing is drawn.
_LEAST_DRAWN: Final = 1.0


@dataclass(frozen=True)
class Bar:
    """A line of a table. ``length`` is the part of the scale that it takes: all where *untold*.

    ``start`` and ``broad`` are for bars side by side, and ``rest`` is what ``length`` leaves.
    ``value`` is None where it is *untold*, and where there is none.
    """

    name: str
    value: float | None
    untold: bool
    length: float
    rest: float
    start: float
    broad: float


@dataclass(frozen=True)
class Bars:
    """The bars of a chart, and the value at which its scale ends; the scale begins at 0."""

    bars: list[Bar]
    top: float

    @property
    def some_untold(self) -> bool:
        """Whether a bar is drawn without its value."""
        return any(bar.untold for bar in self.bars)


def counts(lines: Sequence[Line], column: str) -> Bars:
    """How many of *column*, ``cutoffs`` or ``appeals``, each of *lines* has."""
    values: dict[str, int | None] = {line.name: getattr(line, column) for line in lines}
    top = up_to(max(LEAST_PUBLISHED, *(value or 0 for value in values.values())))
    return _bars(lines, lambda line: values[line.name], lambda _line: True, top, least=0)


def shares(lines: Sequence[Line]) -> Bars:
    """Of the reviews of each of *lines*, the share that overturned the end (:func:`share`)."""
    top = rate_scale(share(line) or 0 for line in lines).high
    return _bars(lines, share, lambda line: line.reviewed != 0, top, least=_LEAST_DRAWN)


def hours(lines: Sequence[Line]) -> Bars:
    """How long it took to decide, as the tables say it."""
    top = up_to(max(1.0, *(line.hours or 0 for line in lines)))
    return _bars(
        lines, lambda line: line.hours, lambda line: line.cutoffs != 0, top, least=_LEAST_DRAWN
    )


def share(line: Line) -> float | None:
    """The share, 0 to 1, of *line*'s reviews that overturned the end; of what is published alone.

    None without reviews, or where one of the two counts is withheld.
    """
    if not line.reviewed or line.overturned is None:
        return None
    return line.overturned / line.reviewed


def _bars(
    lines: Sequence[Line],
    value: Callable[[Line], float | None],
    exists: Callable[[Line], bool],
    top: float,
    *,
    least: float,
) -> Bars:
    """*exists* says whether there is a value at all, told or not; *least* is the least length."""
    step = 100 / max(len(lines), 1)
    bars = []
    for number, line in enumerate(lines):
        found = value(line)
        untold = found is None and exists(line)
        length = 100.0 if untold else 0.0 if found is None else max(100 * found / top, least)
        bars.append(
            Bar(
                name=line.name,
                value=found,
                untold=untold,
                length=round(length, 2),
                rest=round(100 - length, 2),
                start=round(step * (number + (1 - _BROAD) / 2), 2),
                broad=round(step * _BROAD, 2),
            )
        )
    return Bars(bars, top)
