"""Who sees which text of whom: the whole table, written out."""

from __future__ import annotations

from itertools import product

import pytest

from accounts.roles import Role
from reviews.visibility import CaseFacts, Text, Viewer, is_blind, shown_state, visible
from reviews.vocabulary import CaseState

EVERYTHING = {
    Text.TRANSCRIPT,
    Text.RATIONALE,
    Text.FEEDBACK,
    Text.VERDICTS,
    Text.NUMBERS,
    Text.NOTES,
}
UNBLINDED = EVERYTHING
BLINDED = EVERYTHING - {Text.VERDICTS, Text.NOTES}
FIGURES = {Text.VERDICTS, Text.NUMBERS}
PRACTICE = {Text.TRANSCRIPT, Text.RATIONALE, Text.NUMBERS}
NOTHING: set[Text] = set()

#: States in which the case is closed to further verdicts, or in which nobody need look.
AFTERWARDS = {CaseState.UNSELECTED, CaseState.SETTLED, CaseState.CLOSED}

#: role → what is seen of an ordinary case, and of one that another's verdict is in on while one
#: may yet give one's own: a second review, or an appeal.
ORDINARY: dict[Role, tuple[set[Text], set[Text]]] = {
    Role.TRAINEE: (PRACTICE, PRACTICE),
    Role.REVIEWER: (UNBLINDED, BLINDED),
    Role.SENIOR: (UNBLINDED, BLINDED),
    Role.POLICY_ADMIN: (FIGURES, FIGURES),
    Role.AUDITOR: (FIGURES, FIGURES),
    Role.ADMINISTRATOR: ({Text.NUMBERS}, {Text.NUMBERS}),
}

ME, ANOTHER = 1, 2


def test_the_table_has_every_role() -> None:
    assert set(ORDINARY) == set(Role)
    assert set(Text) == EVERYTHING


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", CaseState)
def test_an_ordinary_case(role: Role, state: CaseState) -> None:
    decided = CaseFacts(restricted=False, state=state, verdict_by=frozenset({ANOTHER}))
    viewer = Viewer(ME, frozenset({role}))
    assert visible(viewer, decided) == ORDINARY[role][state not in AFTERWARDS]
    assert visible(viewer, CaseFacts(restricted=False, state=state)) == ORDINARY[role][False]


@pytest.mark.parametrize(("role", "state"), list(product(Role, CaseState)))
def test_a_restricted_case_is_for_the_qualified(role: Role, state: CaseState) -> None:
    case = CaseFacts(restricted=True, state=state)
    assert visible(Viewer(ME, frozenset({role})), case) == NOTHING
    qualified = Viewer(ME, frozenset({role}), restricted=True)
    assert visible(qualified, case) == visible(qualified, CaseFacts(restricted=False, state=state))


@pytest.mark.parametrize("state", [CaseState.OPEN, CaseState.SECOND_REVIEW, CaseState.ADJUDICATION])
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR])
def test_whose_own_verdict_is_in_is_blind_no_longer(role: Role, state: CaseState) -> None:
    viewer = Viewer(ME, frozenset({role}))
    mine = CaseFacts(restricted=False, state=state, verdict_by=frozenset({ME, ANOTHER}))
    theirs = CaseFacts(restricted=False, state=state, verdict_by=frozenset({ANOTHER}))
    assert (is_blind(viewer, mine), is_blind(viewer, theirs)) == (False, True)
    assert visible(viewer, mine) == UNBLINDED


def test_several_roles_see_what_each_sees_but_stay_blind() -> None:
    both = Viewer(ME, frozenset({Role.AUDITOR, Role.REVIEWER}))
    second = CaseFacts(
        restricted=False, state=CaseState.SECOND_REVIEW, verdict_by=frozenset({ANOTHER})
    )
    assert visible(both, second) == BLINDED
    assert visible(Viewer(ME, frozenset({Role.AUDITOR, Role.ADMINISTRATOR})), second) == FIGURES


def test_nobody_without_a_role_sees_anything() -> None:
    case = CaseFacts(restricted=False, state=CaseState.OPEN)
    assert visible(Viewer(ME, frozenset()), case) == NOTHING


@pytest.mark.parametrize(
    ("role", "state", "contested", "shown"),
    [
        (Role.REVIEWER, "second_review", False, "open"),
        (Role.SENIOR, "second_review", False, "open"),
        (Role.AUDITOR, "second_review", False, "second_review"),
        (Role.SENIOR, "adjudication", False, "open"),
        (Role.SENIOR, "adjudication", True, "adjudication"),
        (Role.REVIEWER, "adjudication", False, "adjudication"),
        (Role.REVIEWER, "settled", False, "settled"),
        (Role.REVIEWER, "open", False, "open"),
    ],
)
def test_what_waits_for_an_independent_verdict_shows_as_open(
    role: Role, state: str, contested: bool, shown: str
) -> None:
    viewer = Viewer(ME, frozenset({role}))
    theirs = CaseFacts(False, CaseState(state), frozenset({ANOTHER}), contested)
    assert shown_state(viewer, theirs) == shown
    mine = CaseFacts(False, CaseState(state), frozenset({ME}), contested)
    assert shown_state(viewer, mine) == state
    undoable = CaseFacts(False, CaseState(state), frozenset({ME}), contested, may_undo=ME)
    assert shown_state(viewer, undoable) == CaseState.SETTLING


def test_a_gold_case_looks_like_work_and_then_like_a_double_review() -> None:
    viewer = Viewer(ME, frozenset({Role.REVIEWER}))
    settled = CaseFacts(False, CaseState.SETTLED, frozenset({ANOTHER}), exercise="to_answer")
    assert shown_state(viewer, settled) == CaseState.OPEN
    assert visible(viewer, settled) == BLINDED
    answered = CaseFacts(False, CaseState.SETTLED, frozenset({ANOTHER}), exercise="answered")
    assert shown_state(viewer, answered) == CaseState.SECOND_REVIEW
    assert visible(viewer, answered) == BLINDED
