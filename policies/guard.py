"""Watching a version after its activation: has ending become wrong more often?

Pure. An e-process may be looked at every day: whatever the looks, it reaches 1/a with a
probability of at most a while nothing has changed for the worse (Ville's inequality).

Sources: R. J. Turner, A. Ly and P. D. Grünwald, "Generic E-variables for exact sequential
k-sample tests that allow for optional stopping", Journal of Statistical Planning and Inference
230 (2024), for two proportions in blocks with the alternatives given as odds ratios; J. Ville,
Étude critique de la notion de collectif (1939).

Silence is not safety: a rate that doubles from 5 % to 10 % takes hundreds of audits to show
(docs/explanation/estimation.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from scipy import special

from policies.weighting import Floats

#: Evidence that tells people, and evidence that takes a version back.
ALERT: Final = 40.0
ROLL_BACK: Final = 200.0
#: More dropped blocks than this share pause the guard.
MOST_DROPPED: Final = 0.05
#: How much worse the version may be: odds of an overturn against the odds before, all above 1.
ODDS_RATIOS: Final = (1.5, 2.0, 3.0, 5.0)
#: What stands beside a guard that says nothing (docs/explanation/estimation.md, "The check").
SILENCE: Final = (
    "Silence is not safety: at an even split it takes some 940 audits, and 1,700 to be fairly "
    "sure, until a rise from 5 % to 10 % shows."
)
#: What is thought of the rate before the first verdict: so many overturned and upheld.
_PRIOR: Final = (0.5, 9.5)
#: The rate whose doubling tells people how long the guard takes, and the longest run it counts.
RATE: Final = 0.05
_LONGEST_RUN: Final = 2_000
_ENORMOUS: Final = 1_000_000


class State(StrEnum):
    """What a look at the guard says."""

    WATCHING = "watching"
    ALERT = "alert"
    ROLL_BACK = "roll_back"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Watched:
    """An audited cutoff: when it was made, under which arm, and its first verdict.

    ``candidate`` is true in the arm of the version that is watched. ``decided`` is when the
    verdict came, None while it is missing; after ``due`` it no longer counts. ``stretch`` tells
    apart the times in which the rollout had one share. ``stake``, above 0 to 1, is the smallest
    share of audits that any cutoff had then over its own: what is drawn more often says less.
    """

    key: str
    subject: str
    ended: datetime
    candidate: bool
    overturned: bool
    decided: datetime | None
    due: datetime
    stretch: int = 0
    stake: float = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the guard knows at one moment.

    ``evidence`` is the e-process now and ``peak`` its highest value so far, which decides.
    ``audits`` is what the counted blocks hold. ``waiting`` blocks lie behind a verdict that may
    still come in time; ``dropped`` ones had one that did not.
    """

    evidence: float
    peak: float
    audits: int
    counted: int
    dropped: int
    waiting: int

    @property
    def state(self) -> State:
        """What to do; rolling back is for the caller to decide, by what the activation said."""
        if self.dropped > MOST_DROPPED * (self.dropped + self.counted):
            return State.PAUSED
        if self.peak >= ROLL_BACK:
            return State.ROLL_BACK
        return State.ALERT if self.peak >= ALERT else State.WATCHING


def compare_arms(watched: Sequence[Watched], *, now: datetime) -> Reading:
    """Is the candidate overturned more often than what it replaces, in the same days?

    Blocks are the shortest runs of cutoffs, by time and within one stretch, in which both arms
    occur, so that neither a change of the times nor one of the rollout's share tells against an
    arm. Only the first cutoff of a subject counts.
    """
    blocks = list(_blocks(_firsts(watched, now)))
    settled, dropped = _settled(blocks, now)
    counts = np.array([_counts(block) for block in settled], dtype=np.float64).reshape(-1, 4)
    return _reading(evidence_after(counts), settled, dropped, len(blocks))


def compare_with_ceiling(watched: Sequence[Watched], *, ceiling: float, now: datetime) -> Reading:
    """Is the candidate overturned more often than *ceiling*, above 0 and below 1?

    For a rollout of 100 %, which has no other arm. A subject's first cutoff under the candidate
    is a block. Each bets its stake of what a likelihood ratio would: with audits drawn by their
    categories the product is fair for the rate of all cutoffs (Waudby-Smith and Ramdas,
    "Estimating means of bounded random variables by betting", 2024), and with equal shares it is
    that ratio.
    """
    if not 0 < ceiling < 1:
        raise ValueError("A ceiling must be above 0 and below 1.")
    blocks = [[one] for one in _firsts((one for one in watched if one.candidate), now)]
    settled, dropped = _settled(blocks, now)
    overturned = np.array([block[0].overturned for block in settled], dtype=np.float64)
    worse = special.expit(special.logit(ceiling) + np.log(ODDS_RATIOS))
    stake = np.array([block[0].stake for block in settled], dtype=np.float64)
    gain = stake * (overturned - ceiling) / ceiling
    steps = np.log1p(gain[:, None] * (worse - ceiling) / (1 - ceiling))
    return _reading(_mixture(steps), settled, dropped, len(blocks))


def audits_of_a_doubling(*, percent: int) -> float:
    """About how many audits E takes to reach an alert when 5 % becomes 10 %, at a share of
    *percent*, 1 to 99.

    The logarithm of 40 over what an audit adds on average for the odds ratio that grows fastest,
    with blocks as they fall at that share. Half of the histories take longer (at an even split
    the check found a median of 940, docs/explanation/estimation.md).
    """
    share = percent / 100
    counts, chances = _expected_blocks(share)
    n_old, n_new = counts
    old, new = RATE, 2 * RATE
    base = np.full(len(n_old), special.logit(share * new + (1 - share) * old))
    factors = _factors(base, n_old, n_old * old, n_new, n_new * new) @ chances
    return float(np.log(ALERT) / factors.max() * ((n_old + n_new) @ chances))


