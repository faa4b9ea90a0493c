"""Simulated histories for tools/check_estimation.py: rates, and ways to estimate them wrongly.

A history is what the audit of one window yields. Every cutoff is drawn, or not, by itself, and
the strata's mix varies between windows, for rates are about future cutoffs, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from policies import weighting
from policies.estimation import (
    Audited,
    Rate,
    Reviewed,
    overturn_rate,
    weighted_total,
    with_certainties,
)
from policies.intervals import Interval, clopper_pearson, effective_size
from policies.rate_differences import difference_within
from policies.weighting import Flags, Sample

Rng = np.random.Generator
Way = Callable[[Sample], Interval]


@dataclass(frozen=True)
class Scenario:
    """A world to draw histories from, with what is true in it.

    ``events`` is what each sampling stratum expects. ``bounded`` histories have too many verdicts
    missing for an interval. ``way`` is the estimator of the project, and
    ``wrong`` what people do instead, by name.
    """

    name: str
    truth: float
    events: tuple[float, ...]
    draw: Callable[[Rng], Sample]
    way: Way
    wrong: dict[str, Way] = field(default_factory=dict)
    bounded: bool = False

    @property
    def ample(self) -> bool:
        """Whether every sampling stratum expects ten events or more."""
        return min(self.events) >= 10


@dataclass(frozen=True)
class Coverage:
    """How often the interval of a way held the truth, and how wide it was on the average."""

    share: float
    width: float


def cover(scenario: Scenario, *, histories: int, seed: int) -> dict[str, Coverage]:
    """The coverage of the project's way (named ``""``) and of the wrong ones."""
    rng = np.random.default_rng([seed, *scenario.name.encode()])
    ways = {"": scenario.way, **scenario.wrong}
    held, width = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0.0)
    for _ in range(histories):
        sample = scenario.draw(rng)
        for name, way in ways.items():
            found = way(sample)
            held[name] += found.low <= scenario.truth <= found.high
            width[name] += found.high - found.low
    return {name: Coverage(held[name] / histories, width[name] / histories) for name in ways}


# How a rate is estimated, and how not.


def ours(sample: Sample) -> Interval:
    """The project's interval."""
    found = overturn_rate(sample)
    return Interval(found.low, found.high)


def unweighted(sample: Sample) -> Interval:
    """As if every stratum had been drawn with the same share."""
    return ours(replace(sample, weight=np.ones(len(sample))))


def wald(sample: Sample) -> Interval:
    """The estimate and 1.96 standard errors either way."""
    fit = weighting.ratio(sample)
    half = 1.96 * weighting.variance(fit.influence, fit.subjects) ** 0.5
    return Interval(fit.share - half, fit.share + half)


def subjects_ignored(sample: Sample) -> Interval:
    """As if every cutoff had a subject of its own."""
    return ours(replace(sample, subject=np.arange(len(sample))))


def subjects_apart(sample: Sample) -> Interval:
    """As if a subject were another one in each stratum."""
    strata = int(sample.stratum.max()) + 1
    return ours(replace(sample, subject=sample.subject * strata + sample.stratum))


def centred(sample: Sample) -> Interval:
    """The stratified variance of a design that fixes how many cases each stratum yields."""
    fit = weighting.ratio(sample)
    values = sample.weight * (sample.outcome - fit.share) / sample.weight.sum()
    parts = [values[sample.stratum == one] for one in np.unique(sample.stratum)]
    variance = sum(part.size * float(part.var(ddof=1)) for part in parts if part.size > 1)
    size = effective_size(fit.share, variance, n=len(sample), freedom=fit.freedom, tail=0.025)
    return clopper_pearson(fit.share * size, size, confidence=0.95)


def decided_only(sample: Sample) -> Interval:
    """As if nothing were missing but what was decided."""
    return ours(sample.where(sample.decided))


# Worlds.


def strata(
    name: str,
    cutoffs: Sequence[int],
    shares: Sequence[float],
    rates: Sequence[float],
    wrong: dict[str, Way] | None = None,
) -> Scenario:
    """Cutoffs of several strata, one a subject; *shares* are audited, *rates* overturned."""
    n, share, rate = np.array(cutoffs), np.array(shares), np.array(rates)

    def draw(rng: Rng) -> Sample:
        sizes = rng.binomial(rng.multinomial(n.sum(), n / n.sum()), share)
        stratum = np.repeat(np.arange(n.size), sizes)
        happened = rng.random(stratum.size) < rate[stratum]
        return Sample(
            np.arange(stratum.size), stratum, 1 / share[stratum], happened.astype(np.float64)
        )

    truth = float((n * rate).sum() / n.sum())
    return Scenario(name, truth, tuple(n * share * rate), draw, ours, wrong or {})


