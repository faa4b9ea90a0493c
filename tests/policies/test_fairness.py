"""Groups beside the rest: standardised by category, clustered by subject, many looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from policies.fairness import LEAST_AUDITED, compare, mix_of, q_values
from policies.weighting import Codes, Flags, Sample

#: Cutoffs, of which so many were overturned, of a category, of the group or not.
Cell = tuple[int, int, int, bool]


def of(*cells: Cell, missing: int = 0) -> tuple[Sample, Codes, Flags]:
    """Cutoffs of one subject each; the last *missing* of them are not decided."""
    n = [cell[0] for cell in cells]
    outcome = np.concatenate([np.arange(size) < hits for size, hits, _, _ in cells]).astype(float)
    if missing:
        outcome[-missing:] = np.nan
    everyone = np.arange(sum(n))
    sample = Sample(everyone, np.zeros_like(everyone), np.ones(sum(n)), outcome)
    kinds = np.repeat([cell[2] for cell in cells], n)
    return sample, kinds, np.repeat([cell[3] for cell in cells], n)


def test_a_rate_is_weighed_by_the_mix_of_the_whole_window() -> None:
    sample, category, group = of(
        (80, 8, 0, True), (20, 8, 1, True), (100, 10, 0, False), (200, 80, 1, False)
    )

    found = compare(sample, category, group)

    assert mix_of(sample, category) == pytest.approx([0.45, 0.55])
    assert found.difference
    assert found.rate
    assert found.rest
    # 10 % and 40 % on either side: the mixes alone differ, 16 % and 30 % as they are.
    assert found.rate.estimate == pytest.approx(0.45 * 0.1 + 0.55 * 0.4)
    assert found.rest.estimate == pytest.approx(found.rate.estimate)
    assert found.difference.estimate == pytest.approx(0)
    assert (found.audited, found.others, found.missing) == (100, 300, ())
    assert found.covered == pytest.approx(1)
    assert found.p == pytest.approx(1, abs=0.01)


def test_weights_of_the_draw_are_in_the_mix_and_in_the_rates() -> None:
    sample, category, group = of(
        (60, 6, 0, True), (60, 6, 1, True), (60, 6, 0, False), (60, 6, 1, False)
    )
    weight = np.where(np.arange(240) % 2 == 0, 3.0, 1.0) * np.where(category == 1, 3.0, 1.0)
    weighed = Sample(sample.subject, sample.stratum, weight, sample.outcome)

    found = compare(weighed, category, group)

    assert mix_of(weighed, category) == pytest.approx([0.25, 0.75])
    assert found.rate
    assert found.rate.estimate == pytest.approx(0.1)


def test_a_difference_within_the_categories_is_found() -> None:
    found = compare(
        *of((100, 30, 0, True), (50, 25, 1, True), (300, 30, 0, False), (300, 60, 1, False))
    )

    assert found.difference
    assert found.difference.shown
    assert found.p is not None
    assert found.p < 0.001


def test_the_p_value_never_says_other_than_the_interval() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        hits = rng.binomial([60, 60, 120, 120], [0.2, 0.3, 0.12, 0.2])
        found = compare(
            *of(
                (60, hits[0], 0, True),
                (60, hits[1], 1, True),
                (120, hits[2], 0, False),
                (120, hits[3], 1, False),
            )
        )
        assert found.difference
        assert found.p is not None
        assert found.difference.shown == (found.p < 0.05)


def test_a_category_that_one_side_lacks_is_said_and_not_guessed() -> None:
    cells: list[Cell] = [(60, 6, 0, True), (60, 6, 0, False), (40, 30, 1, False), (40, 0, 2, True)]

    found = compare(*of(*cells))

    assert found.missing == (1, 2)
    assert found.covered == pytest.approx(0.6)
    assert found.rate
    assert found.rate.estimate == pytest.approx(0.1)
    assert found.rest
    assert found.rest.estimate == pytest.approx(0.1)
    assert (found.audited, found.rate.audited) == (100, 60)


def test_nothing_in_common_is_no_figure() -> None:
    found = compare(*of((60, 6, 0, True), (60, 6, 1, False)))

    assert (found.difference, found.missing, found.p) == (None, (0, 1), None)


@pytest.mark.parametrize("sizes", [(LEAST_AUDITED - 1, 100), (100, LEAST_AUDITED - 1)])
def test_few_audited_cutoffs_on_either_side_are_no_figure(sizes: tuple[int, int]) -> None:
    found = compare(*of((sizes[0], 5, 0, True), (sizes[1], 5, 0, False)))

    assert (found.audited, found.others) == sizes
    assert found.difference is None


def test_the_least_number_has_a_figure() -> None:
    assert compare(*of((LEAST_AUDITED, 5, 0, True), (100, 5, 0, False))).difference


def test_undecided_audits_are_bounds_without_a_p_value() -> None:
    found = compare(*of((100, 10, 0, False), (100, 10, 0, True), missing=20))

    assert found.rate
    assert found.rate.kind == "bounds"
    assert found.rate.low < 0.1 < 0.3 < found.rate.high
    assert (found.rate.audited, found.rate.decided) == (100, 80)
    assert found.difference
    assert found.difference.kind == "bounds"
    assert found.p is None


def test_the_few_undecided_do_not_shift_the_mix() -> None:
    found = compare(
        *of(
            (100, 0, 0, False),
            (100, 50, 1, False),
            (100, 0, 0, True),
            (100, 50, 1, True),
            missing=4,
        )
    )

    assert found.rate
    assert found.rate.estimate == pytest.approx((0 + 50 / 96) / 2)
    assert (found.rate.audited, found.rate.decided) == (200, 196)
    assert found.rate.completion == pytest.approx(0.98)


def test_a_person_s_cutoffs_tell_less_than_as_many_people_s() -> None:
    sample, category, group = of((100, 25, 0, True), (100, 10, 0, False))
    by_four = Sample(sample.subject // 5, sample.stratum, sample.weight, sample.outcome)

    alone, together = compare(sample, category, group), compare(by_four, category, group)

    assert alone.p is not None
    assert alone.p < 0.05
    assert together.p is not None
    assert together.p > 0.05


@pytest.mark.parametrize(
    ("p", "q"),
    [
        # Benjamini and Hochberg's own example: of 15, four are called at 5 %.
        (
            [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
             0.5719, 0.6528, 0.7590, 1.0],
            [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857, 0.063857, 0.0645, 0.0765, 0.486,
             0.58118, 0.714875, 0.753231, 0.813214, 1.0],
        ),
        ([0.04, None, 0.02], [0.04, None, 0.04]),
        ([0.9], [0.9]),
        ([None, None], [None, None]),
        ([], []),
    ],
)  # fmt: skip
def test_p_values_are_adjusted_for_all_looks(
    p: Sequence[float | None], q: Sequence[float | None]
) -> None:
    assert q_values(p) == pytest.approx(q, abs=1e-5)
