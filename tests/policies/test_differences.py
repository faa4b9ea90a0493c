"""What differs between two policies, and which is the stricter."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.vocabulary import Category
from policies.differences import Effect, differences, stricter_in_every_threshold
from policies.evaluation import CRITERIA, Decision, Observation, evaluate
from policies.thresholds import BUILT_IN, CategoryThresholds, Thresholds, parse
from tests.policies.strategies import observations, thresholds


@given(observations(), thresholds(), thresholds())
def test_what_ends_under_a_stricter_policy_ends_under_the_other(
    seen: Observation, one: Thresholds, other: Thresholds
) -> None:
    if stricter_in_every_threshold(one, other) and evaluate(seen, one).decision == Decision.END:
        assert evaluate(seen, other).decision == Decision.END


@st.composite
def tightened(draw: st.DrawFn) -> tuple[Thresholds, Thresholds]:
    """A policy, and one with every threshold as high or higher."""
    policy = draw(thresholds())

    def tighter(asked: CategoryThresholds) -> CategoryThresholds:
        asks: dict[str, Any] = {
            criterion.name: draw(
                st.integers(int(criterion.threshold(asked)), 9)
                if criterion.whole
                else st.floats(criterion.threshold(asked), 1)
            )
            for criterion in CRITERIA
        }
        return CategoryThresholds(enabled=asked.enabled and draw(st.booleans()), **asks)

    return policy, Thresholds(
        imminent_risk_ceiling=draw(st.floats(0, policy.imminent_risk_ceiling)),
        confirm_user_request=policy.confirm_user_request or draw(st.booleans()),
        default=tighter(policy.default),
        categories={name: tighter(policy.of(name)) for name in Category.values},
    )


@given(tightened(), observations())
def test_raising_thresholds_is_stricter_and_so_ends_no_more(
    pair: tuple[Thresholds, Thresholds], seen: Observation
) -> None:
    laxer, stricter = pair
    assert stricter_in_every_threshold(stricter, laxer)
    if evaluate(seen, stricter).decision == Decision.END:
        assert evaluate(seen, laxer).decision == Decision.END


@given(thresholds(), thresholds())
def test_where_it_is_not_stricter_something_ends_that_did_not(
    one: Thresholds, other: Thresholds
) -> None:
    if stricter_in_every_threshold(one, other):
        return
    assert any(
        evaluate(seen, one).decision == Decision.END
        and evaluate(seen, other).decision != Decision.END
        for seen in _just_enough_for(one)
    )


def _just_enough_for(policy: Thresholds) -> list[Observation]:
    """What barely ends under *policy*, or would with a category switched on."""
    risks = {"risk_self": policy.imminent_risk_ceiling, "risk_others": 0.0}
    found = [Observation("user", "hate", risks, user_confirmed=False)]
    for name in Category.values:
        asked = policy.of(name)
        signals = {criterion.name: criterion.threshold(asked) for criterion in CRITERIA}
        found.append(Observation("model", name, signals | risks))
        found.append(Observation("operator", name, signals | risks))
    return found


@given(thresholds(), thresholds())
def test_the_diff_tells_every_way_in_which_ending_becomes_easier(
    before: Thresholds, after: Thresholds
) -> None:
    found = differences(before, after)
    if not any(
        one.effect == Effect.LAXER
        or (one.effect == Effect.NEITHER and one.pointer.endswith("_user_request"))
        for one in found
    ):
        assert stricter_in_every_threshold(after, before)
    assert all(one.before != one.after for one in found)
    assert len({one.pointer for one in found}) == len(found)


@given(thresholds())
def test_a_policy_does_not_differ_from_itself(policy: Thresholds) -> None:
    assert differences(policy, policy) == []
    assert stricter_in_every_threshold(policy, policy)


def test_the_diff_reads_as_a_person_would_say_it() -> None:
    after = parse(
        {
            "imminent_risk_ceiling": 0.1,
            "categories": msgspec.to_builtins(BUILT_IN.categories)
            | {"hate": {"severity": 0.9, "redirects": 0}},
            "review": {
                "audit_share": 0.2,
                "audit_shares": {"privacy": 0.5},
                "due_hours": {"appeal": 12},
            },
        }
    )
    assert [
        (one.pointer, one.label, one.before, one.after, one.effect.value)
        for one in differences(BUILT_IN, after)
    ] == [
        ("/imminent_risk_ceiling", "Ceiling of imminent risk", 0.2, 0.1, "stricter"),
        ("/categories/hate", "Hate", "as the default", "thresholds of its own", "neither"),
        ("/categories/hate/severity", "Hate: severity", 0.6, 0.9, "stricter"),
        ("/categories/hate/redirects", "Hate: redirects", 1, 0, "laxer"),
        ("/review/audit_share", "Review: share of cutoffs that are audited", 0.1, 0.2, "neither"),
        (
            "/review/audit_shares/privacy",
            "Review: share of cutoffs that are audited, Privacy",
            "the share of all",
            0.5,
            "neither",
        ),
        ("/review/due_hours/appeal", "Review: hours until an appeal is due", 24, 12, "neither"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "effects"),
    [
        ({"enabled": True}, {"enabled": False}, ["stricter"]),
        ({"enabled": False}, {"enabled": True}, ["laxer"]),
        ({"enabled": False}, {"enabled": False, "refusals": 9}, ["neither"]),
        ({}, {"warnings": 2, "distress": 0.5}, ["stricter", "stricter"]),
    ],
    ids=str,
)
def test_a_threshold_counts_where_ending_is_allowed(
    before: dict[str, object], after: dict[str, object], effects: list[str]
) -> None:
    found = differences(parse({"default": before}), parse({"default": after}))
    assert [one.effect.value for one in found] == effects
