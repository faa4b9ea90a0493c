"""Suggesting thresholds that meet a target, and saying so when the audits cannot tell.

Pure. Half of the subjects serve to search, the other half to test what was found: a candidate
that is the best of thousands looks better than it is.

Source: A. N. Angelopoulos, S. Bates, E. J. Candès, M. I. Jordan and L. Lei, "Learn then test:
calibrating predictive algorithms to achieve risk control", Annals of Applied Statistics 19
(2025), with the order of the tests learnt on the other half (split fixed-sequence testing).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from scipy import stats

from policies.estimation import Rate, overturn_rate
from policies.weighting import Flags, Sample

#: How many candidates may be tested.
MOST_CANDIDATES: Final = 20
#: The error of one test, one-sided, 0 to 1.
LEVEL: Final = 0.05
#: The power that "needed" speaks of, 0 to 1.
POWER: Final = 0.8
#: For which true rates "needed" is told, as shares of the target.
_TOLD: Final = (0.4, 0.6, 0.8)
#: Beyond this many audits "needed" gives up.
_MOST_AUDITS: Final = 50_000

Half = Literal["search", "test"]


def half_of(subject: str, *, salt: str) -> Half:
    """The half that a subject with all its cutoffs belongs to, for ever the same."""
    digest = hashlib.sha256(f"{salt}\0{subject}".encode()).digest()
    return "test" if digest[0] & 1 else "search"


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate as the search half sees it.

    ``rate`` is the overturn rate of the cutoffs that it would keep, ``kept`` the number of
    upheld cutoffs that it would keep, estimated for the half.
    """

    candidate: str
    rate: Rate
    kept: float


@dataclass(frozen=True, slots=True)
class Tested:
    """A candidate as the test half sees it: passed where ``rate.high`` is below the target."""

    candidate: str
    rate: Rate
    passed: bool


@dataclass(frozen=True, slots=True)
class Needed:
    """So many audited cutoffs in the test half show a true rate (0 to 1) with a power of 80 %.

    ``audits`` is None where no sensible number would do.
    """

    true_rate: float
    audits: int | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The loosest candidate that passed, or None: "cannot tell", with what would be needed."""

    target: float
    level: float
    candidate: str | None
    tested: tuple[Tested, ...]
    needed: tuple[Needed, ...]

    @property
    def words(self) -> str:
        """The outcome in a sentence or two."""
        target = f"{100 * self.target:g} %"
        if self.candidate is not None:
            return (
                f"{self.candidate} keeps the overturn rate below {target} "
                f"(tested at {100 * self.level:g} %)."
            )
        audits = self.tested[0].rate.audited if self.tested else 0
        told = ", ".join(
            f"{one.audits:,} at a true {100 * one.true_rate:g} %"
            for one in self.needed
            if one.audits is not None
        )
        return (
            f"Cannot tell: the test half has {audits:,} audited cutoffs. For a target of {target} "
            f"it takes {told}."
        )


def found(candidate: str, searched: Sample, keeps: Flags) -> Found:
    """What the search half says of the candidate that *keeps* those of its audited cutoffs."""
    kept = searched.where(keeps)
    upheld = kept.where(kept.decided & (kept.outcome == 0))
    rate = overturn_rate(kept, confidence=1 - 2 * LEVEL)
    return Found(candidate, rate, float(upheld.weight.sum()))


def order(candidates: Sequence[Found], *, target: float) -> tuple[Found, ...]:
    """At most twenty candidates worth a test, the surest first and each looser than the last.

    Left out are those that the search half puts above the target, and those that a surer one
    outdoes. The order rests on the search half alone.
    """
    hopeful = [
        one for one in candidates if one.rate.estimate is not None and one.rate.estimate <= target
    ]
    frontier: list[Found] = []
    for one in sorted(hopeful, key=lambda one: (one.rate.high, -one.kept, one.candidate)):
        if not frontier or one.kept > frontier[-1].kept:
            frontier.append(one)
    if len(frontier) <= MOST_CANDIDATES:
        return tuple(frontier)
    places = np.linspace(0, len(frontier) - 1, MOST_CANDIDATES).round().astype(int)
    return tuple(frontier[place] for place in places)


def level_of(use: int) -> float:
    """The level of the tests when a test half is used for the *use*-th time, from 1.

    It halves with each use, so that all uses together err with less than twice the first level.
    """
    if use < 1:
        raise ValueError("Uses are counted from 1.")
    return float(LEVEL / 2 ** (use - 1))


def suggest(
    ordered: Sequence[Found], kept: Callable[[str], Sample], *, target: float, use: int = 1
) -> Suggestion:
    """Test the candidates in their order, and stop at the first that fails.

    *kept* gives the audited cutoffs of the test half that a candidate would keep; *target* is
    above 0 and below 1. Raises ``ValueError`` for more than twenty candidates.
    """
    if len(ordered) > MOST_CANDIDATES:
        raise ValueError("At most twenty candidates may be tested.")
    level = level_of(use)
    tested: list[Tested] = []
    for one in ordered:
        rate = overturn_rate(kept(one.candidate), confidence=1 - 2 * level)
        passed = rate.kind != "none" and rate.high < target
        tested.append(Tested(one.candidate, rate, passed))
        if not passed:
            break
    passing = {one.candidate for one in tested if one.passed}
    loosest = max(
        (one for one in ordered if one.candidate in passing), key=lambda one: one.kept, default=None
    )
    return Suggestion(
        target=target,
        level=level,
        candidate=loosest.candidate if loosest else None,
        tested=tuple(tested),
        needed=tuple(
            Needed(share * target, audits_needed(target, share * target, level=level))
            for share in _TOLD
        ),
    )


@lru_cache(maxsize=1024)
def audits_needed(
    target: float, true_rate: float, *, level: float = LEVEL, power: float = POWER
) -> int | None:
    """The fewest audits, in tens, with which the exact binomial test has that power.

    For cutoffs of equal weight, one a subject; others take more, in the ratio of their number to
    their effective number. None where 50,000 would not do.
    """
    n = np.arange(10, _MOST_AUDITS + 1, 10)
    most = stats.binom.ppf(level, n, target)
    # The quantile is the first count at or above the level; one less where that is above it.
    most = np.where(stats.binom.cdf(most, n, target) <= level, most, most - 1)
    enough = n[stats.binom.cdf(most, n, true_rate) >= power]
    return int(enough[0]) if enough.size else None
