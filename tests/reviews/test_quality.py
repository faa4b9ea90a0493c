"""How far reviewers agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.quality import Agreement, DoubleReview, Figure, agreement


def doubles(
    both: int, first: int, second: int, neither: int, reviewers: tuple[str, str] = ("ann", "bo")
) -> list[DoubleReview]:
    """So many that both overturned, only the first, only the second, and neither."""
    verdicts = [(True, True)] * both + [(True, False)] * first
    verdicts += [(False, True)] * second + [(False, False)] * neither
    return [
        DoubleReview(f"{reviewers} {place}", reviewers, verdict)
        for place, verdict in enumerate(verdicts)
    ]


def measure(reviews: list[DoubleReview], *, seed: int = 1, replicates: int = 200) -> Agreement:
    return agreement(reviews, rng=np.random.default_rng(seed), replicates=replicates)


def test_the_figures_of_a_table_are_those_of_the_textbook() -> None:
    found = measure(doubles(20, 5, 10, 15))

    # The usual example for kappa: 35 of 50 agree, 25 would by chance.
    assert found.n == 50
    assert found.percent.value == pytest.approx(0.7)
    assert found.pairs[0].kappa.value == pytest.approx(0.4)
    assert found.on_overturns.value == pytest.approx(40 / 55)
    assert found.on_upholds.value == pytest.approx(30 / 45)
    # 1 - (2 * 50 - 1) * 15 / (55 * 45), Krippendorff's form for two verdicts of two kinds.
    assert found.alpha.value == pytest.approx(1 - 99 * 15 / (55 * 45))


def test_alpha_is_that_of_krippendorffs_own_example() -> None:
    # Ten units, two observers, two values (Computing Krippendorff's alpha, 2011, A).
    ann = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0)
    bo = (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)
    reviews = [
        DoubleReview(str(place), ("ann", "bo"), (bool(one), bool(other)))
        for place, (one, other) in enumerate(zip(ann, bo, strict=True))
    ]

    assert measure(reviews).alpha.value == pytest.approx(0.095, abs=5e-4)


def test_each_pair_is_named_in_the_order_of_the_alphabet() -> None:
    one_way = doubles(20, 5, 10, 15, ("bo", "ann"))
    other_way = doubles(20, 5, 10, 15, ("ann", "cy"))

    pairs = measure(one_way + other_way).pairs

    assert [pair.reviewers for pair in pairs] == [("ann", "bo"), ("ann", "cy")]
    assert [pair.n for pair in pairs] == [50, 50]
    assert pairs[0].kappa.value == pytest.approx(0.4)


def test_who_comes_first_of_a_pair_does_not_matter_for_kappa() -> None:
    reviews = doubles(20, 5, 10, 15)
    turned = [
        replace(one, reviewers=one.reviewers[::-1], overturned=one.overturned[::-1])
        if place % 2
        else one
        for place, one in enumerate(reviews)
    ]

    assert measure(turned) == measure(reviews)


def test_verdicts_all_alike_leave_chance_undefined() -> None:
    found = measure(doubles(0, 0, 0, 30))

    assert found.percent.value == 1
    assert found.on_upholds.value == 1
    assert (found.alpha, found.on_overturns) == (Figure(None), Figure(None))
    assert found.pairs[0].kappa.words == "undefined"


def test_without_double_reviews_everything_is_undefined() -> None:
    found = measure([])

    assert (found.n, found.pairs) == (0, ())
    assert {found.percent, found.alpha, found.on_overturns, found.on_upholds} == {Figure(None)}


def test_intervals_hold_the_figure_and_are_drawn_as_the_seed_says() -> None:
    reviews = doubles(20, 5, 10, 15)

    found = measure(reviews)

    for figure in (found.percent, found.alpha, found.on_overturns, found.pairs[0].kappa):
        assert figure.low is not None
        assert figure.value is not None
        assert figure.high is not None
        assert figure.low < figure.value < figure.high
    assert measure(reviews) == found
    assert measure(reviews, seed=2).alpha != found.alpha


def test_the_bootstrap_has_the_width_of_theory() -> None:
    found = measure(doubles(0, 50, 50, 300), replicates=1000).percent

    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.75 * 0.25 / 400) ** 0.5, rel=0.1)


def test_subjects_are_drawn_whole() -> None:
    apart = doubles(0, 50, 50, 300)
    together = [replace(one, subject=str(place // 10)) for place, one in enumerate(apart)]

    one, other = measure(apart).percent, measure(together).percent

    assert None not in (one.low, one.high, other.low, other.high)
    assert other.high - other.low > 2.5 * (one.high - one.low)  # type: ignore[operator]


def test_one_subject_has_no_interval() -> None:
    reviews = [replace(one, subject="one") for one in doubles(3, 1, 1, 3)]

    assert measure(reviews).percent == Figure(0.75)
    assert measure(reviews).percent.words == "0.75"


def test_a_figure_that_most_draws_leave_undefined_has_no_interval() -> None:
    found = measure(doubles(1, 0, 0, 20))

    assert found.on_overturns == Figure(1.0)
    assert found.percent.words == "1.00 (1.00 to 1.00)"


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, 12)] * 4))
def test_figures_keep_within_their_ranges(table: tuple[int, int, int, int]) -> None:
    found = measure(doubles(*table), replicates=5)

    shares = (found.percent, found.on_overturns, found.on_upholds)
    chance = (found.alpha, *(pair.kappa for pair in found.pairs))
    assert all(one.value is None or 0 <= one.value <= 1 for one in shares)
    assert all(one.value is None or -1 - 1e-9 <= one.value <= 1 + 1e-9 for one in chance)
