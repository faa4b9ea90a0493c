"""Chance that repeats itself: every roll of the demo comes from a generator with a name."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def named_random(*name: object) -> random.Random:
    """A generator that depends on ``name`` alone: one event's rolls never move another's."""
    return random.Random("/".join(str(part) for part in name))  # noqa: S311 - a story, no secret


def weighted(rng: random.Random, shares: Mapping[T, float]) -> T:
    """One key of ``shares``, as likely as its value says (any positive scale)."""
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def scatter(rng: random.Random, middle: float, spread: float) -> float:
    """``middle`` give or take ``spread``, kept within 0 to 1 and rounded to two places."""
    return round(min(1.0, max(0.0, rng.uniform(middle - spread, middle + spread))), 2)