def subjects(
    name: str,
    count: int,
    shares: Sequence[float],
    rates: Sequence[float],
    wrong: dict[str, Way],
    correlation: float = 0.5,
) -> Scenario:
    """Four cutoffs a subject, dealt over the strata in turn, overturned alike.

    With the probability of the correlation's root, a cutoff falls as its subject's fate does.
    """
    stratum = np.resize(np.arange(len(shares)), 4)
    share, rate = np.array(shares)[stratum], np.array(rates)[stratum]

    def draw(rng: Rng) -> Sample:
        shape = (count, 4)
        fate = np.broadcast_to(rng.random((count, 1)), shape)
        own = rng.random(shape) >= correlation**0.5
        happened = np.where(own, rng.random(shape), fate) < rate
        drawn = rng.random(shape) < share
        return Sample(
            np.nonzero(drawn)[0],
            np.broadcast_to(stratum, shape)[drawn],
            np.broadcast_to(1 / share, shape)[drawn],
            happened[drawn].astype(np.float64),
        )

    expected = [count * float((share * rate)[stratum == one].sum()) for one in range(len(shares))]
    return Scenario(name, float(rate.mean()), tuple(expected), draw, ours, wrong)


def flagged(name: str, *, joined: bool) -> Scenario:
    """All flagged cutoffs are reviewed, and an audit of 5 % of all, flagged or not."""
    n, audit, share, rates = 10_000, 0.05, 0.05, (0.03, 0.4)

    def draw(rng: Rng) -> Sample:
        is_flagged = rng.random(n) < share
        in_audit = rng.random(n) < audit
        overturned = rng.random(n) < np.where(is_flagged, rates[1], rates[0])
        seen = np.flatnonzero(in_audit | is_flagged)
        return Sample(
            seen,
            (is_flagged[seen] * 2 + in_audit[seen]).astype(np.intp),
            np.full(seen.size, 1 / audit),
            overturned[seen].astype(np.float64),
        )

    def reviewed(sample: Sample) -> list[Reviewed]:
        return [
            Reviewed(
                Audited(str(subject), "all", audit, bool(outcome)),
                in_audit=bool(kind % 2),
                reasons=frozenset({"flag"} if kind >= 2 else ()),
            )
            for subject, kind, outcome in zip(
                sample.subject, sample.stratum, sample.outcome, strict=True
            )
        ]

    def audit_only(sample: Sample) -> Interval:
        found = overturn_rate([one.audited for one in reviewed(sample) if one.in_audit])
        return Interval(found.low, found.high)

    def with_flagged(sample: Sample) -> Interval:
        found = overturn_rate(with_certainties(reviewed(sample)))
        return Interval(found.low, found.high)

    events = (n * (1 - share) * rates[0] * audit, n * share * rates[1])
    return Scenario(
        name,
        share * rates[1] + (1 - share) * rates[0],
        events if joined else (events[0] + events[1] * audit,),
        draw,
        with_flagged if joined else audit_only,
        {} if joined else {"audit weight on everything reviewed": ours},
    )


def unfinished(name: str, missing: tuple[float, float], wrong: dict[str, Way]) -> Scenario:
    """Audits of which some are never decided: shares of the upheld and of the overturned."""
    whole = strata(name, [2000], [0.2], [0.1], wrong)

    def draw(rng: Rng) -> Sample:
        sample = whole.draw(rng)
        lost = rng.random(len(sample)) < np.where(sample.outcome == 1, missing[1], missing[0])
        return replace(sample, outcome=np.where(lost, np.nan, sample.outcome))

    return replace(whole, draw=draw, bounded=min(missing) > 0.05)


def totals(name: str, whole: Scenario, cutoffs: int) -> Scenario:
    """The weighted number of overturned cutoffs, in place of their share."""

    def way(sample: Sample) -> Interval:
        found = weighted_total(sample)
        return Interval(found.low, found.high)

    return replace(whole, name=name, truth=whole.truth * cutoffs, way=way, wrong={})


