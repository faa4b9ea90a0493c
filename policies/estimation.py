"""Rates from the random audit (docs/explanation/estimation.md, "Overturn rate").

Pure. A rate is a share from 0 to 1 among cutoffs like those in the window, future ones
included: no finite-population correction. What each kind of figure means is told in
docs/explanation/estimation.md, where tools/check_estimation.py writes how well it keeps what it
promises.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from policies import intervals, weighting
from policies.intervals import Interval
from policies.weighting import Floats, Sample

#: Below this share of the audit decided, 0 to 1, a figure is worst-case bounds.
NEEDED_COMPLETION: Final = 0.95
#: Where a sampling stratum has fewer events, Korn and Graubard's interval is too short.
FEW_EVENTS: Final = 5

Kind = Literal["interval", "bounds", "none"]


@dataclass(frozen=True, slots=True)
class Audited:
    """A cutoff that was drawn for the audit.

    ``probability`` is that of its review and ``sending`` that of its having been sent, both
    above 0 to 1; ``stratum`` names the share by which it was drawn. ``overturned`` is None while
    the verdict is missing: skipped, deferred or overdue.
    """

    subject: str
    stratum: str
    probability: float
    overturned: bool | None
    sending: float = 1.0


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A cutoff that the audit or other reasons chose for review."""

    audited: Audited
    in_audit: bool
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its uncertainty, 0 to 1.

    ``interval``: estimate and confidence interval. ``bounds``: no estimate, since too much of the
    audit is undecided; the ends hold whatever the missing verdicts will be. ``none``: nothing
    was audited; the ends say nothing. ``completion`` is the decided share of the audit, by
    number or by weight, whichever is less. ``effective_n`` is the number of independent cases
    with equal weights that would tell as much.
    """

    kind: Kind
    estimate: float | None
    low: float
    high: float
    audited: int
    decided: int
    events: int
    completion: float | None
    effective_n: float | None

    @property
    def words(self) -> str:
        """The figure in a sentence."""
        if self.kind == "none" or self.estimate is None:
            return _without_estimate(self)
        return (
            f"{_percent(self.estimate)} ({_percent(self.low)} to {_percent(self.high)}), "
            f"{self.decided} of {self.audited} audits decided, by one reviewer."
        )


@dataclass(frozen=True, slots=True)
class Total:
    """A weighted count with its interval, in cutoffs."""

    estimate: float
    low: float
    high: float


def sample_of(observations: Sequence[Audited]) -> Sample:
    """*observations* as columns, each weighing 1 / (sending x review probability).

    Raises ``ValueError`` for a probability that is not above 0 and at most 1.
    """
    for observation in observations:
        if not (0 < observation.probability <= 1 and 0 < observation.sending <= 1):
            raise ValueError("A probability must be above 0 and at most 1.")
    return Sample.of(
        subject=[observation.subject for observation in observations],
        stratum=[observation.stratum for observation in observations],
        probability=[observation.probability * observation.sending for observation in observations],
        outcome=[
            np.nan if observation.overturned is None else observation.overturned
            for observation in observations
        ],
    )


def overturn_rate(observations: Sequence[Audited] | Sample, *, confidence: float = 0.95) -> Rate:
    """The share whose first independent review says that ending was wrong.

    Hájek's ratio with Korn and Graubard's interval, united with Fay and Feuer's where a sampling
    stratum has fewer than five events. Missing verdicts are left out while they are few, and
    bounded both ways once they are more than one in twenty.
    """
    sample = observations if isinstance(observations, Sample) else sample_of(observations)
    audited, decided = len(sample), int(sample.decided.sum())
    if not audited:
        return Rate("none", None, 0.0, 1.0, 0, 0, 0, None, None)
    known = sample.where(sample.decided)
    events = int(known.outcome.sum())
    done = completion(sample)
    if done < NEEDED_COMPLETION:
        low = fitted(sample.assuming(0)).interval(confidence).low
        high = fitted(sample.assuming(1)).interval(confidence).high
        return Rate("bounds", None, low, high, audited, decided, events, done, None)
    fit = fitted(known)
    interval, size = fit.interval(confidence), fit.effective_size(confidence)
    return Rate("interval", fit.share, *interval, audited, decided, events, done, size)


def completion(sample: Sample) -> float:
    """The decided share of a *sample* that has cutoffs, by number or by weight, the lesser one."""
    decided = sample.decided
    by_weight = sample.weight[decided].sum() / sample.weight.sum()
    return min(float(decided.mean()), float(by_weight))


def weighted_total(observations: Sequence[Audited] | Sample, *, confidence: float = 0.95) -> Total:
    """How many such cutoffs the decided audits stand for (Fay and Feuer)."""
    sample = observations if isinstance(observations, Sample) else sample_of(observations)
    known = sample.where(sample.decided)
    if not len(known):
        raise ValueError("Nothing was decided.")
    found = intervals.fay_feuer(*_events(known), confidence=confidence)
    return Total(float((known.weight * known.outcome).sum()), *found)


def with_certainties(reviewed: Sequence[Reviewed]) -> list[Audited]:
    """The audit, and with it every other reason all of whose cases are decided.

    *reviewed* holds all cases of the window, of each reason whether drawn or not. Such a reason
    is a stratum of its own, reviewed with certainty; of any other only the audit counts.
    """
    unfinished = {
        reason for one in reviewed if one.audited.overturned is None for reason in one.reasons
    }
    joined = []
    for one in reviewed:
        if finished := one.reasons - unfinished:
            stratum = f"every {min(finished)}"
            joined.append(replace(one.audited, probability=1.0, stratum=stratum))
        elif one.in_audit:
            joined.append(one.audited)
    return joined


def has_few_events(strata: weighting.Codes, happened: Floats) -> bool:
    """Whether a stratum that has cases has fewer than five events."""
    cases = np.bincount(strata)
    events = np.bincount(strata, happened)
    return bool(np.any(events[cases > 0] < FEW_EVENTS))


@dataclass(frozen=True, slots=True)
class Fit:
    """A share, 0 to 1, and all that its interval takes at whatever confidence.

    ``alike`` is the effective size where nothing shows how alike one subject's cases are.
    ``few`` and ``few_upheld`` are what Fay and Feuer's interval takes of the events, and of what
    is none, where a stratum has fewer than five; None elsewhere.
    """

    share: float
    variance: float
    n: int
    freedom: int
    weights: float
    alike: float | None
    few: tuple[float, float, float] | None
    few_upheld: tuple[float, float, float] | None

    def effective_size(self, confidence: float) -> float:
        """The number of independent cases with equal weights that would tell as much."""
        if self.alike is not None:
            return self.alike
        tail = (1 - confidence) / 2
        return intervals.effective_size(
            self.share, self.variance, n=self.n, freedom=self.freedom, tail=tail
        )

    def interval(self, confidence: float) -> Interval:
        """The interval that holds the share with *confidence*, 0 to 1."""
        size = self.effective_size(confidence)
        parts = [intervals.clopper_pearson(self.share * size, size, confidence=confidence)]
        if self.few:
            found = intervals.fay_feuer(*self.few, confidence=confidence)
            parts.append(Interval(found.low / self.weights, found.high / self.weights))
        if self.few_upheld:
            # A share near 1 is a rare event seen from the other end.
            found = intervals.fay_feuer(*self.few_upheld, confidence=confidence)
            parts.append(Interval(1 - found.high / self.weights, 1 - found.low / self.weights))
        return intervals.united(*parts)


def fitted(sample: Sample) -> Fit:
    """The fit of a *sample* all of whose outcomes are known; there must be one."""
    fit = weighting.ratio(sample)
    upheld = replace(sample, outcome=1 - sample.outcome)
    return Fit(
        share=fit.share,
        variance=weighting.variance(fit.influence, fit.subjects),
        n=len(sample),
        freedom=fit.freedom,
        weights=float(sample.weight.sum()),
        alike=_alike(sample, fit),
        few=_events(sample) if has_few_events(sample.stratum, sample.outcome) else None,
        few_upheld=_events(upheld) if has_few_events(sample.stratum, upheld.outcome) else None,
    )


def _alike(sample: Sample, fit: weighting.Ratio) -> float | None:
    """Where all verdicts are alike, or all cases one subject's, a subject counts once."""
    if 0 < fit.share < 1 and fit.subjects > 1:
        return None
    weights = np.bincount(sample.subject, sample.weight)
    return float(weights.sum() ** 2 / np.square(weights).sum())


