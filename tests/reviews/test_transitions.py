"""The table of case states, and that the services keep to it."""

from __future__ import annotations

from itertools import product

import pytest

from reviews.transitions import (
    CLAIMABLE,
    PENDING,
    TRANSITIONS,
    Action,
    Forbidden,
    after_verdict,
    check,
)
from reviews.vocabulary import CaseState


@pytest.mark.parametrize(("state", "action"), list(product(CaseState, Action)))
def test_what_is_not_in_the_table_cannot_happen(state: CaseState, action: Action) -> None:
    if (state, action) in TRANSITIONS:
        who, leads_to = TRANSITIONS[state, action]
        assert who
        assert check(state, action) == leads_to
    else:
        with pytest.raises(Forbidden, match=state.label.lower()):
            check(state, action)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {state for _, leads_to in TRANSITIONS.values() for state in leads_to}
    left = {state for state, _ in TRANSITIONS}
    assert reached == set(CaseState) - {CaseState.UNSELECTED}  # where cases begin
    assert left == set(CaseState)


def test_claimable_are_the_states_that_take_a_verdict() -> None:
    assert set(CLAIMABLE) == {state for state, action in TRANSITIONS if action == Action.DECIDE}
    assert set(CLAIMABLE) < set(PENDING)
    assert CaseState.SETTLED not in PENDING


@pytest.mark.parametrize(
    ("state", "decisions", "double", "leads_to"),
    [
        ("open", ["uphold"], False, "settling"),
        ("open", ["uphold"], True, "second_review"),
        ("second_review", ["uphold", "uphold"], True, "settling"),
        ("second_review", ["uphold", "overturn"], True, "adjudication"),
        ("adjudication", ["uphold", "overturn", "uphold"], True, "settling"),
    ],
)
def test_where_a_verdict_leads(
    state: str, decisions: list[str], double: bool, leads_to: str
) -> None:
    found = after_verdict(state, decisions, double=double)
    assert found == leads_to
    assert found in check(state, Action.DECIDE)
