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
from typing import Final

import numpy as np
from scipy import special

from policies.estimation import (
    Audited,
    Fit,
    Kind,
    Rate,
    fitted,
    has_few_events,
    overturn_rate,
    sample_of,
)
from policies.intervals import Interval
from policies.weighting import Flags, Floats, Sample, distinct, ratio, variance

#: A p-value below this is told as this.
LEAST_P: Final = 1e-9
#: How exactly a p-value is told, as a share of itself.
_EXACT: Final = 1e-4


@dataclass(frozen=True, slots=True)
class JointFit:
    """A difference, and all that its interval takes at whatever confidence.

    ``correlation`` is that of the two rates; None where events are not few.
    """

    one: Fit
    other: Fit
    error: float
    freedom: int
    correlation: float | None

    @property
    def estimate(self) -> float:
        """The first share less the second."""
        return self.one.share - self.other.share

    def interval(self, confidence: float) -> Interval:
        """The interval that holds the difference with *confidence*, 0 to 1."""
        quantile = -float(special.stdtrit(self.freedom, (1 - confidence) / 2))
        half = quantile * self.error
        found = Interval(self.estimate - half, self.estimate + half)
        if self.correlation is None:
            return found
        composed = self._composed(self.correlation, confidence)
        return Interval(min(found.low, composed.low), max(found.high, composed.high))

    def _composed(self, correlation: float, confidence: float) -> Interval:
        """Zou and Donner's interval from those of the two rates."""
        one, other = self.one.interval(confidence), self.other.interval(confidence)
        share, others = self.one.share, self.other.share

        def reach(mine: float, theirs: float) -> float:
            return math.sqrt(max(mine**2 + theirs**2 - 2 * correlation * mine * theirs, 0.0))

        return Interval(
            self.estimate - reach(share - one.low, other.high - others),
            self.estimate + reach(one.high - share, others - other.low),
        )


@dataclass(frozen=True, slots=True)
class RateDifference:
    """The first rate less the second, -1 to 1, with its interval.

    Without an estimate the ends are bounds, and there is no ``fit``.
    """

    first: Rate
    second: Rate
    fit: JointFit | None
    low: float
    high: float

    @property
    def estimate(self) -> float | None:
        """The first rate less the second, as far as both are known."""
        return self.fit.estimate if self.fit else None

    @property
    def p(self) -> float | None:
        """The p-value: one less the confidence, 0 to 1, up to which the interval leaves out 0;
        two-sided, at least :data:`LEAST_P`. None without an estimate. It never says other than
        the interval does.
        """
        if self.fit is None:
            return None
        low, high = math.log(LEAST_P), 0.0
        while high - low > _EXACT:
            middle = (low + high) / 2
            found = self.fit.interval(1 - math.exp(middle))
            if found.low <= 0 <= found.high:
                low = middle
            else:
                high = middle
        return math.exp(high)

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
    fit = _fit(sample, first, second)
    return _bounded(one, other, fit, fit.interval(confidence))


def _bounded(one: Rate, other: Rate, fit: JointFit | None, found: Interval) -> RateDifference:
    return RateDifference(one, other, fit, max(found.low, -1.0), min(found.high, 1.0))


def _fit(sample: Sample, first: Flags, second: Flags) -> JointFit:
    """The difference of two rates with decided cutoffs; those not decided are left out."""
    influences = _influence(sample, first), _influence(sample, second)
    counted = sample.decided & (first | second)
    subjects = distinct(sample.subject[counted])
    few = _few(sample, first, second, counted)
    return JointFit(
        one=fitted(sample.where(first & sample.decided)),
        other=fitted(sample.where(second & sample.decided)),
        error=math.sqrt(variance(influences[0] - influences[1], subjects)),
        freedom=max(subjects - distinct(sample.stratum[counted]), 1),
        correlation=_correlation(*influences) if few else None,
    )


def _influence(sample: Sample, part: Flags) -> Floats:
    """The influence of every subject of *sample* on the rate of *part*."""
    influence = np.zeros(int(sample.subject.max()) + 1)
    found = ratio(sample.where(part & sample.decided)).influence
    influence[: found.size] = found
    return influence


def _few(sample: Sample, first: Flags, second: Flags, counted: Flags) -> bool:
    """Whether what is common, or what only one rate has, has few events in a stratum."""
    parts = first.astype(np.intp) + 2 * second
    cells = (parts * (int(sample.stratum.max()) + 1) + sample.stratum)[counted]
    outcome = sample.outcome[counted]
    return has_few_events(cells, outcome) or has_few_events(cells, 1 - outcome)


def _correlation(one: Floats, other: Floats) -> float:
    scale = math.sqrt(float(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0
