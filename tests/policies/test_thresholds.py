"""The bounds that no policy may pass."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.services.sources import FIRST_AUDIT_SETTINGS
from policies.services.versions import create_version
from policies.thresholds import (
    BUILT_IN,
    FEWEST_WARNINGS,
    HIGHEST_RISK_CEILING,
    CategoryThresholds,
    InvalidPolicy,
    Thresholds,
    parse,
    read,
)
from tests.policies.strategies import thresholds

LAXER: list[dict[str, Any]] = [
    {"imminent_risk_ceiling": 0.2000001},
    {"imminent_risk_ceiling": 1},
    {"imminent_risk_ceiling": -0.1},
    {"imminent_risk_ceiling": float("nan")},
    {"imminent_risk_ceiling": None},
    {"imminent_risk_ceiling": "0.1"},
    {"default": {"warnings": 0}},
    {"default": {"warnings": -1}},
    {"default": {"warnings": 0.5}},
    {"default": {"warnings": True}},
    {"default": {"severity": float("nan")}},
    {"categories": {"hate": {"warnings": 0}}},
    {"categories": {"no_such_category": {}}},
    {"categories": {"hate": {"no_such_threshold": 1}}},
    {"no_such_rule": True},
    {"review": {"audit_share": 0}},
    {"review": {"audit_share": 1.01}},
    {"review": {"near_miss_share": -0.1}},
    {"review": {"audit_shares": {"hate": 0}}},
    {"review": {"audit_shares": {"hate": True}}},
    {"review": {"audit_shares": {"no_such_category": 0.5}}},
    {"review": {"audit_shares": 0.5}},
    {"review": {"due_hours": {"breach": 0}}},
    {"review": {"due_hours": {"breach": 25}}},
    {"review": {"due_hours": {"no_such_reason": 1}}},
]


@pytest.mark.parametrize("content", LAXER, ids=str)
def test_a_laxer_policy_cannot_be_read(content: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        parse(content)


@pytest.mark.parametrize(
    "laxer",
    [
        Thresholds(imminent_risk_ceiling=0.5),
        Thresholds(default=CategoryThresholds(warnings=0)),
        Thresholds(categories={"hate": CategoryThresholds(warnings=0)}),
    ],
    ids=["ceiling", "warnings", "warnings of a category"],
)
@pytest.mark.django_db
def test_a_laxer_policy_that_was_built_cannot_be_stored(laxer: Thresholds) -> None:
    from accounts.ledger import Actor
    from policies.models import PolicyVersion

    with pytest.raises(msgspec.ValidationError):
        create_version(thresholds=laxer, note="", actor=Actor.task("test"))
    assert PolicyVersion.objects.count() == 1


def test_the_built_in_policy_is_within_its_bounds() -> None:
    assert parse(msgspec.to_builtins(BUILT_IN)) == BUILT_IN


def test_what_was_stored_before_there_were_review_settings_has_the_first_ones() -> None:
    """The shares are those that an installation begins with."""
    stored = msgspec.to_builtins(BUILT_IN)
    del stored["review"]
    assert parse(stored) == BUILT_IN
    shares = msgspec.to_builtins(BUILT_IN.review)
    del shares["due_hours"]
    assert shares.pop("audit_shares") == {}
    assert shares == FIRST_AUDIT_SETTINGS


@pytest.mark.parametrize("content", LAXER, ids=str)
def test_what_cannot_be_read_is_told_where(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        read(content)
    (fault,) = refused.value.faults
    *above, name = fault.pointer.removeprefix("/").split("/")
    for step in above:
        content = content[step]
    assert name in content


def test_a_category_without_thresholds_of_its_own_has_the_default_ones() -> None:
    policy = parse({"default": {"refusals": 7}, "categories": {"hate": {"refusals": 4}}})
    assert (policy.of("hate").refusals, policy.of("other").refusals) == (4, 7)


@given(thresholds())
def test_every_policy_that_can_be_read_is_at_least_as_strict(policy: Thresholds) -> None:
    assert parse(msgspec.to_builtins(policy)) == policy
    assert policy.imminent_risk_ceiling <= HIGHEST_RISK_CEILING
    for asked in (policy.default, *policy.categories.values()):
        assert asked.warnings >= FEWEST_WARNINGS


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["default", "categories", "hate", "warnings"]), inner)
        ),
        max_leaves=6,
    )
)
def test_any_other_content_is_refused_or_strict(content: Any) -> None:
    try:
        policy = read(content)
    except InvalidPolicy:
        with pytest.raises(msgspec.ValidationError):
            parse(content)
        return
    assert policy.imminent_risk_ceiling <= HIGHEST_RISK_CEILING
    assert policy.default.warnings >= FEWEST_WARNINGS
