"""Confidence intervals for shares and weighted counts.

Pure. Shares and ends of intervals run from 0 to 1, *confidence* from 0 to 1 (both excluded).

Sources: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934); E. L. Korn and B. I. Graubard,
"Confidence intervals for proportions with small expected number of positive counts estimated
from survey data", Survey Methodology 24 (1998); M. P. Fay and E. J. Feuer, "Confidence
intervals for directly standardized rates: a method based on the gamma distribution",
Statistics in Medicine 16 (1997).
"""

from __future__ import annotations

from typing import NamedTuple

from scipy import special


class Interval(NamedTuple):
    """From *low* to *high*, both included."""

    low: float
    high: float


def clopper_pearson(events: float, n: float, *, confidence: float) -> Interval:
    """For *events* of *n*, which an effective sample size may have made fractions."""
    tail = (1 - confidence) / 2
    low = special.betaincinv(events, n - events + 1, tail) if events > 0 else 0.0
    high = special.betaincinv(events + 1, n - events, 1 - tail) if events < n else 1.0
    return Interval(float(low), float(high))


def effective_size(share: float, variance: float, *, n: int, freedom: int, tail: float) -> float:
    """How many independent cases with equal weights would tell as much (Korn and Graubard).

    Not more than *n*. *freedom* are the degrees of freedom that *variance* has, *tail* is what
    the interval leaves out on either side.
    """
    size = n * min(1.0, share * (1 - share) / (n * variance)) if variance > 0 else float(n)
    if n > 1:
        # The size pays for a variance that is itself estimated, also where that came out small.
        size *= float(special.stdtrit(n - 1, tail) / special.stdtrit(freedom, tail)) ** 2
    return size


def fay_feuer(total: float, squares: float, heaviest: float, *, confidence: float) -> Interval:
    """For a weighted count of rare events.

    *total* is the sum of the events' weights, *squares* that of their squares, and *heaviest*
    the weight that an event not seen yet may have.
    """
    tail = (1 - confidence) / 2
    low = _gamma(total, squares, tail) if total > 0 else 0.0
    return Interval(low, _gamma(total + heaviest, squares + heaviest**2, 1 - tail))


def _gamma(mean: float, variance: float, probability: float) -> float:
    """The quantile of the gamma distribution with that mean and variance."""
    return float(special.gammaincinv(mean**2 / variance, probability)) * variance / mean


def united(*intervals: Interval) -> Interval:
    """The smallest interval that holds all of *intervals*, cut to what a share can be."""
    return Interval(
        max(0.0, min(interval.low for interval in intervals)),
        min(1.0, max(interval.high for interval in intervals)),
    )
