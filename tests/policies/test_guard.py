"""The guard after an activation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.guard import (
    ODDS_RATIOS,
    Reading,
    State,
    Watched,
    audits_of_a_doubling,
    compare_arms,
    compare_with_ceiling,
    cutoffs_of_a_doubling,
    evidence_after,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
END = START + timedelta(days=365)


def watched(verdicts: Sequence[tuple[bool, bool]]) -> list[Watched]:
    """One cutoff an hour, decided a day later and due after three: (candidate, overturned)."""
    return [
        Watched(
            key=f"{place:04}",
            subject=f"subject {place}",
            ended=START + place * HOUR,
            candidate=candidate,
            overturned=overturned,
            decided=START + (place + 24) * HOUR,
            due=START + (place + 72) * HOUR,
        )
        for place, (candidate, overturned) in enumerate(verdicts)
    ]


def alternating(pairs: int, *, old: int, new: int) -> list[Watched]:
    """Pairs of both arms; of each arm every so many is overturned (0 for none)."""
    verdicts = []
    for place in range(pairs):
        verdicts.append((False, bool(old) and place % old == 0))
        verdicts.append((True, bool(new) and place % new == 0))
    return watched(verdicts)


def undecided(one: Watched) -> Watched:
    return replace(one, decided=None)


def test_what_becomes_worse_is_found() -> None:
    reading = compare_arms(alternating(300, old=20, new=4), now=END)

    assert (reading.counted, reading.audits, reading.dropped, reading.waiting) == (300, 600, 0, 0)
    assert reading.state is State.ROLL_BACK
    assert reading.peak >= 200


def test_what_becomes_better_is_no_alarm() -> None:
    reading = compare_arms(alternating(300, old=4, new=20), now=END)

    assert reading.state is State.WATCHING
    assert reading.evidence < 0.01


def test_what_stays_the_same_is_no_alarm() -> None:
    assert compare_arms(alternating(300, old=10, new=10), now=END).state is State.WATCHING


def test_without_audits_there_is_no_evidence() -> None:
    assert compare_arms([], now=END) == Reading(1, 1, 0, 0, 0, 0)
    assert compare_with_ceiling([], ceiling=0.05, now=END) == Reading(1, 1, 0, 0, 0, 0)


def test_one_arm_alone_makes_no_block() -> None:
    reading = compare_arms(watched([(True, True)] * 50), now=END)

    assert (reading.counted, reading.waiting) == (0, 0)


def test_a_block_is_the_shortest_run_with_both_arms() -> None:
    # Old old new | new old | new.
    arms = [False, False, True, True, False, True]

    reading = compare_arms(watched([(arm, False) for arm in arms]), now=END)

    assert (reading.counted, reading.audits) == (2, 5)


def test_a_block_lies_within_one_share_of_the_rollout() -> None:
    # Old | new old | new: the first and the last are left over.
    arms = [False, True, False, True]
    cutoffs = [
        replace(one, stretch=stretch)
        for one, stretch in zip(watched([(arm, False) for arm in arms]), (0, 1, 1, 2), strict=True)
    ]

    reading = compare_arms(cutoffs, now=END)

    assert (reading.counted, reading.audits, reading.waiting) == (1, 2, 0)


def test_evidence_goes_on_when_the_share_changes() -> None:
    before = alternating(150, old=20, new=4)
    after = [
        replace(one, key=f"b{one.key}", subject=f"b {one.subject}", stretch=1)
        for one in alternating(300, old=20, new=4)[300:]
    ]

    both = compare_arms(before + after, now=END)

    assert both.counted == 300
    assert both.peak > compare_arms(before, now=END).peak


@pytest.mark.parametrize(("percent", "least", "most"), [(50, 940, 1000), (10, 2300, 2500)])
def test_a_doubling_takes_audits_and_at_an_uneven_split_more(
    percent: int, least: int, most: int
) -> None:
    assert least <= audits_of_a_doubling(percent=percent) <= most


def test_a_doubling_of_the_ceiling_takes_fewer() -> None:
    assert 170 <= cutoffs_of_a_doubling(ceiling=0.05) <= 190


def test_only_the_first_cutoff_of_a_subject_counts() -> None:
    once = alternating(40, old=10, new=5)
    again = [
        replace(one, key=f"again {one.key}", ended=one.ended + 100 * HOUR, overturned=True)
        for one in once
    ]

    assert compare_arms(once + again, now=END) == compare_arms(once, now=END)


def test_the_order_of_entries_does_not_matter() -> None:
    cutoffs = alternating(40, old=10, new=5)

    assert compare_arms(cutoffs[::-1], now=END) == compare_arms(cutoffs, now=END)


def test_a_block_waits_for_its_verdicts_and_holds_up_the_next() -> None:
    cutoffs = alternating(40, old=0, new=5)
    now = cutoffs[-1].due

    reading = compare_arms([*cutoffs[:20], undecided(cutoffs[20]), *cutoffs[21:]], now=START)
    assert reading == Reading(1, 1, 0, 0, 0, 0)

    late = replace(cutoffs[20], decided=None, due=END)
    reading = compare_arms([*cutoffs[:20], late, *cutoffs[21:]], now=now)
    assert (reading.counted, reading.dropped, reading.waiting) == (10, 0, 30)


def test_a_block_with_an_overdue_verdict_is_dropped_for_good() -> None:
    cutoffs = alternating(40, old=0, new=5)
    overdue = [*cutoffs[:20], undecided(cutoffs[20]), *cutoffs[21:]]
    too_late = replace(cutoffs[20], decided=cutoffs[20].due + HOUR)

    reading = compare_arms(overdue, now=END)

    assert (reading.counted, reading.dropped, reading.waiting) == (39, 1, 0)
    assert compare_arms([*cutoffs[:20], too_late, *cutoffs[21:]], now=END) == reading


def test_more_than_one_dropped_block_in_twenty_pauses() -> None:
    cutoffs = alternating(100, old=20, new=2)
    five = [
        undecided(one) if place in range(0, 10, 2) else one for place, one in enumerate(cutoffs)
    ]
    six = [undecided(one) if place in range(0, 12, 2) else one for place, one in enumerate(cutoffs)]

    assert compare_arms(five, now=END).dropped == 5
    assert compare_arms(five, now=END).state is State.ROLL_BACK
    assert compare_arms(six, now=END).state is State.PAUSED
    assert compare_arms(six, now=END).peak >= 200


@pytest.mark.parametrize(
    ("peak", "state"),
    [(39.9, State.WATCHING), (40, State.ALERT), (199, State.ALERT), (200, State.ROLL_BACK)],
)
def test_the_peak_decides(peak: float, state: State) -> None:
    assert Reading(1.0, peak, 100, 50, 0, 0).state is state


VERDICTS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30)


@given(verdicts=VERDICTS, slow=st.sets(st.integers(0, 29)), day=st.integers(0, 8))
def test_a_look_begins_with_what_earlier_looks_saw(
    verdicts: list[tuple[bool, bool]], slow: set[int], day: int
) -> None:
    cutoffs = [
        replace(one, decided=one.decided + timedelta(days=3)) if place in slow else one
        for place, one in enumerate(watched(verdicts))
        if one.decided is not None
    ]

    earlier = compare_arms(cutoffs, now=START + timedelta(days=day))
    later = compare_arms(cutoffs, now=START + timedelta(days=day + 1))

    assert earlier.counted <= later.counted
    assert earlier.dropped <= later.dropped
    assert earlier.peak <= later.peak


@given(
    past=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda both: (3, both[0], 3, both[1])),
        max_size=8,
    ),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    rate=st.floats(0.001, 0.999),
    better=st.floats(0, 1),
)
def test_no_block_adds_evidence_on_the_average_while_nothing_is_worse(
    past: list[tuple[int, int, int, int]], sizes: tuple[int, int], rate: float, better: float
) -> None:
    n_old, n_new = sizes
    before = evidence_after(np.array(past, float))[-1] if past else 0.0
    expected = 0.0
    for y_old, y_new in itertools.product(range(n_old + 1), range(n_new + 1)):
        chance = _chance(y_old, n_old, rate) * _chance(y_new, n_new, rate * better)
        block = (n_old, y_old, n_new, y_new)
        after = evidence_after(np.array([*past, block], float))[-1]
        expected += chance * np.exp(after - before)

    assert expected <= 1 + 1e-9


def _chance(found: int, of: int, rate: float) -> float:
    """The binomial probability, for rates that are too small for SciPy too."""
    return comb(of, found) * rate**found * (1 - rate) ** (of - found)


def test_a_rate_above_the_ceiling_is_found() -> None:
    above = watched([(True, place % 5 == 0) for place in range(200)])
    at = watched([(True, place % 20 == 0) for place in range(200)])

    assert compare_with_ceiling(above, ceiling=0.05, now=END).state is State.ROLL_BACK
    assert compare_with_ceiling(at, ceiling=0.05, now=END).state is State.WATCHING


def test_evidence_against_a_ceiling_is_the_mean_of_likelihood_ratios() -> None:
    odds = [ratio * 0.1 / 0.9 for ratio in ODDS_RATIOS]
    rates = [one / (1 + one) for one in odds]
    expected = sum(rate / 0.1 * (1 - rate) / 0.9 for rate in rates) / len(rates)

    reading = compare_with_ceiling(
        watched([(True, True), (True, False), (False, True)]), ceiling=0.1, now=END
    )

    assert reading.evidence == pytest.approx(expected)
    assert (reading.audits, reading.counted) == (2, 2)


def test_a_category_that_is_audited_more_often_does_not_tell_against_the_ceiling() -> None:
    """Of 100 cutoffs, 10 are of a category with half its ends overturned, all of them audited; of
    the 90 others one in ten is, none overturned. The rate of all is 5 %, that of audits 26 %.
    """
    grave = [(True, place % 2 == 0) for place in range(10)]
    plain = [(True, False)] * 9
    audits = watched((grave + plain) * 20)
    weighed = [
        replace(one, stake=0.1 if place % 19 < 10 else 1.0) for place, one in enumerate(audits)
    ]

    assert compare_with_ceiling(audits, ceiling=0.06, now=END).state is State.ROLL_BACK
    assert compare_with_ceiling(weighed, ceiling=0.06, now=END).state is State.WATCHING
    assert compare_with_ceiling(weighed, ceiling=0.01, now=END).state is State.ROLL_BACK


def test_against_a_ceiling_the_first_cutoff_under_the_candidate_counts() -> None:
    before, after, again = watched([(False, False), (True, True), (True, False)])
    same = [replace(one, subject="one") for one in (before, after, again)]

    reading = compare_with_ceiling(same, ceiling=0.1, now=END)

    assert reading.audits == 1
    assert reading.evidence > 1


def test_against_a_ceiling_overdue_verdicts_are_dropped_too() -> None:
    cutoffs = watched([(True, False)] * 19)

    once = compare_with_ceiling([undecided(cutoffs[0]), *cutoffs[1:]], ceiling=0.05, now=END)

    assert (once.dropped, once.counted, once.state) == (1, 18, State.PAUSED)


@pytest.mark.parametrize("ceiling", [0, 1, -0.1, 1.5])
def test_a_ceiling_lies_between_nought_and_one(ceiling: float) -> None:
    with pytest.raises(ValueError, match="ceiling"):
        compare_with_ceiling([], ceiling=ceiling, now=END)


def test_evidence_stays_finite() -> None:
    reading = compare_with_ceiling(watched([(True, True)] * 2000), ceiling=0.01, now=END)

    assert reading.evidence == pytest.approx(np.exp(700))
