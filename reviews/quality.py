"""How far reviewers agree (docs/explanation/estimation.md, "Agreement").

Pure. It is measured on the cutoffs drawn for double review, on their first two verdicts, each
given without sight of the other. Gold cases and escalated ones are no part of it. A figure that
the verdicts leave undefined is None, never 0 or 1.

Sources: K. Krippendorff, Content Analysis (4th ed., 2019), for alpha, computed by the package
``krippendorff``; J. Cohen, Educational and Psychological Measurement 20 (1960), for kappa;
D. V. Cicchetti and A. R. Feinstein, Journal of Clinical Epidemiology 43 (1990), for agreement
on either verdict; C. A. Field and A. H. Welsh, Journal of the Royal Statistical Society B 69
(2007), for the bootstrap of clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import krippendorff
import numpy as np
from django.utils.translation import gettext
from numpy.typing import NDArray

from policies.estimation import Audited, Rate, overturn_rate

#: How often the subjects are drawn anew.
REPLICATES: Final = 1000
#: An interval is told where so large a share of the replicates, 0 to 1, defines the figure.
_DEFINED: Final = 0.95

#: Of each double review: first and second overturned, only the first, only the second, neither.
Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DoubleReview:
    """The first two blind verdicts on one cutoff: by whom, and whether they said overturn."""

    subject: str
    reviewers: tuple[str, str]
    overturned: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure, its 95 % bootstrap interval by subject, and None where it is undefined.

    Shares run from 0 to 1, alpha and kappa from -1 to 1.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def words(self) -> str:
        """The figure as a table shows it."""
        if self.value is None:
            return gettext("undefined")
        if self.low is None or self.high is None:
            return f"{self.value:.2f}"
        if self.low == self.high:
            # Every replicate of like pairs is like them: its width says nothing.
            return gettext("%(value)s (all alike: no interval)") % {"value": f"{self.value:.2f}"}
        told = {"value": self.value, "low": self.low, "high": self.high}
        return gettext("%(value).2f (%(low).2f to %(high).2f)") % told


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two reviewers by name, in the order of the alphabet, and how they agree."""

    reviewers: tuple[str, str]
    n: int
    percent: Figure
    kappa: Figure


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the pool of reviewers agrees, and each pair in it.

    ``percent`` is the share of cutoffs on which both said the same; ``on_overturns`` and
    ``on_upholds`` tell how likely the other says so, too, where one does.
    """

    n: int
    percent: Figure
    alpha: Figure
    on_overturns: Figure
    on_upholds: Figure
    pairs: tuple[PairAgreement, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often both overturned, they differed, and both upheld; of *n* double reviews."""

    both_overturned: int
    differed: int
    both_upheld: int

    @property
    def n(self) -> int:
        """How many double reviews there are."""
        return self.both_overturned + self.differed + self.both_upheld


def confusion(reviews: Sequence[DoubleReview]) -> Confusion:
    """The decisions of *reviews*, two by two; who was first tells nothing and is left out."""
    sums = [sum(review.overturned) for review in reviews]
    return Confusion(sums.count(2), sums.count(1), sums.count(0))


@dataclass(frozen=True, slots=True)
class Checked:
    """A double review, and what a senior's blind or deciding verdict made of it.

    ``probability`` is that of the check, above 0 to 1: 1 where the two differed. ``overturned``
    is the senior's; None while it is missing.
    """

    review: DoubleReview
    probability: float
    overturned: bool | None


@dataclass(frozen=True, slots=True)
class Errors:
    """How far one reviewer's word can be trusted, by the seniors' checks.

    ``error`` is the share of first verdicts that a senior would have given otherwise; ``agreed``
    the same among those on which both agreed; ``shift`` the overturn rate by seniors less that by
    one reviewer (the two-phase difference estimate), undefined while checks are missing.
    """

    error: Rate
    agreed: Rate
    shift: Figure


def errors(
    checks: Sequence[Checked], *, rng: np.random.Generator, replicates: int = REPLICATES
) -> Errors:
    """What *checks* say of first verdicts, each weighing 1 / probability.

    The shares have the intervals of ``policies/estimation.py``, and are bounds while more than
    one check in twenty is missing; the shift's is the bootstrap by subject.
    """
    agreed = [check for check in checks if len(set(check.review.overturned)) == 1]
    error = overturn_rate([_as_audited(check) for check in checks])
    return Errors(
        error=error,
        agreed=overturn_rate([_as_audited(check) for check in agreed]),
        shift=_shift(checks, rng, replicates) if error.kind == "interval" else Figure(None),
    )


def _as_audited(check: Checked) -> Audited:
    """A check as a draw whose event is that the first verdict was wrong."""
    wrong = None if check.overturned is None else check.review.overturned[0] != check.overturned
    stratum = f"{check.probability}"
    return Audited(check.review.subject, stratum, check.probability, wrong)


