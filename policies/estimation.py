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
    done = min(decided / audited, float(known.weight.sum() / sample.weight.sum()))
    if done < NEEDED_COMPLETION:
        low = _interval(sample.assuming(0), confidence)[1].low
        high = _interval(sample.assuming(1), confidence)[1].high
        return Rate("bounds", None, low, high, audited, decided, events, done, None)
    share, interval, size = _interval(known, confidence)
    return Rate("interval", share, *interval, audited, decided, events, done, size)


def weighted_total(observations: Sequence[Audited] | Sample, *, confidence: float = 0.95) -> Total:
    """How many such cutoffs the decided audits stand for (Fay and Feuer)."""
    sample = observations if isinstance(observations, Sample) else sample_of(observations)
    known = sample.where(sample.decided)
    if not len(known):
        raise ValueError("Nothing was decided.")
    return Total(float((known.weight * known.outcome).sum()), *_total(known, confidence))


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


def _interval(sample: Sample, confidence: float) -> tuple[float, Interval, float]:
    """Share, interval and effective size of a sample all of whose outcomes are known."""
    fit = weighting.ratio(sample)
    size = _effective_size(sample, fit, confidence)
    parts = [intervals.clopper_pearson(fit.share * size, size, confidence=confidence)]
    weights = float(sample.weight.sum())
    if has_few_events(sample.stratum, sample.outcome):
        found = _total(sample, confidence)
        parts.append(Interval(found.low / weights, found.high / weights))
    if has_few_events(sample.stratum, 1 - sample.outcome):
        # A share near 1 is a rare event seen from the other end.
        found = _total(replace(sample, outcome=1 - sample.outcome), confidence)
        parts.append(Interval(1 - found.high / weights, 1 - found.low / weights))
    return fit.share, intervals.united(*parts), size


def _effective_size(sample: Sample, fit: weighting.Ratio, confidence: float) -> float:
    if fit.share <= 0 or fit.share >= 1 or fit.subjects == 1:
        # Nothing shows how alike one subject's cases are, so a subject counts once.
        weights = np.bincount(sample.subject, sample.weight)
        return float(weights.sum() ** 2 / np.square(weights).sum())
    return intervals.effective_size(
        fit.share,
        weighting.variance(fit.influence, fit.subjects),
        n=len(sample),
        freedom=fit.freedom,
        tail=(1 - confidence) / 2,
    )


def _total(sample: Sample, confidence: float) -> Interval:
    """Fay and Feuer's interval; a subject's events count as one, with their common weight."""
    by_subject = np.bincount(sample.subject, sample.weight * sample.outcome)
    return intervals.fay_feuer(
        float(by_subject.sum()),
        float(np.square(by_subject).sum()),
        _heaviest(sample),
        confidence=confidence,
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
