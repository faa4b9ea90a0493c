"""Simulated searches for tools/check_estimation.py: how often a suggestion misses its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policies import suggesting
from policies.weighting import Flags, Floats, Sample

Rng = np.random.Generator

#: Categories, each with a threshold of its own that severity must reach.
_CATEGORIES: Final = 6
TARGET: Final = 0.05
CANDIDATES: Final = 100
#: What the project does, by name.
OURS: Final = "search half, test half"


@dataclass(frozen=True)
class World:
    """So many audits; the overturn rate falls from severity 0 to severity 1."""

    name: str
    audits: int
    at_zero: float
    at_one: float


WORLDS: Final = (
    World("600 audits, 8 % falling to 3 %", 600, 0.08, 0.03),
    World("2,400 audits, 8 % falling to 3 %", 2400, 0.08, 0.03),
    World("2,400 audits, 5 % falling to 1 %", 2400, 0.05, 0.01),
)


@dataclass(frozen=True)
class Suggestions:
    """Shares of the histories: something was suggested, and it misses the target in truth."""

    suggested: float
    missed: float


@dataclass(frozen=True)
class _History:
    sample: Sample
    keeps: NDArray[np.bool_]  # by candidate and cutoff
    truth: Floats  # by candidate


def suggestions(world: World, *, histories: int, seed: int) -> dict[str, Suggestions]:
    """Learn-then-test, and the best of all candidates on all audits at once."""
    rng = np.random.default_rng([seed, *world.name.encode()])
    tried: dict[str, list[float | None]] = {OURS: [], "the best of all": []}
    for _ in range(histories):
        history = _draw(rng, world)
        tried[OURS].append(_learn_then_test(history))
        tried["the best of all"].append(_best(history))
    return {name: _shares(truths) for name, truths in tried.items()}


def _shares(truths: list[float | None]) -> Suggestions:
    suggested = [truth for truth in truths if truth is not None]
    missed = sum(truth > TARGET for truth in suggested)
    return Suggestions(len(suggested) / len(truths), missed / len(truths))


def _draw(rng: Rng, world: World) -> _History:
    category = rng.integers(_CATEGORIES, size=world.audits)
    severity = rng.random(world.audits)
    fall = world.at_zero - world.at_one
    overturned = rng.random(world.audits) < world.at_zero - fall * severity
    thresholds = rng.random((CANDIDATES, _CATEGORIES)) * 0.95
    kept = (1 - thresholds).sum(axis=1)
    # The mean of the rate over the severities from each threshold to 1.
    lost = ((1 - thresholds) * (world.at_zero - fall * (1 + thresholds) / 2)).sum(axis=1)
    everyone = np.arange(world.audits)
    sample = Sample(
        everyone, np.zeros_like(everyone), np.ones(world.audits), overturned.astype(np.float64)
    )
    return _History(sample, severity >= thresholds[:, category], lost / kept)


def _learn_then_test(history: _History) -> float | None:
    """The true rate of what is suggested. Subjects were drawn, so any half of them is one."""
    in_test = np.arange(len(history.sample)) % 2 == 1
    search = history.sample.where(~in_test)
    test = history.sample.where(in_test)
    ordered = suggesting.order(
        [
            suggesting.found(str(place), search, keeps)
            for place, keeps in enumerate(history.keeps[:, ~in_test])
        ],
        target=TARGET,
    )

    def kept(candidate: str) -> Sample:
        keeps: Flags = history.keeps[int(candidate), in_test]
        return test.where(keeps)

    found = suggesting.suggest(ordered, kept, target=TARGET).candidate
    return None if found is None else float(history.truth[int(found)])


def _best(history: _History) -> float | None:
    """The true rate of the loosest candidate whose estimate meets the target."""
    upheld = history.keeps @ (1 - history.sample.outcome)
    overturned = history.keeps @ history.sample.outcome
    meets = overturned <= TARGET * (upheld + overturned)
    if not meets.any():
        return None
    return float(history.truth[np.where(meets, upheld, -1).argmax()])
