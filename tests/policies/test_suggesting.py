"""Suggesting thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from policies.estimation import Audited, overturn_rate, sample_of
from policies.suggesting import (
    MOST_CANDIDATES,
    Found,
    audits_needed,
    found,
    half_of,
    level_of,
    order,
    suggest,
)
from policies.weighting import Sample


def sample(n: int, overturned: int) -> Sample:
    return sample_of([Audited(str(place), "all", 0.5, place < overturned) for place in range(n)])


def candidate(name: str, *, n: int, overturned: int, kept: float) -> Found:
    return Found(name, overturn_rate(sample(n, overturned), confidence=0.9), kept)


def test_a_subject_stays_in_its_half() -> None:
    halves = [half_of(str(place), salt="s") for place in range(4000)]

    assert halves == [half_of(str(place), salt="s") for place in range(4000)]
    assert 1850 < halves.count("test") < 2150
    assert halves != [half_of(str(place), salt="t") for place in range(4000)]


def test_what_a_candidate_keeps_is_estimated_on_the_search_half() -> None:
    searched = sample(100, 10)

    one = found("a", searched, np.arange(100) < 60)

    # 50 of the kept ones were upheld, and each stands for two.
    assert (one.kept, one.rate.audited) == (100, 60)
    assert one.rate.estimate == pytest.approx(10 / 60)


def test_an_undecided_cutoff_is_not_taken_for_upheld() -> None:
    searched = sample_of([Audited(str(n), "all", 0.5, None if n else False) for n in range(3)])

    assert found("a", searched, np.ones(3, bool)).kept == 2


def test_the_surest_comes_first_and_each_is_looser() -> None:
    ordered = order(
        [
            candidate("loose", n=500, overturned=20, kept=480),
            candidate("sure", n=500, overturned=2, kept=200),
            candidate("outdone", n=500, overturned=10, kept=150),
            candidate("between", n=500, overturned=10, kept=300),
            candidate("hopeless", n=500, overturned=40, kept=900),
        ],
        target=0.05,
    )

    assert [one.candidate for one in ordered] == ["sure", "between", "loose"]


def test_at_most_twenty_are_tested_from_the_surest_to_the_loosest() -> None:
    many = [candidate(f"{n:03}", n=1000, overturned=n % 50, kept=n % 50) for n in range(50)]

    ordered = order(many, target=0.05)

    assert len(ordered) == MOST_CANDIDATES
    assert (ordered[0].candidate, ordered[-1].candidate) == ("000", "049")
    with pytest.raises(ValueError, match="At most twenty"):
        suggest(many, lambda _: sample(10, 0), target=0.05)


def test_the_loosest_that_passes_before_the_first_failure_is_suggested() -> None:
    ordered = [
        candidate(name, n=500, overturned=2, kept=kept)
        for name, kept in (("a", 1), ("b", 2), ("c", 3), ("d", 4))
    ]
    tests = {"a": sample(500, 5), "b": sample(500, 10), "c": sample(500, 25)}

    # "d" would pass, but nothing after a failure is looked at.
    suggestion = suggest(ordered, tests.__getitem__, target=0.05)

    assert suggestion.candidate == "b"
    assert [one.passed for one in suggestion.tested] == [True, True, False]
    assert suggestion.words == "b keeps the overturn rate below 5 % (tested at 5 %)."


def test_a_test_is_the_exact_one() -> None:
    most = int(binom.ppf(0.05, 1000, 0.05)) - 1
    assert binom.cdf(most, 1000, 0.05) <= 0.05 < binom.cdf(most + 1, 1000, 0.05)
    one = [candidate("a", n=500, overturned=5, kept=1)]

    passed = suggest(one, lambda _: sample(1000, most), target=0.05)
    failed = suggest(one, lambda _: sample(1000, most + 1), target=0.05)

    assert (passed.candidate, failed.candidate) == ("a", None)


def test_cannot_tell_says_what_it_would_take() -> None:
    suggestion = suggest(
        [candidate("a", n=50, overturned=0, kept=50)], lambda _: sample(40, 0), target=0.05
    )

    assert suggestion.candidate is None
    assert suggestion.words == (
        "Cannot tell: the test half has 40 audited cutoffs. For a target of 5 % it takes "
        "260 at a true 2 %, 630 at a true 3 %, 2,720 at a true 4 %."
    )


def test_an_unfinished_test_half_fails_by_its_bounds() -> None:
    unfinished = sample_of(
        [Audited(str(n), "all", 1, None if n < 60 else False) for n in range(1000)]
    )

    suggestion = suggest(
        [candidate("a", n=500, overturned=2, kept=1)], lambda _: unfinished, target=0.05
    )

    assert suggestion.candidate is None


def test_nothing_kept_is_nothing_shown() -> None:
    nothing = suggest(
        [candidate("a", n=9, overturned=0, kept=1)], lambda _: sample(0, 0), target=0.9
    )

    assert nothing.candidate is None
    assert suggest([], lambda _: sample(9, 0), target=0.05).words.startswith("Cannot tell")


def test_each_use_of_the_test_half_halves_the_level() -> None:
    ordered = [candidate("a", n=500, overturned=5, kept=1)]
    levels = [
        suggest(ordered, lambda _: sample(1000, 37), target=0.05, use=use) for use in (1, 2, 3)
    ]

    assert [one.level for one in levels] == [0.05, 0.025, 0.0125]
    # 37 of 1,000 has a chance of 3.2 % at a true 5 %.
    assert [one.candidate for one in levels] == ["a", None, None]
    assert sum(level_of(use) for use in range(1, 60)) <= 0.1
    with pytest.raises(ValueError, match="counted from 1"):
        level_of(0)


@pytest.mark.parametrize(("true_rate", "audits"), [(0.02, 260), (0.03, 630), (0.04, 2720)])
def test_what_a_target_of_five_percent_takes(true_rate: float, audits: int) -> None:
    assert audits_needed(0.05, true_rate) == audits


def test_what_is_at_the_target_cannot_be_shown() -> None:
    assert audits_needed(0.05, 0.05) is None


@settings(max_examples=30)
@given(target=st.floats(0.01, 0.5), share=st.floats(0.1, 0.7))
def test_what_is_needed_has_its_power(target: float, share: float) -> None:
    audits = audits_needed(target, share * target)

    assert audits is not None
    passing = [x for x in range(audits + 1) if binom.cdf(x, audits, target) <= 0.05]
    assert binom.cdf(passing[-1], audits, share * target) >= 0.8
