"""Rates from the random audit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.estimation import (
    Audited,
    Reviewed,
    overturn_rate,
    weighted_total,
    with_certainties,
)
from policies.intervals import clopper_pearson, effective_size, fay_feuer
from policies.weighting import Sample


def audited(
    n: int, overturned: int, *, probability: float = 0.1, stratum: str = "all", missing: int = 0
) -> list[Audited]:
    """*n* cutoffs of as many subjects, the first ones overturned and the last ones undecided."""
    return [
        Audited(
            subject=f"{stratum} {place}",
            stratum=stratum,
            probability=probability,
            overturned=None if place >= n - missing else place < overturned,
        )
        for place in range(n)
    ]


def test_with_equal_weights_the_interval_is_the_exact_one() -> None:
    rate = overturn_rate(audited(100, 5))

    assert (rate.kind, rate.estimate, rate.completion) == ("interval", 0.05, 1)
    assert rate.effective_n == pytest.approx(99, abs=1)
    # Clopper and Pearson's table for 5 of 100.
    assert (rate.low, rate.high) == pytest.approx((0.0164, 0.1128), abs=0.002)


@pytest.mark.parametrize(
    ("events", "expected"), [(0, (0, 3.6889)), (2, (0.2422, 7.2247)), (10, (4.7954, 18.3904))]
)
def test_with_equal_weights_fay_and_feuers_interval_is_that_of_poisson(
    events: int, expected: tuple[float, float]
) -> None:
    found = fay_feuer(events, events, 1, confidence=0.95)

    assert found == pytest.approx(expected, abs=1e-4)


def test_clopper_and_pearson_reach_the_ends() -> None:
    assert clopper_pearson(0, 10, confidence=0.95) == pytest.approx((0, 0.3085), abs=1e-4)
    assert clopper_pearson(10, 10, confidence=0.95) == pytest.approx((0.6915, 1), abs=1e-4)


def test_an_effective_size_is_at_most_the_number_of_cases() -> None:
    sizes = [
        effective_size(0.5, variance, n=100, freedom=freedom, tail=0.025)
        for variance, freedom in ((0.25 / 1000, 99), (0.25 / 50, 99), (0.25 / 50, 2))
    ]

    assert sizes[:2] == [100, pytest.approx(50)]
    # t with 2 degrees of freedom is 4.303, with 99 it is 1.984.
    assert sizes[2] == pytest.approx(50 * (1.984 / 4.303) ** 2, rel=1e-3)


def test_each_cutoff_weighs_what_it_stands_for() -> None:
    seldom = audited(20, 10, probability=0.01, stratum="seldom")
    often = audited(80, 8, probability=0.5, stratum="often")
    sent = [replace(one, sending=0.5) for one in often]

    # 20 stand for 2,000 and 80 for 160, or for 320 of which half were sent.
    assert overturn_rate(seldom + often).estimate == pytest.approx((1000 + 16) / 2160)
    assert overturn_rate(seldom + sent).estimate == pytest.approx((1000 + 32) / 2320)


def test_a_heavy_stratum_without_an_event_widens_the_interval() -> None:
    heavy = audited(40, 0, probability=0.01, stratum="seldom")
    light = audited(400, 40, probability=0.4, stratum="often")

    rate = overturn_rate(heavy + light)

    # One event among the 40 would have brought 100 / 5,000.
    assert rate.estimate == pytest.approx(0.02)
    assert rate.high > 0.02 + 2 * 100 / 5000
    assert rate.low < 0.02


def test_four_cutoffs_of_a_subject_tell_less_than_those_of_four_subjects() -> None:
    apart = audited(400, 40)
    together = [replace(one, subject=str(place // 4)) for place, one in enumerate(audited(400, 40))]

    one, other = overturn_rate(apart), overturn_rate(together)

    assert one.estimate == other.estimate == 0.1
    assert one.effective_n is not None
    assert other.effective_n == pytest.approx(one.effective_n / 4, rel=0.05)
    assert other.high - other.low > 1.8 * (one.high - one.low)


def test_a_subject_in_two_strata_is_one_subject() -> None:
    first = audited(200, 20, stratum="a")
    second = [replace(one, stratum="b", subject=f"b{one.subject[1:]}") for one in first]
    same = [replace(one, subject=f"a{one.subject[1:]}") for one in second]

    apart, together = overturn_rate(first + second), overturn_rate(first + same)

    assert together.high - together.low > 1.3 * (apart.high - apart.low)


def test_verdicts_all_alike_count_each_subject_once() -> None:
    together = [replace(one, subject="one") for one in audited(50, 0)]

    assert overturn_rate(together).high > 0.95
    assert overturn_rate(audited(50, 0)).high == pytest.approx(3.689 / 50, abs=0.002)


def test_two_subjects_who_happen_to_agree_tell_little() -> None:
    same = [
        replace(one, subject=str(place % 2), overturned=place % 4 < 2)
        for place, one in enumerate(audited(200, 0))
    ]

    rate = overturn_rate(same)

    assert rate.estimate == 0.5
    assert rate.high - rate.low > 0.7
    assert overturn_rate([replace(one, subject="one") for one in same]).effective_n == 1


def test_a_share_near_one_mirrors_one_near_nought() -> None:
    low, high = overturn_rate(audited(200, 2)), overturn_rate(audited(200, 198))

    assert (high.low, high.high) == pytest.approx((1 - low.high, 1 - low.low))


def test_few_missing_verdicts_are_left_out() -> None:
    rate = overturn_rate(audited(100, 10, missing=5))

    assert (rate.kind, rate.audited, rate.decided, rate.events) == ("interval", 100, 95, 10)
    assert rate.estimate == pytest.approx(10 / 95)
    assert rate.completion == 0.95


def test_more_missing_verdicts_leave_bounds() -> None:
    rate = overturn_rate(audited(100, 10, missing=6))

    assert (rate.kind, rate.estimate, rate.effective_n) == ("bounds", None, None)
    assert rate.low == pytest.approx(overturn_rate(audited(100, 10)).low)
    assert rate.high == pytest.approx(overturn_rate(audited(100, 16)).high)


def test_heavy_missing_verdicts_count_by_their_weight() -> None:
    heavy = audited(10, 0, probability=0.01, stratum="seldom", missing=1)
    light = audited(990, 50, probability=0.9, stratum="often")

    rate = overturn_rate(heavy + light)

    assert rate.decided / rate.audited == 0.999
    assert rate.completion == pytest.approx(1 - 100 / (1000 + 990 / 0.9))
    assert rate.kind == "interval"
    assert overturn_rate([*heavy[1:], replace(heavy[0], overturned=None), *light]).kind == "bounds"


def test_nothing_decided_may_be_anything() -> None:
    rate = overturn_rate(audited(10, 0, missing=10))

    assert (rate.kind, rate.low, rate.high, rate.completion) == ("bounds", 0, 1, 0)


def test_an_empty_audit_says_nothing() -> None:
    rate = overturn_rate([])

    assert (rate.kind, rate.estimate, rate.low, rate.high) == ("none", None, 0, 1)
    assert rate.words == "No audited cutoff."


def test_figures_come_in_words() -> None:
    assert overturn_rate(audited(100, 5)).words == (
        "5.0 % (1.6 % to 11 %), 100 of 100 audits decided, by one reviewer."
    )
    assert overturn_rate(audited(100, 5, missing=20)).words == (
        "Between 1.6 % and 35 %: only 80 of 100 audits are decided."
    )


def test_a_total_counts_what_the_audit_stands_for() -> None:
    total = weighted_total(audited(100, 4, probability=0.02))

    assert total.estimate == 200
    assert (total.low, total.high) == pytest.approx((50 * 1.0899, 50 * 10.2416), abs=0.01)
    with pytest.raises(ValueError, match="Nothing was decided"):
        weighted_total(audited(3, 0, missing=3))


def test_another_reason_joins_only_when_all_its_cases_are_decided() -> None:
    flags = [
        Reviewed(one, in_audit=place < 2, reasons=frozenset({"flag"}))
        for place, one in enumerate(audited(10, 6, stratum="flagged"))
    ]
    rest = [Reviewed(one, in_audit=True) for one in audited(20, 2)]

    joined = with_certainties(flags + rest)

    assert len(joined) == 30
    assert {one.probability for one in joined if one.stratum == "every flag"} == {1.0}
    assert overturn_rate(joined).estimate == pytest.approx((6 + 20) / (10 + 200))

    undecided = replace(flags[9], audited=replace(flags[9].audited, overturned=None))
    unfinished = with_certainties([*flags[:9], undecided, *rest])

    assert len(unfinished) == 22
    assert {one.probability for one in unfinished} == {0.1}


def test_of_several_reasons_one_that_is_finished_is_enough() -> None:
    undecided, decided, both = audited(3, 1, missing=1)[::-1]
    reviewed = [
        Reviewed(undecided, in_audit=False, reasons=frozenset({"appeal"})),
        Reviewed(decided, in_audit=False, reasons=frozenset({"appeal"})),
        Reviewed(both, in_audit=False, reasons=frozenset({"appeal", "breach"})),
    ]

    assert [one.stratum for one in with_certainties(reviewed)] == ["every breach"]


@pytest.mark.parametrize("value", [0.0, -0.1, 1.1, float("nan")])
def test_a_probability_that_cannot_be_is_refused(value: float) -> None:
    one = audited(1, 0)[0]
    for wrong in (replace(one, probability=value), replace(one, sending=value)):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            overturn_rate([wrong])


def test_columns_must_be_of_equal_length() -> None:
    with pytest.raises(ValueError, match="equal length"):
        Sample.of(subject=["a"], stratum=["b"], probability=[0.5, 0.5], outcome=[0, 1])


def test_columns_may_be_numbers() -> None:
    observations = audited(50, 7)
    sample = Sample.of(
        subject=np.arange(50) * 3 + 1000,
        stratum=np.full(50, 9),
        probability=np.full(50, 0.1),
        outcome=[float(bool(one.overturned)) for one in observations],
    )

    assert overturn_rate(sample) == overturn_rate(observations)


OBSERVATIONS = st.lists(
    st.builds(
        Audited,
        subject=st.sampled_from("abcdefgh"),
        stratum=st.sampled_from("xy"),
        probability=st.sampled_from([0.01, 0.3, 1.0]),
        overturned=st.sampled_from([True, False, None]),
    ),
    max_size=40,
)


@given(observations=OBSERVATIONS)
def test_whatever_was_audited_the_ends_hold_the_estimate(observations: list[Audited]) -> None:
    rate = overturn_rate(observations)

    assert 0 <= rate.low <= rate.high <= 1
    assert rate.estimate is None or rate.low <= rate.estimate <= rate.high
    assert rate.words.endswith(".")
    wider = overturn_rate(observations, confidence=0.99)
    assert wider.low <= rate.low
    assert rate.high <= wider.high


@given(observations=OBSERVATIONS, missing=st.integers(0, 39), verdict=st.booleans())
def test_bounds_hold_whatever_the_missing_verdicts_will_be(
    observations: list[Audited], missing: int, verdict: bool
) -> None:
    bounds = overturn_rate(observations)
    filled = [
        replace(one, overturned=verdict if place < missing else not verdict)
        if one.overturned is None
        else one
        for place, one in enumerate(observations)
    ]
    later = overturn_rate(filled).estimate

    assert bounds.kind != "bounds" or (later is not None and bounds.low <= later <= bounds.high)
