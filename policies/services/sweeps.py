"""Reading a window for a sweep: all tests but one, and how far the signal of that one reaches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from conversations.vocabulary import Category
from policies.backtest import Group, Question
from policies.backtest_sql import Parameters, flags
from policies.backtest_sweep import BAND, Sweep, points
from policies.evaluation import CRITERIA
from policies.models import BUILT_IN_NUMBER
from policies.services.backtest_scan import Rowset, read
from policies.services.backtest_window import Piece, where_of
from policies.thresholds import FEWEST_WARNINGS, HIGHEST_COUNT, Thresholds

#: Counts are swept this far at least, and further where a conversation of the window has more.
FEWEST_COUNTS: Final = 10
_HUNDREDTHS: Final = 100

_WHOLE: Final = {criterion.name: criterion.whole for criterion in CRITERIA}


def sweep(question: Question, *, criterion: str, category: str = "") -> Sweep:
    """What the candidate would do with each value of one threshold.

    *category* is empty for the default, which those categories have that have none of their own.
    Raises ``ValueError`` for a criterion or category that does not exist.
    """
    if criterion not in _WHOLE:
        raise ValueError("There is no such criterion.")
    if category and category not in Category.values:
        raise ValueError("There is no such category.")
    candidate = question.candidate
    present = float(getattr(candidate.of(category), criterion))
    steps = _steps(criterion, present)
    without = _without(candidate, criterion)
    asked_of = [category] if category else _default_ones(candidate)

    def rowsets(piece: Piece) -> Iterator[Rowset]:
        bound = Parameters()
        written = flags(
            without,
            {BUILT_IN_NUMBER: without},
            otherwise=BUILT_IN_NUMBER,
            version="cutoff.policy_version",
            bound=bound,
        )
        where = (
            f"{where_of(question, piece, bound)} AND cutoff.initiator IN ('model', '')"
            f" AND cutoff.category = ANY({bound.bind(asked_of, 'text[]')})"
        )
        reached = bound.bind(steps, "float8[]")
        step = f"width_bucket(cutoff.{criterion}::float8, {reached})"
        yield Rowset(f"({written})", "cutoff.policy_version", "", where, bound, step)

    found = read(question, rowsets, versions=frozenset())
    shown = _needed(steps, found, present) if _WHOLE[criterion] else steps
    return Sweep(criterion, category, present, BAND, points(found, shown))


def _steps(criterion: str, present: float) -> list[float]:
    if not _WHOLE[criterion]:
        return sorted({present, *(step / _HUNDREDTHS for step in range(_HUNDREDTHS + 1))})
    lowest = FEWEST_WARNINGS if criterion == "warnings" else 0
    return [float(count) for count in range(lowest, HIGHEST_COUNT + 1)]


def _needed(steps: list[float], found: list[Group], present: float) -> list[float]:
    """*steps* up to the first one that no conversation reaches, in tens from the lowest."""
    reached = max((group.step for group in found if group.step is not None), default=0)
    last = max(FEWEST_COUNTS, present, steps[min(reached, len(steps) - 1)])
    if last > FEWEST_COUNTS:
        last = steps[0] + 10 * math.ceil((last - steps[0]) / 10)
    return [step for step in steps if step <= last]


def _without(candidate: Thresholds, criterion: str) -> Thresholds:
    """*candidate*, not asking for *criterion*: no policy, but all else that a sweep holds."""
    return msgspec.structs.replace(
        candidate,
        default=msgspec.structs.replace(candidate.default, **{criterion: 0}),
        categories={
            name: msgspec.structs.replace(asked, **{criterion: 0})
            for name, asked in candidate.categories.items()
        },
    )


def _default_ones(candidate: Thresholds) -> list[str]:
    return [name for name in Category.values if name not in candidate.categories]
