"""A short version of tools/check_estimation.py, and its page.

With a fixed seed the figures are always the same. The limits leave room for three standard
errors of so few histories.
"""

from __future__ import annotations

import pytest

from tools import (
    check_estimation,
    fairness_histories,
    guard_histories,
    rate_histories,
    suggestion_histories,
)
from tools.rate_histories import NESTED, SCENARIOS, Coverage, Nested, Scenario, cover

HISTORIES = 200
ROOM = 0.05
PAGE = check_estimation.PAGE.read_text("utf-8")

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=[one.name for one in SCENARIOS])


@by_name
def test_an_interval_covers_the_truth(scenario: Scenario) -> None:
    found = cover(scenario, histories=HISTORIES, seed=2)

    assert found.pop("").share >= check_estimation.LEAST - ROOM
    assert all(wrong.share < check_estimation.WRONG + ROOM for wrong in found.values())


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_the_interval_of_a_difference_covers_the_truth(nested: Nested) -> None:
    coverage, shown, disjoint = nested.check(histories=HISTORIES, seed=2)

    assert coverage.share >= check_estimation.LEAST - ROOM
    assert shown >= disjoint


def test_groups_that_do_not_differ_are_seldom_called_different() -> None:
    by_name = {world.name: world for world in fairness_histories.SAME}
    far_apart = by_name["8 groups of 150 people, mixes far apart"]
    clustered = by_name["8 groups of 80 people, ten cutoffs each"]

    mixed = fairness_histories.discoveries(far_apart, histories=60, seed=2)
    alike = fairness_histories.discoveries(clustered, histories=60, seed=2)

    ours = fairness_histories.OURS
    assert mixed[ours].some <= check_estimation.ALARMS + ROOM
    assert alike[ours].some <= check_estimation.ALARMS + ROOM
    assert mixed["not standardised"].some > 0.8
    assert alike["subjects ignored"].some > 0.3
    assert alike[fairness_histories.UNADJUSTED].some > alike[ours].some


def test_the_interval_of_a_standardised_rate_covers_the_truth() -> None:
    world = fairness_histories.SAME[0]

    assert fairness_histories.cover(world, histories=60, seed=2).share >= check_estimation.LEAST


def test_a_group_that_is_wronged_is_found() -> None:
    found = fairness_histories.discoveries(fairness_histories.WORSE[1], histories=30, seed=2)

    assert found[fairness_histories.OURS].first > 0.7


def test_the_guard_seldom_alarms_without_a_change() -> None:
    assert guard_histories.guard_alarms(histories=40, seed=2).alarmed <= 0.05
    assert guard_histories.ceiling_alarms(histories=40, seed=2).alarmed <= 0.1
    peeking = guard_histories.peeking(histories=100, seed=2)
    assert all(one.alarmed > 0.2 for one in peeking.values())


def test_a_change_takes_hundreds_of_audits() -> None:
    median, most = guard_histories.audits_to_alert((0.05, 0.1), share=0.5, histories=60, seed=2)

    assert 600 < median < 1300
    assert median < most < 3000


def test_suggestions_seldom_miss_the_target() -> None:
    world = suggestion_histories.WORLDS[1]

    found = suggestion_histories.suggestions(world, histories=60, seed=2)

    assert found[suggestion_histories.OURS].missed <= 0.1
    assert found["the best of all"].missed > 0.3


@by_name
def test_the_page_has_the_figures(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the whole run, not of the short one: nobody wrote them, and none is of yesterday."""
    monkeypatch.setattr(check_estimation, "SCENARIOS", [scenario])
    report = check_estimation.Report()
    check_estimation.rates(report, histories=check_estimation.HISTORIES, seed=check_estimation.SEED)

    rows = [line for line in report.lines if scenario.name in line]
    assert len(rows) == 1 + len(scenario.wrong)
    assert [row for row in rows if row not in PAGE.splitlines()] == []


def test_the_page_has_each_history_of_groups() -> None:
    """Their figures take minutes: that there are some, and no more than the limit."""
    same = [world.name for world in fairness_histories.SAME]
    worse = [world.name for world in fairness_histories.WORSE]
    rows = {line.split(" | ")[0].removeprefix("| "): line.split(" | ") for line in PAGE.split("\n")}

    assert set(same + worse) <= set(rows)
    assert all(float(rows[name][1].removesuffix(" %")) <= 5 for name in same)
    assert all(float(rows[name][5].removesuffix(" %")) >= 93 for name in same)


def test_the_page_says_of_what_run_it_is() -> None:
    ran = f"{check_estimation.HISTORIES:,} histories each, seed {check_estimation.SEED}."
    assert ran in PAGE


def test_the_tables_go_between_the_marks() -> None:
    text = f"before\n{check_estimation.BEGIN}\nold\n{check_estimation.END}\nafter\n"

    put = check_estimation.put(text, "new")

    assert put == f"before\n{check_estimation.BEGIN}\n\nnew\n\n{check_estimation.END}\nafter\n"
    assert check_estimation.put(put, "new") == put


def test_a_limit_that_is_not_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_short(scenario: Scenario, *, histories: int, seed: int) -> dict[str, Coverage]:
        return {"": Coverage(0.9, 0.01)}

    monkeypatch.setattr(rate_histories, "cover", too_short)
    report = check_estimation.Report()

    check_estimation.rates(report, histories=1, seed=1)

    assert report.broken[0] == "equal shares: covers 90.0 %"
    assert len(report.broken) == len(SCENARIOS)