def _shift(checks: Sequence[Checked], rng: np.random.Generator, replicates: int) -> Figure:
    """The weighted mean of what a senior changes, with its middle 95 % over subjects."""
    places: dict[str, int] = {}
    sums = np.zeros((len({check.review.subject for check in checks}), 2))
    for check in checks:
        if check.overturned is not None:
            place = places.setdefault(check.review.subject, len(places))
            moved = int(check.overturned) - int(check.review.overturned[0])
            sums[place] += (moved / check.probability, 1 / check.probability)
    sums = sums[: len(places)]
    total, weights = sums.sum(axis=0)
    if len(sums) < 2:
        return Figure(float(total / weights))
    shares = np.full(len(sums), 1 / len(sums))
    drawn = rng.multinomial(len(sums), shares, size=replicates) @ sums
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return Figure(float(total / weights), float(low), float(high))


def reasons_shared(
    reasons: Sequence[tuple[frozenset[str], frozenset[str]]],
) -> list[tuple[str, int, int]]:
    """Each reason by name, on how many double reviews somebody gave it, on how many both did."""
    codes = sorted(frozenset().union(*(one | other for one, other in reasons)))
    return [
        (
            code,
            sum(code in one | other for one, other in reasons),
            sum(code in one & other for one, other in reasons),
        )
        for code in codes
    ]


@dataclass(frozen=True, slots=True)
class GoldMatch:
    """Whether the answer to a gold case is among the right ones, and its reasons too."""

    decision: bool
    reasons: bool


def gold_match(
    decision: str, codes: Sequence[str], *, accepted: Sequence[str], acceptable: Sequence[str]
) -> GoldMatch:
    """An answer held against the reference: all its reasons have to be *acceptable*."""
    return GoldMatch(decision in accepted, bool(codes) and set(codes) <= set(acceptable))


def agreement(
    reviews: Sequence[DoubleReview], *, rng: np.random.Generator, replicates: int = REPLICATES
) -> Agreement:
    """All figures of *reviews*; the bootstrap draws from *rng*."""
    pool = _Clustered(reviews, rng, replicates)
    pairs: dict[tuple[str, str], list[DoubleReview]] = {}
    for review in map(_by_name, reviews):
        pairs.setdefault(review.reviewers, []).append(review)
    return Agreement(
        n=len(reviews),
        percent=pool.figure(_percent),
        alpha=pool.figure(_alpha),
        on_overturns=pool.figure(_on_overturns),
        on_upholds=pool.figure(_on_upholds),
        pairs=tuple(
            _pair(names, _Clustered(of_pair, rng, replicates))
            for names, of_pair in sorted(pairs.items())
        ),
    )


def _by_name(review: DoubleReview) -> DoubleReview:
    """The same review with its reviewers in the order of the alphabet."""
    one, other = review.reviewers
    if one <= other:
        return review
    return DoubleReview(review.subject, (other, one), review.overturned[::-1])


def _pair(names: tuple[str, str], clustered: _Clustered) -> PairAgreement:
    return PairAgreement(
        reviewers=names,
        n=int(clustered.whole.sum()),
        percent=clustered.figure(_percent),
        kappa=clustered.figure(_kappa),
    )


class _Clustered:
    """The two-by-two table of some reviews, and of as many drawn anew by subject."""

    def __init__(
        self, reviews: Sequence[DoubleReview], rng: np.random.Generator, replicates: int
    ) -> None:
        subjects: dict[str, int] = {}
        tables = np.zeros((len({review.subject for review in reviews}), 4))
        for review in reviews:
            first, second = review.overturned
            place = subjects.setdefault(review.subject, len(subjects))
            tables[place, 2 * (not first) + (not second)] += 1
        self.whole: Table = tables.sum(axis=0)
        self._replicates: Table = np.empty((0, 4))
        if len(tables) > 1:
            shares = np.full(len(tables), 1 / len(tables))
            self._replicates = rng.multinomial(len(tables), shares, size=replicates) @ tables

    def figure(self, measure: Callable[[Table], float | None]) -> Figure:
        """*measure* of the reviews, with the middle 95 % of it over the replicates."""
        value = measure(self.whole)
        drawn = [measure(table) for table in self._replicates]
        defined = [one for one in drawn if one is not None]
        if value is None or not defined or len(defined) < _DEFINED * len(drawn):
            return Figure(value)
        low, high = np.quantile(defined, (0.025, 0.975))
        return Figure(value, float(low), float(high))


def _percent(table: Table) -> float | None:
    both, first, second, neither = table
    return _share(both + neither, both + first + second + neither)


def _on_overturns(table: Table) -> float | None:
    both, first, second, _ = table
    return _share(2 * both, 2 * both + first + second)


def _on_upholds(table: Table) -> float | None:
    _, first, second, neither = table
    return _share(2 * neither, 2 * neither + first + second)


def _kappa(table: Table) -> float | None:
    """Cohen's kappa: undefined where chance alone would make both agree always."""
    both, first, second, neither = table
    n = table.sum()
    if not n:
        return None
    observed = (both + neither) / n
    chance = ((both + first) * (both + second) + (neither + first) * (neither + second)) / n**2
    return _share(observed - chance, 1 - chance)


def _alpha(table: Table) -> float | None:
    """Krippendorff's alpha for nominal values: undefined where all verdicts are alike."""
    both, first, second, neither = table
    split = first + second
    if not (2 * both + split and 2 * neither + split):
        return None
    # How often each cutoff was overturned, and how often upheld.
    kinds = np.array([[2, 0], [1, 1], [0, 2]])
    counts = np.repeat(kinds, np.array([both, split, neither]).astype(int), axis=0)
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