@dataclass(frozen=True)
class Nested:
    """The rate of kept cutoffs less that of all, where *kept* of 600 audited are kept."""

    kept: float
    rate_kept: float
    rate_spared: float
    audits: int = 600

    @property
    def truth(self) -> float:
        """The true difference."""
        return (1 - self.kept) * (self.rate_kept - self.rate_spared)

    def draw(self, rng: Rng) -> tuple[Sample, Flags]:
        """A history, and which of its cutoffs are kept."""
        kept = rng.random(self.audits) < self.kept
        rates = np.where(kept, self.rate_kept, self.rate_spared)
        happened = (rng.random(self.audits) < rates).astype(np.float64)
        everyone = np.arange(self.audits)
        return Sample(everyone, np.zeros_like(everyone), np.ones(self.audits), happened), kept

    def check(self, *, histories: int, seed: int) -> tuple[Coverage, float, float]:
        """Coverage, and how often the change is found: jointly, and by disjoint intervals."""
        rng = np.random.default_rng([seed, self.audits])
        held = shown = disjoint = 0
        width = 0.0
        for _ in range(histories):
            sample, kept = self.draw(rng)
            found = difference_within(sample, kept, np.ones_like(kept))
            held += found.low <= self.truth <= found.high
            width += found.high - found.low
            shown += found.shown
            disjoint += apart(found.first, found.second)
        return (
            Coverage(held / histories, width / histories),
            shown / histories,
            disjoint / histories,
        )


def apart(one: Rate, other: Rate) -> bool:
    """Whether two rates' own intervals do not meet."""
    return one.high < other.low or other.high < one.low


SCENARIOS: Final = (
    strata("equal shares", [2000], [0.2], [0.05]),
    strata(
        "shares of 1 % and 30 %, unequal rates",
        [20_000, 2000],
        [0.01, 0.3],
        [0.06, 0.3],
        {"unweighted": unweighted},
    ),
    strata(
        "shares of 1 % and 30 %, very unequal rates",
        [50_000, 50_000],
        [0.01, 0.3],
        [0.02, 0.3],
        {"variance centred by stratum": centred},
    ),
    flagged("all flagged and a 5 % audit: the audit", joined=False),
    flagged("all flagged and a 5 % audit: both", joined=True),
    subjects(
        "four cutoffs a subject, correlation 0.5",
        200,
        [0.5],
        [0.1],
        {"subjects ignored": subjects_ignored},
    ),
    subjects(
        "the same, a subject's cutoffs in two strata",
        400,
        [1, 0.8],
        [0.1, 0.1],
        {"subjects apart in each stratum": subjects_apart},
    ),
    strata("10 expected events", [2000], [0.2], [0.025]),
    strata("2 expected events", [2000], [0.2], [0.005], {"Wald": wald}),
    strata("0.4 expected events", [2000], [0.2], [0.001], {"Wald": wald}),
    strata("10 expected events, 1 % and 30 %", [10_000, 1000], [0.01, 0.3], [0.07, 0.01]),
    strata("2 expected events, 1 % and 30 %", [10_000, 1000], [0.01, 0.3], [0.015, 0.5 / 300]),
    strata("0.4 expected events, 1 % and 30 %", [10_000, 1000], [0.01, 0.3], [0.003, 0.1 / 300]),
    subjects("10 expected events, four cutoffs a subject", 100, [1], [0.025], {}),
    subjects("2 expected events, four cutoffs a subject", 100, [1], [0.005], {}),
    subjects("0.4 expected events, four cutoffs a subject", 100, [1], [0.001], {}),
    unfinished("97 % of the audit decided, missing at random", (0.03, 0.03), {}),
    unfinished(
        "88 % decided, overturns missing more often",
        (0.1, 0.3),
        {"decided verdicts only": decided_only},
    ),
    totals(
        "weighted total, 2 expected events, 1 % and 30 %",
        strata("", [10_000, 1000], [0.01, 0.3], [0.015, 0.5 / 300]),
        11_000,
    ),
)

NESTED: Final = {
    "70 % kept, 4 % and 12 % overturned": Nested(0.7, 0.04, 0.12),
    "70 % kept, 2 % of both": Nested(0.7, 0.02, 0.02),
    "70 % kept, 1 % of both, 300 audits": Nested(0.7, 0.01, 0.01, audits=300),
    "90 % kept, 3 % and 10 %": Nested(0.9, 0.03, 0.1),
}
