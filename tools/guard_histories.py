"""Simulated rollouts for tools/check_estimation.py: the guard, and two wrong ways to look.

Overturning takes a reviewer less time than upholding, and the version's share grows, so that a
look at whatever is decided sees the newer arm with too many overturns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import numpy as np

from policies import guard
from policies.guard import Reading, State, Watched

Rng = np.random.Generator

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: Days of a rollout, audits a day, and days until a verdict is overdue.
DAYS: Final = 40
AUDITS: Final = 15
_DUE: Final = 21.0
#: Mean days until an overturn and until an uphold.
_DELAYS: Final = (0.5, 4.0)
#: The version's share on the first day and on the last.
_SHARES: Final = (0.1, 0.7)
#: Beyond this many standard errors a z-test calls a difference real.
_Z: Final = 1.96


@dataclass(frozen=True)
class Alarms:
    """Shares of the histories: with an alarm at some look, and paused at the last.

    An alarm counts also while the guard is paused.
    """

    alarmed: float
    paused: float = 0.0


def null_history(rng: Rng, *, rate: float) -> list[Watched]:
    """A rollout in which both arms are overturned at *rate*; two cutoffs in three subjects."""
    n = DAYS * AUDITS
    days = np.sort(rng.random(n) * DAYS)
    candidate = rng.random(n) < _SHARES[0] + (_SHARES[1] - _SHARES[0]) * days / DAYS
    overturned = rng.random(n) < rate
    delay = rng.exponential(np.where(overturned, *_DELAYS))
    subject = rng.integers(3 * n, size=n)
    return [
        Watched(
            key=f"{place:05}",
            subject=str(subject[place]),
            ended=_START + timedelta(days=float(days[place])),
            candidate=bool(candidate[place]),
            overturned=bool(overturned[place]),
            decided=_START + timedelta(days=float(days[place] + delay[place])),
            due=_START + timedelta(days=float(days[place]) + _DUE),
        )
        for place in range(n)
    ]


def looks() -> Iterable[datetime]:
    """A look each day, and on until the last verdict is due."""
    return (_START + timedelta(days=day) for day in range(1, DAYS + int(_DUE) + 1))


def guard_alarms(*, histories: int, seed: int, rate: float = 0.05) -> Alarms:
    """How often the guard alarms although nothing changed."""
    return _alarms(guard.compare_arms, rate, histories, np.random.default_rng([seed, 1]))


def ceiling_alarms(*, histories: int, seed: int, ceiling: float = 0.05) -> Alarms:
    """How often the guard alarms although the rate is just the ceiling."""
    look = partial(guard.compare_with_ceiling, ceiling=ceiling)
    return _alarms(look, ceiling, histories, np.random.default_rng([seed, 2]))


def _alarms(look: Callable[..., Reading], rate: float, histories: int, rng: Rng) -> Alarms:
    alarmed = paused = 0
    for _ in range(histories):
        watched = null_history(rng, rate=rate)
        readings = [look(watched, now=now) for now in looks()]
        alarmed += any(reading.peak >= guard.ALERT for reading in readings)
        paused += readings[-1].state is State.PAUSED
    return Alarms(alarmed / histories, paused / histories)


def peeking(*, histories: int, seed: int, rate: float = 0.05) -> dict[str, Alarms]:
    """How often a daily z-test alarms, on everything in time and on decided verdicts only."""
    rng = np.random.default_rng([seed, 1])
    ways = {"z-test on complete days": True, "z-test on decided verdicts only": False}
    alarmed = dict.fromkeys(ways, 0)
    for _ in range(histories):
        watched = null_history(rng, rate=rate)
        columns = _columns(watched)
        for name, complete in ways.items():
            alarmed[name] += any(_z_test(columns, now, complete) for now in range(1, DAYS + 1))
    return {name: Alarms(count / histories) for name, count in alarmed.items()}


def _columns(watched: Sequence[Watched]) -> tuple[np.ndarray, ...]:
    """Days of the cutoff and of the verdict, arm, and overturned."""
    day = timedelta(days=1)
    return (
        np.array([(one.ended - _START) / day for one in watched]),
        np.array([((one.decided or one.due) - _START) / day for one in watched]),
        np.array([one.candidate for one in watched]),
        np.array([one.overturned for one in watched]),
    )


def _z_test(columns: tuple[np.ndarray, ...], now: int, complete: bool) -> bool:
    """Whether the version looks worse at the end of day *now*."""
    ended, decided, candidate, overturned = columns
    seen = ended <= now if complete else decided <= now
    new, old = overturned[seen & candidate], overturned[seen & ~candidate]
    if not (new.size and old.size):
        return False
    pooled = (new.sum() + old.sum()) / (new.size + old.size)
    error = (pooled * (1 - pooled) * (1 / new.size + 1 / old.size)) ** 0.5
    return bool(error > 0 and abs(new.mean() - old.mean()) > _Z * error)


def audits_to_alert(
    rates: tuple[float, float], *, share: float, histories: int, seed: int, most: int = 12_000
) -> tuple[float, float]:
    """Audits until the alert: the median, and what suffices in 80 % of the histories.

    *rates* are those of the baseline and of the candidate, whose share of the audits is *share*.
    Infinite where fewer than 80 % alarm within *most*.
    """
    rng = np.random.default_rng([seed, 3])
    needed = np.full(histories, np.inf)
    for place in range(histories):
        candidate = rng.random(most) < share
        overturned = rng.random(most) < np.where(candidate, rates[1], rates[0])
        counts = _blocks(candidate, overturned)
        high = guard.evidence_after(counts) >= np.log(guard.ALERT)
        if high.any():
            seen = counts[:, 0].cumsum() + counts[:, 2].cumsum()
            needed[place] = seen[high.argmax()]
    return float(np.median(needed)), float(np.quantile(needed, 0.8))


def _blocks(candidate: np.ndarray, overturned: np.ndarray) -> np.ndarray:
    """The counts of the guard's blocks, for audits all decided at once."""
    ends: list[int] = []
    start = 0
    changes = np.flatnonzero(candidate[1:] != candidate[:-1]) + 1
    for change in changes:
        # The block ends with the first cutoff of the other arm; the next begins behind it.
        if change > start:
            ends.append(int(change))
            start = int(change) + 1
    edges = np.array(ends)
    kinds = np.stack([~candidate, ~candidate & overturned, candidate, candidate & overturned])
    sums = np.cumsum(kinds, axis=1)[:, edges].T.astype(np.float64)
    return np.diff(sums, axis=0, prepend=np.zeros((1, 4)))