def _events(sample: Sample) -> tuple[float, float, float]:
    """What Fay and Feuer's interval takes; a subject's events count as one, of common weight."""
    by_subject = np.bincount(sample.subject, sample.weight * sample.outcome)
    return (
        float(by_subject.sum()),
        float(np.square(by_subject).sum()),
        _heaviest(sample),
    )


def _heaviest(sample: Sample) -> float:
    """What an event not seen yet may weigh, with those of the same subject that come with it.

    Between the weight of one case, as if a subject's cases had nothing to do with each other, and
    what a subject weighs in the heaviest stratum, as if they all fell alike: the geometric mean.
    Either end leaves the bounds of the check where ten events come four cutoffs a subject.
    """
    strata, subjects = int(sample.stratum.max()) + 1, int(sample.subject.max()) + 1
    cells, cell = np.unique(sample.stratum * subjects + sample.subject, return_inverse=True)
    weights = np.bincount(cell, sample.weight)
    of_stratum = cells // subjects
    sums = np.bincount(of_stratum, weights, minlength=strata)
    squares = np.bincount(of_stratum, np.square(weights), minlength=strata)
    of_subject = float(np.max(squares[sums > 0] / sums[sums > 0]))
    return math.sqrt(float(sample.weight.max()) * of_subject)


def _without_estimate(rate: Rate) -> str:
    if rate.kind == "none":
        return "No audited cutoff."
    return (
        f"Between {_percent(rate.low)} and {_percent(rate.high)}: "
        f"only {rate.decided} of {rate.audited} audits are decided."
    )


def _percent(share: float) -> str:
    """A share as people read it: one digit after the point below 10 %."""
    percent = 100 * share
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"
