"""Simulated histories for tools/check_estimation.py: groups of cutoffs, and whether some of them
are called treated worse than others.

A subject belongs to one group and has several cutoffs, all in one category, which the
mix of its group draws, and overturned alike. Categories are audited with one of two shares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policies.fairness import FALSE_DISCOVERIES, Compared, compare, q_values
from policies.rate_differences import difference_within
from policies.weighting import Codes, Sample

Rng = np.random.Generator
#: The p-value of each group.
Way = Callable[["History"], list[float | None]]

#: How often ending is wrong, and the share that is audited, by category.
RATES: Final = np.array([0.02, 0.04, 0.08, 0.12, 0.2, 0.3])
AUDITED: Final = np.array([0.2, 0.2, 0.2, 0.5, 0.5, 0.5])


@dataclass(frozen=True)
class History:
    """What the audit of one window yields."""

    sample: Sample
    category: Codes
    group: Codes


@dataclass(frozen=True)
class World:
    """*people* in each group, each with *each* cutoffs that fall as the subject's fate does with
    the probability *alike*; *times* is how many times as often ending is wrong for the first group.
    """

    name: str
    mixes: NDArray[np.float64]
    people: Sequence[int]
    each: int = 4
    alike: float = 0.7
    times: float = 1.0

    def truth(self, group: int, found: Compared) -> float:
        """The standardised rate of *group* over the categories that *found* is over."""
        mix = np.array(self.people) @ self.mixes / sum(self.people)
        mix[list(found.missing)] = 0
        return float(mix @ RATES / mix.sum()) * (1.0 if group else self.times)

    def draw(self, rng: Rng) -> History:
        """One history."""
        member = np.repeat(np.arange(len(self.people)), self.people)
        shape = (member.size, self.each)
        edges = self.mixes.cumsum(axis=1)[:, :-1]
        fallen = (rng.random((member.size, 1)) > edges[member]).sum(axis=1)
        category = np.broadcast_to(fallen[:, None], shape)
        fate = np.broadcast_to(rng.random((member.size, 1)), shape)
        own = rng.random(shape) >= self.alike
        rate = RATES[category] * np.where(member == 0, self.times, 1.0)[:, None]
        happened = np.where(own, rng.random(shape), fate) < rate
        drawn = rng.random(shape) < AUDITED[category]
        kinds = category[drawn]
        sample = Sample(
            np.nonzero(drawn)[0],
            (AUDITED[kinds] == AUDITED[0]).astype(np.intp),
            1 / AUDITED[kinds],
            happened[drawn].astype(np.float64),
        )
        return History(sample, kinds, np.broadcast_to(member[:, None], shape)[drawn])


def compared(history: History) -> list[Compared]:
    """Each group beside the rest, the project's way."""
    groups = int(history.group.max()) + 1
    return [
        compare(history.sample, history.category, history.group == one) for one in range(groups)
    ]


def ours(history: History) -> list[float | None]:
    """The project's p-values."""
    return [one.p for one in compared(history)]


def crude(history: History) -> list[float | None]:
    """Of the rates as they are, whatever the groups' cutoffs were made for."""
    own = [history.group == one for one in range(int(history.group.max()) + 1)]
    return [difference_within(history.sample, one, ~one).p for one in own]


def subjects_ignored(history: History) -> list[float | None]:
    """As if every cutoff had a subject of its own."""
    apart = replace(history.sample, subject=np.arange(len(history.sample)))
    return ours(replace(history, sample=apart))


OURS: Final = "the page’s way"
UNADJUSTED: Final = "looks not counted"
WAYS: Final[dict[str, Way]] = {
    OURS: ours,
    UNADJUSTED: ours,
    "not standardised": crude,
    "subjects ignored": subjects_ignored,
}


@dataclass(frozen=True)
class Called:
    """The share of histories in which ``some`` group is called different, and the ``first`` is."""

    some: float
    first: float


def discoveries(world: World, *, histories: int, seed: int) -> dict[str, Called]:
    """What each way calls different; all but one count the looks."""
    rng = np.random.default_rng([seed, *world.name.encode()])
    some, first = dict.fromkeys(WAYS, 0), dict.fromkeys(WAYS, 0)
    for _ in range(histories):
        history = world.draw(rng)
        by_way = {way: way(history) for way in set(WAYS.values())}
        for name, way in WAYS.items():
            found = by_way[way] if name == UNADJUSTED else q_values(by_way[way])
            called = [one is not None and one <= FALSE_DISCOVERIES for one in found]
            some[name] += any(called)
            first[name] += called[0]
    return {name: Called(some[name] / histories, first[name] / histories) for name in WAYS}


@dataclass(frozen=True)
class Covered:
    """How often the interval of a standardised rate held the truth: of the group where it did
    least, and over all; and the mean width.
    """

    least: float
    share: float
    width: float


def cover(world: World, *, histories: int, seed: int) -> Covered:
    """The coverage of each group's own interval."""
    rng = np.random.default_rng([seed, 1, *world.name.encode()])
    held = np.zeros(len(world.people))
    width = 0.0
    for _ in range(histories):
        for place, found in enumerate(compared(world.draw(rng))):
            if rate := found.rate:
                held[place] += rate.low <= world.truth(place, found) <= rate.high
                width += rate.high - rate.low
    held /= histories
    return Covered(float(held.min()), float(held.mean()), width / histories / held.size)


def _mixes(groups: int, lean: float) -> NDArray[np.float64]:
    """Mixes that lean from the first categories to the last, the more the higher *lean* is."""
    tilt = np.linspace(-lean, lean, groups)[:, None] * np.linspace(-1, 1, RATES.size)
    weights = np.exp(tilt)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


SAME: Final = (
    World("8 groups of 150 people, other mixes", _mixes(8, 1), [150] * 8),
    World(
        "8 groups of 40 to 600 people, other mixes",
        _mixes(8, 1),
        [600, 300, 200, 100, 100, 60, 50, 40],
    ),
    World("8 groups of 150 people, mixes far apart", _mixes(8, 3), [150] * 8),
    World("2 groups of 400 people, other mixes", _mixes(2, 1), [400] * 2),
    World("8 groups of 80 people, ten cutoffs each", _mixes(8, 0.5), [80] * 8, each=10, alike=0.9),
)
WORSE: Final = (
    World("wrong twice as often for one of 4 groups of 150", _mixes(4, 1), [150] * 4, times=2),
    World("wrong twice as often for one of 4 groups of 400", _mixes(4, 1), [400] * 4, times=2),
)
