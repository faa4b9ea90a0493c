"""May this conversation be ended? The rules without a switch, and what the policy asks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from policies.evaluation import (
    CRITERIA,
    Decision,
    Observation,
    evaluate,
    imminent_risk,
)
from policies.thresholds import HIGHEST_RISK_CEILING, Thresholds, parse
from tests.policies.strategies import observations, thresholds

SAFE: dict[str, float | int | None] = {
    "severity": 1.0,
    "refusals": 9,
    "redirects": 9,
    "warnings": 9,
    "turns_after_warning": 9,
    "distress": 1.0,
    "risk_self": 0.0,
    "risk_others": 0.0,
}


def decide(initiator: str = "model", /, **changes: Any) -> Decision:
    policy = parse(changes.pop("policy", {}))
    category = changes.pop("category", "hate")
    confirmed = changes.pop("user_confirmed", None)
    cue = changes.pop("crisis_cue", False)
    seen = Observation(initiator, category, SAFE | changes, confirmed, cue)
    return evaluate(seen, policy).decision


@given(observations(), thresholds())
def test_the_rules_without_a_switch_hold_for_every_policy(
    seen: Observation, policy: Thresholds
) -> None:
    decision = evaluate(seen, policy).decision
    risk = imminent_risk(seen.signals)
    if risk is None or risk > HIGHEST_RISK_CEILING or seen.crisis_cue or seen.paused:
        assert decision == Decision.NEVER
    warnings = seen.signals["warnings"]
    if seen.initiator == "model" and (warnings is None or warnings < 1):
        assert decision != Decision.END


@given(observations(), thresholds())
def test_a_decision_to_end_means_that_every_line_is_met(
    seen: Observation, policy: Thresholds
) -> None:
    found = evaluate(seen, policy)
    if found.decision == Decision.END:
        assert all(line.met for line in found.criteria)
    elif seen.initiator == "model" and not seen.paused:
        assert not all(line.met for line in found.criteria)


@given(observations(), thresholds())
def test_an_unknown_signal_meets_no_criterion_that_asks_for_something(
    seen: Observation, policy: Thresholds
) -> None:
    for line in evaluate(seen, policy).criteria:
        asks = not isinstance(line.threshold, bool) and (line.operator == "≤" or line.threshold > 0)
        if asks and line.observed is None:
            assert not line.met


@given(observations(), thresholds())
def test_learning_more_of_a_signal_never_ends_less(seen: Observation, policy: Thresholds) -> None:
    if evaluate(seen, policy).decision != Decision.END:
        return
    for criterion in CRITERIA:
        more = {**seen.signals, criterion.name: 1.0 if not criterion.whole else 100}
        raised = Observation(seen.initiator, seen.category, more, seen.user_confirmed)
        assert evaluate(raised, policy).decision == Decision.END


@pytest.mark.parametrize("initiator", ["model", "user", "operator"])
@pytest.mark.parametrize(
    "danger",
    [
        {"risk_self": 0.21},
        {"risk_others": 0.21},
        {"risk_self": None},
        {"risk_others": None},
        {"crisis_cue": True},
    ],
    ids=str,
)
def test_danger_forbids_ending_whoever_initiates(initiator: str, danger: dict[str, Any]) -> None:
    assert decide(initiator, user_confirmed=True) == Decision.END
    assert decide(initiator, user_confirmed=True, **danger) == Decision.NEVER


def test_a_risk_at_the_ceiling_is_within_it() -> None:
    assert decide(risk_self=0.2) == Decision.END
    assert decide(risk_self=0.11, policy={"imminent_risk_ceiling": 0.1}) == Decision.NEVER


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({}, Decision.END),
        ({"severity": 0.6, "refusals": 2, "redirects": 1, "warnings": 1}, Decision.END),
        ({"severity": 0.59}, Decision.CONTINUE),
        ({"severity": None}, Decision.CONTINUE),
        ({"refusals": 1}, Decision.CONTINUE),
        ({"redirects": 0}, Decision.CONTINUE),
        ({"warnings": 0, "turns_after_warning": None}, Decision.WARN_FIRST),
        ({"warnings": None}, Decision.WARN_FIRST),
        ({"warnings": 0, "refusals": 0}, Decision.CONTINUE),
        ({"turns_after_warning": 0}, Decision.CONTINUE),
        ({"category": "suicide_self_harm", "policy": {
            "categories": {"suicide_self_harm": {"enabled": False}}}}, Decision.CONTINUE),
    ],
)  # fmt: skip
def test_what_the_model_may_do(changes: dict[str, Any], decision: Decision) -> None:
    assert decide(**changes) == decision


@pytest.mark.parametrize(
    ("confirmed", "asked", "decision"),
    [
        (True, True, Decision.END),
        (False, True, Decision.CONFIRM_FIRST),
        (None, True, Decision.CONFIRM_FIRST),
        (None, False, Decision.END),
    ],
)
def test_what_a_users_request_needs(
    confirmed: bool | None, asked: bool, decision: Decision
) -> None:
    policy = {"confirm_user_request": asked}
    assert decide("user", user_confirmed=confirmed, policy=policy, severity=None) == decision


def test_every_criterion_is_explained_in_words() -> None:
    seen = Observation("model", "hate", SAFE | {"severity": 0.3, "redirects": None})
    lines = {line.name: line for line in evaluate(seen, parse({})).criteria}
    assert lines["severity"].explanation == "Severity: 0.30 is too little, 0.60 asked for."
    assert lines["refusals"].explanation == "Refusals: 9 is enough, 2 asked for."
    assert lines["redirects"].explanation == (
        "Redirects: 1 asked for, but the service did not say."
    )
    assert lines["distress"].explanation == "Distress of the model: the policy asks for none."
