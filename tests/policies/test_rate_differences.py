"""Differences between rates that share cutoffs."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from policies.estimation import Audited, overturn_rate
from policies.rate_differences import difference, difference_within
from policies.weighting import Sample


def cutoffs(name: str, n: int, overturned: int) -> list[Audited]:
    return [Audited(f"{name}{place}", "all", 0.5, place < overturned) for place in range(n)]


def test_a_change_shows_where_the_two_intervals_overlap() -> None:
    kept, spared = cutoffs("kept", 420, 17), cutoffs("spared", 180, 22)

    found = difference(kept, kept + spared)

    assert found.estimate == pytest.approx(17 / 420 - 39 / 600)
    assert found.first.high > found.second.low
    assert found.shown
    assert found.high < 0


def test_two_disjoint_rates_differ_as_two_proportions_do() -> None:
    found = difference(cutoffs("a", 200, 60), cutoffs("b", 300, 60))

    half = 1.965 * (0.3 * 0.7 / 200 + 0.2 * 0.8 / 300) ** 0.5
    assert (found.low, found.high) == pytest.approx((0.1 - half, 0.1 + half), abs=0.002)


def test_the_p_value_is_that_of_two_proportions() -> None:
    found = difference(cutoffs("a", 200, 60), cutoffs("b", 300, 66))

    score = (0.3 - 0.22) / (0.3 * 0.7 / 200 + 0.22 * 0.78 / 300) ** 0.5
    assert found.p == pytest.approx(2 * (1 - NormalDist().cdf(score)), abs=0.002)
    assert found.shown


def test_the_p_value_of_few_events_is_that_of_their_interval() -> None:
    few = difference(cutoffs("a", 60, 4), cutoffs("b", 60, 0))

    assert few.p is not None
    at = difference(cutoffs("a", 60, 4), cutoffs("b", 60, 0), confidence=1 - few.p)
    assert min(abs(at.low), abs(at.high)) == pytest.approx(0, abs=1e-4)


def test_bounds_have_no_p_value() -> None:
    undecided = [Audited(f"c{place}", "all", 0.5, None) for place in range(10)]

    assert difference(cutoffs("a", 60, 4) + undecided, cutoffs("b", 60, 4)).p is None


def test_equal_sets_do_not_differ() -> None:
    same = cutoffs("a", 100, 20)

    found = difference(same, same)

    assert (found.estimate, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert not found.shown


def test_few_events_leave_room_for_those_not_seen_yet() -> None:
    kept, spared = cutoffs("kept", 90, 0), cutoffs("spared", 10, 0)

    found = difference(kept, kept + spared)

    assert found.estimate == 0
    assert found.low < 0 < found.high


def test_subjects_count_once_in_a_difference() -> None:
    rng = np.random.default_rng(5)
    fate = rng.random(200) < 0.2
    subject = np.repeat(np.arange(200), 4)
    kept = np.repeat(rng.random(200) < 0.5, 4)
    sample = Sample(subject, np.zeros(800, int), np.ones(800), np.repeat(fate, 4).astype(float))
    apart = Sample(np.arange(800), sample.stratum, sample.weight, sample.outcome)

    one = difference_within(apart, kept, ~kept)
    other = difference_within(sample, kept, ~kept)

    assert other.high - other.low == pytest.approx(2 * (one.high - one.low), rel=0.05)


def test_an_unfinished_audit_leaves_bounds() -> None:
    whole = cutoffs("a", 80, 8)
    unfinished = [*whole, *(Audited(f"b{place}", "all", 0.5, None) for place in range(20))]

    found = difference(unfinished, whole)

    rate = overturn_rate(unfinished)
    assert (found.kind, found.estimate) == ("bounds", None)
    assert found.low == pytest.approx(rate.low - overturn_rate(whole).high)
    assert found.high == pytest.approx(rate.high - overturn_rate(whole).low)


def test_against_nothing_there_is_no_difference() -> None:
    found = difference(cutoffs("a", 50, 5), [])

    assert (found.kind, found.estimate, found.shown) == ("none", None, False)
    assert difference([], []).kind == "none"