def _expected_blocks(share: float) -> tuple[Floats, Floats]:
    """Sizes of blocks, the baseline's and the candidate's, and how likely each is."""
    runs = np.arange(1.0, _LONGEST_RUN)
    one = np.ones_like(runs)
    counts = np.array([np.r_[one, runs], np.r_[runs, one]])
    # A block goes on as long as the arm stays that began it.
    begun_new = share * share ** (runs - 1) * (1 - share)
    begun_old = (1 - share) * (1 - share) ** (runs - 1) * share
    return counts, np.r_[begun_new, begun_old]


def cutoffs_of_a_doubling(*, ceiling: float) -> float:
    """The same against a *ceiling*, above 0 and below a half, when the rate is twice as high."""
    worse = special.expit(special.logit(ceiling) + np.log(ODDS_RATIOS))
    rate = 2 * ceiling
    growth = rate * np.log(worse / ceiling) + (1 - rate) * np.log((1 - worse) / (1 - ceiling))
    return float(np.log(ALERT) / growth.max())


def _firsts(watched: Iterable[Watched], now: datetime) -> list[Watched]:
    """The first cutoff of each subject up to *now*, by time."""
    firsts: dict[str, Watched] = {}
    for one in sorted(watched, key=lambda one: (one.ended, one.key)):
        if one.ended <= now:
            firsts.setdefault(one.subject, one)
    return list(firsts.values())


def _blocks(firsts: Iterable[Watched]) -> Iterator[list[Watched]]:
    """The shortest runs of one stretch in which both arms occur.

    What is left over waits for more, or is left out once its stretch is over.
    """
    block: list[Watched] = []
    for one in firsts:
        if block and one.stretch != block[0].stretch:
            block = []
        block.append(one)
        if one.candidate != block[0].candidate:
            yield block
            block = []


def _settled(blocks: Sequence[list[Watched]], now: datetime) -> tuple[list[list[Watched]], int]:
    """The blocks that count up to the first that waits, and how many were dropped before it.

    What became of a block never changes afterwards, so that a look tomorrow begins with what
    today's saw. Counting whatever is decided would let quick verdicts speak first.
    """
    settled, dropped = [], 0
    for block in blocks:
        missing = [one for one in block if not _in_time(one, now)]
        if any(now > one.due for one in missing):
            dropped += 1
        elif missing:
            break
        else:
            settled.append(block)
    return settled, dropped


def _in_time(one: Watched, now: datetime) -> bool:
    return one.decided is not None and one.decided <= min(one.due, now)


def _counts(block: Sequence[Watched]) -> tuple[int, int, int, int]:
    """Cutoffs and overturned ones of the baseline, then of the candidate."""
    of_candidate = [one.overturned for one in block if one.candidate]
    of_baseline = [one.overturned for one in block if not one.candidate]
    return len(of_baseline), sum(of_baseline), len(of_candidate), sum(of_candidate)


def evidence_after(counts: Floats) -> Floats:
    """The logarithm of the e-process after each block.

    A block's factor is the likelihood under both arms' alternative rates over that under their
    mean, weighted by the block's own sizes. The rates follow from an odds ratio and from the
    blocks before, so nothing that a block holds sets its own stake.
    """
    n_old, y_old, n_new, y_new = counts.T
    n, y = n_old + n_new, y_old + y_new
    before = np.cumsum(n) - n, np.cumsum(y) - y
    base = special.logit((before[1] + _PRIOR[0]) / (before[0] + sum(_PRIOR)))
    return _mixture(_factors(base, n_old, y_old, n_new, y_new).T)


def _factors(base: Floats, n_old: Floats, y_old: Floats, n_new: Floats, y_new: Floats) -> Floats:
    """Logarithms of the factors of blocks, a row for each odds ratio, around the logit *base*."""
    n = n_old + n_new
    step = np.log(ODDS_RATIOS)[:, None]
    old = special.expit(base - step * n_new / n)
    new = special.expit(base + step * n_old / n)
    mean = (n_old * old + n_new * new) / n
    factors: Floats = (
        y_old * np.log(old / mean)
        + (n_old - y_old) * np.log((1 - old) / (1 - mean))
        + y_new * np.log(new / mean)
        + (n_new - y_new) * np.log((1 - new) / (1 - mean))
    )
    return factors


def _mixture(steps: Floats) -> Floats:
    """The mean over the odds ratios of the e-processes whose logarithms grow by *steps*."""
    total: Floats = special.logsumexp(np.cumsum(steps, axis=0), axis=1) - np.log(len(ODDS_RATIOS))
    return total


def _reading(
    logarithms: Floats, settled: Sequence[Sequence[Watched]], dropped: int, blocks: int
) -> Reading:
    return Reading(
        evidence=_exp(logarithms[-1]) if len(settled) else 1.0,
        peak=max(1.0, _exp(logarithms.max())) if len(settled) else 1.0,
        audits=sum(len(block) for block in settled),
        counted=len(settled),
        dropped=dropped,
        waiting=blocks - len(settled) - dropped,
    )


def in_words(evidence: float) -> str:
    """*evidence* as a person reads it: it may be tiny or beyond all numbers that say something."""
    if evidence >= _ENORMOUS:
        return f"over {_ENORMOUS:,}"
    return f"{evidence:,.1f}" if evidence >= 1 / 10 else "under 0.1"


def _exp(logarithm: float) -> float:
    """Finite also where the evidence is beyond what a float holds."""
    return float(np.exp(min(float(logarithm), 700.0)))
