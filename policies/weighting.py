"""Weighted samples, and ratios with the influence that every subject has on them.

Pure. The ratio is Hájek's: the weights' sum stands below, too. Its variance is linearised and
clustered by subject: a subject's cases tell less than as many subjects would.

Source: C.-E. Särndal, B. Swensson and J. Wretman, Model Assisted Survey Sampling (1992), 5.6
and 5.7; for the clusters, D. A. Binder, International Statistical Review 51 (1983).

Cases are drawn one by one (a hash of each id), so how many a stratum yields is chance, and so
is the strata's mix in future cutoffs. The influences are therefore not centred by stratum: that
would leave both out, and cover a truth of unequal strata in 83 % (docs/explanation/estimation.md).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """Cases as columns of equal length.

    ``subject`` and ``stratum`` are numbers from 0 that stand for whom and what; ``weight`` is
    above 0; ``outcome`` is 1 (it happened), 0 (it did not) or NaN (nobody said).
    """

    subject: Codes
    stratum: Codes
    weight: Floats
    outcome: Floats

    @classmethod
    def of(
        cls,
        *,
        subject: Sequence[Hashable] | Codes,
        stratum: Sequence[Hashable] | Codes,
        probability: ArrayLike,
        outcome: ArrayLike,
    ) -> Sample:
        """A sample in which each case was drawn with its *probability*, above 0 to 1.

        Raises ``ValueError`` when one is outside, or the columns differ in length.
        """
        chance = np.asarray(probability, dtype=np.float64)
        happened = np.asarray(outcome, dtype=np.float64)
        if not len(subject) == len(stratum) == chance.size == happened.size:
            raise ValueError("The columns of a sample must be of equal length.")
        if not np.all((chance > 0) & (chance <= 1)):
            raise ValueError("A probability must be above 0 and at most 1.")
        return cls(codes(subject), codes(stratum), 1 / chance, happened)

    def __len__(self) -> int:
        return int(self.weight.size)

    def where(self, chosen: Flags) -> Sample:
        """The cases of which *chosen* is true; subjects and strata keep their numbers."""
        return Sample(
            self.subject[chosen], self.stratum[chosen], self.weight[chosen], self.outcome[chosen]
        )

    def assuming(self, outcome: float) -> Sample:
        """The sample with *outcome* wherever nobody said."""
        filled = np.where(np.isnan(self.outcome), outcome, self.outcome)
        return Sample(self.subject, self.stratum, self.weight, filled)

    @cached_property
    def decided(self) -> Flags:
        """Which outcomes are known."""
        return ~np.isnan(self.outcome)


def codes(values: Sequence[Hashable] | Codes) -> Codes:
    """Numbers from 0 in place of *values*, equal ones for equal ones."""
    if isinstance(values, np.ndarray):
        return np.unique(values, return_inverse=True)[1]
    seen: dict[Hashable, int] = {}
    return np.fromiter((seen.setdefault(value, len(seen)) for value in values), np.intp)


@dataclass(frozen=True)
class Ratio:
    """A weighted share and what its uncertainty comes from.

    ``influence`` is by subject's number, 0 for subjects without a case in it; it sums to 0.
    """

    share: float
    influence: Floats
    subjects: int
    strata: int

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the variance, at least 1."""
        return max(self.subjects - self.strata, 1)


def ratio(sample: Sample) -> Ratio:
    """The weighted share of outcomes that happened; all must be known, and there must be one."""
    weights = sample.weight.sum()
    share = float((sample.weight * sample.outcome).sum() / weights)
    influence = np.bincount(sample.subject, sample.weight * (sample.outcome - share) / weights)
    return Ratio(
        share=share,
        influence=influence.astype(np.float64),
        subjects=distinct(sample.subject),
        strata=distinct(sample.stratum),
    )


def variance(influence: Floats, subjects: int) -> float:
    """The variance of an estimate from the influence of each of its *subjects*, 2 or more."""
    return float(np.square(influence).sum()) * subjects / max(subjects - 1, 1)


def distinct(numbers: Codes) -> int:
    """How many different *numbers* there are."""
    return int(np.count_nonzero(np.bincount(numbers)))
