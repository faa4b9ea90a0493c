"""Differences between two rates that share cutoffs: before and after, kept and all.

Pure. What a cutoff does to either rate it does to both, so that two intervals side by side hide
a real change that the joint variance shows.

Sources: the joint influence values as in policies/weighting.py; where events are few, G. Y. Zou
and A. Donner, "Construction of confidence limits about effect measures: a general approach",
Statistics in Medicine 27 (2008), which puts the two rates' own intervals together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from policies.estimation import Audited, Kind, Rate, has_few_events, overturn_rate, sample_of
from policies.intervals import Interval
from policies.weighting import Flags, Floats, Sample, distinct, ratio, variance


@dataclass(frozen=True, slots=True)
class RateDifference:
    """The first rate less the second, -1 to 1, with its interval.

    Without an estimate the ends are bounds.
    """

    first: Rate
    second: Rate
    estimate: float | None
    low: float
    high: float

    @property
    def kind(self) -> Kind:
        """The weaker of the two rates' kinds."""
        kinds = {self.first.kind, self.second.kind}
        if "none" in kinds:
            return "none"
        return "bounds" if "bounds" in kinds else "interval"

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.kind != "none" and not self.low <= 0 <= self.high


def difference(
    first: Sequence[Audited], second: Sequence[Audited], *, confidence: float = 0.95
) -> RateDifference:
    """The overturn rate of *first* less that of *second*.

    Two entries are the same cutoff only where they are the same object.
    """
    both = list({id(one): one for one in (*first, *second)}.values())
    in_first, in_second = {id(one) for one in first}, {id(one) for one in second}
    return difference_within(
        sample_of(both),
        np.array([id(one) in in_first for one in both], dtype=bool),
        np.array([id(one) in in_second for one in both], dtype=bool),
        confidence=confidence,
    )


def difference_within(
    sample: Sample, first: Flags, second: Flags, *, confidence: float = 0.95
) -> RateDifference:
    """The rate of the cutoffs where *first* is true less that of those where *second* is."""
    one = overturn_rate(sample.where(first), confidence=confidence)
    other = overturn_rate(sample.where(second), confidence=confidence)
    if one.estimate is None or other.estimate is None:
        return _bounded(one, other, None, Interval(one.low - other.high, one.high - other.low))
    estimate = one.estimate - other.estimate
    influences = _influence(sample, first), _influence(sample, second)
    counted = sample.decided & (first | second)
    found = _joint(estimate, influences[0] - influences[1], sample.where(counted), confidence)
    if _few(sample, first, second, counted):
        composed = _composed(estimate, one, other, _correlation(*influences))
        found = Interval(min(found.low, composed.low), max(found.high, composed.high))
    return _bounded(one, other, estimate, found)


def _bounded(one: Rate, other: Rate, estimate: float | None, found: Interval) -> RateDifference:
    return RateDifference(one, other, estimate, max(found.low, -1.0), min(found.high, 1.0))


def _influence(sample: Sample, part: Flags) -> Floats:
    """The influence of every subject of *sample* on the rate of *part*."""
    influence = np.zeros(int(sample.subject.max()) + 1)
    found = ratio(sample.where(part & sample.decided)).influence
    influence[: found.size] = found
    return influence


def _joint(estimate: float, influence: Floats, counted: Sample, confidence: float) -> Interval:
    subjects = distinct(counted.subject)
    freedom = max(subjects - distinct(counted.stratum), 1)
    quantile = -float(special.stdtrit(freedom, (1 - confidence) / 2))
    half = quantile * math.sqrt(variance(influence, subjects))
    return Interval(estimate - half, estimate + half)


def _few(sample: Sample, first: Flags, second: Flags, counted: Flags) -> bool:
    """Whether what is common, or what only one rate has, has few events in a stratum."""
    parts = first.astype(np.intp) + 2 * second
    cells = (parts * (int(sample.stratum.max()) + 1) + sample.stratum)[counted]
    outcome = sample.outcome[counted]
    return has_few_events(cells, outcome) or has_few_events(cells, 1 - outcome)


def _correlation(one: Floats, other: Floats) -> float:
    scale = math.sqrt(float(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0


def _composed(estimate: float, one: Rate, other: Rate, correlation: float) -> Interval:
    """Zou and Donner's interval from those of the two rates, whose difference is *estimate*."""
    share, others = one.estimate or 0.0, other.estimate or 0.0

    def reach(mine: float, theirs: float) -> float:
        return math.sqrt(max(mine**2 + theirs**2 - 2 * correlation * mine * theirs, 0.0))

    return Interval(
        estimate - reach(share - one.low, other.high - others),
        estimate + reach(one.high - share, others - other.low),
    )
