"""How far reviewers agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.quality import (
    Agreement,
    Checked,
    DoubleReview,
    Figure,
    agreement,
    confusion,
    errors,
    reasons_shared,
)


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
    assert found.percent.words == "1.00 (all alike: no interval)"


@given(st.tuples(*[st.integers(0, 12)] * 4))
def test_figures_keep_within_their_ranges(table: tuple[int, int, int, int]) -> None:
    found = measure(doubles(*table), replicates=5)

    shares = (found.percent, found.on_overturns, found.on_upholds)
    chance = (found.alpha, *(pair.kappa for pair in found.pairs))
    assert all(one.value is None or 0 <= one.value <= 1 for one in shares)
    assert all(one.value is None or -1 - 1e-9 <= one.value <= 1 + 1e-9 for one in chance)


def checks_of(
    rng: np.random.Generator, subjects: int, *, wrong: float, agreed_wrong: float, share: float
) -> list[Checked]:
    """A pool in which one in so many differs, and both err in so many of the rest.

    All that differ are checked, and a random *share* of those that agree.
    """
    found = []
    for number in range(subjects):
        truth = bool(rng.random() < 0.5)
        differs = bool(rng.random() < wrong)
        both_err = not differs and bool(rng.random() < agreed_wrong)
        first = not truth if both_err or (differs and rng.random() < 0.5) else truth
        second = not first if differs else first
        if differs or rng.random() < share:
            review = DoubleReview(str(number), ("ann", "bo"), (first, second))
            found.append(Checked(review, 1.0 if differs else share, truth))
    return found


def test_errors_that_both_made_are_estimated_from_a_share_of_agreements() -> None:
    # True error of a first verdict: 0.2 * 0.5 + 0.8 * 0.1 = 0.18; unweighted reads far more.
    rng = np.random.default_rng(7)
    histories = [checks_of(rng, 2000, wrong=0.2, agreed_wrong=0.1, share=0.2) for _ in range(60)]
    rates = [errors(checks, rng=rng, replicates=50) for checks in histories]
    estimates = [rate.error.estimate for rate in rates if rate.error.estimate is not None]
    assert np.mean(estimates) == pytest.approx(0.18, abs=0.006)
    covered = [rate.error.low <= 0.18 <= rate.error.high for rate in rates]
    assert np.mean(covered) > 0.88
    agreed = [rate.agreed.estimate for rate in rates if rate.agreed.estimate is not None]
    assert np.mean(agreed) == pytest.approx(0.1, abs=0.01)
    unweighted = [
        np.mean([check.review.overturned[0] != check.overturned for check in checks])
        for checks in histories
    ]
    assert np.mean(unweighted) > 0.25


def test_the_shift_is_what_seniors_change_net() -> None:
    checks = [
        Checked(DoubleReview("a", ("ann", "bo"), (True, False)), 1.0, False),
        Checked(DoubleReview("b", ("ann", "bo"), (True, True)), 0.5, True),
        Checked(DoubleReview("c", ("ann", "bo"), (False, True)), 1.0, False),
    ]
    found = errors(checks, rng=np.random.default_rng(1), replicates=50)
    assert found.shift.value == pytest.approx(-1 / 4)
    assert found.error.estimate == pytest.approx(1 / 4)


def test_missing_checks_make_bounds_and_no_shift() -> None:
    review = DoubleReview("a", ("ann", "bo"), (True, False))
    checks = [Checked(review, 1.0, None), Checked(replace(review, subject="b"), 1.0, True)]
    found = errors(checks, rng=np.random.default_rng(1), replicates=50)
    assert (found.error.kind, found.error.estimate, found.shift.value) == ("bounds", None, None)
    assert errors([], rng=np.random.default_rng(1)).error.kind == "none"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_the_confusion_counts_each_pair_once(decisions: list[tuple[bool, bool]]) -> None:
    reviews = [
        DoubleReview(str(place), ("ann", "bo"), pair) for place, pair in enumerate(decisions)
    ]
    found = confusion(reviews)
    assert found.n == len(reviews)
    assert found == confusion([replace(one, overturned=one.overturned[::-1]) for one in reviews])


def test_reasons_that_both_gave_are_told_from_those_that_one_gave() -> None:
    pairs = [
        (frozenset({"roleplay", "other"}), frozenset({"roleplay"})),
        (frozenset({"other"}), frozenset({"model_loop"})),
    ]
    assert reasons_shared(pairs) == [("model_loop", 1, 0), ("other", 2, 0), ("roleplay", 1, 1)]
    assert reasons_shared([]) == []


def test_pairs_that_are_all_alike_have_no_interval() -> None:
    assert Figure(1.0, 1.0, 1.0).words == "1.00 (all alike: no interval)"
    assert Figure(0.9, 0.8, 1.0).words == "0.90 (0.80 to 1.00)"
