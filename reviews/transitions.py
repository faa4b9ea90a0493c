"""Case states: one table says what may happen where, and who may do it.

``docs/explanation/case-states.md`` is drawn from this table.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext

from reviews.phrases import STATES, within
from reviews.vocabulary import CaseState as S


class Action(StrEnum):
    """What can happen to a case."""

    SELECT = "select"
    DECIDE = "decide"
    UNDO = "undo"
    DEFER = "defer"
    RESUME = "resume"
    ESCALATE = "escalate"
    ACCEPT = "accept"
    ANSWER = "answer"
    RETURN = "return"
    WITHDRAW = "withdraw"
    SETTLE = "settle"
    APPEAL = "appeal"
    CLOSE = "close"


class Who(StrEnum):
    """Who may do it."""

    REVIEWER = "reviewer"
    SENIOR = "senior"
    HOLDER = "holder"
    TEAM = "team"
    ASKER = "asker"
    PROGRAM = "program"


#: States in which a case waits for somebody to claim it; it comes back to the one that it left.
CLAIMABLE: Final = (S.OPEN, S.SECOND_REVIEW, S.ADJUDICATION)

#: ``(state, action) → (who, the states it may lead to)``. What is not here cannot happen.
TRANSITIONS: Final[dict[tuple[S, Action], tuple[frozenset[Who], frozenset[S]]]] = {
    (S.UNSELECTED, Action.SELECT): (frozenset({Who.REVIEWER, Who.PROGRAM}), frozenset({S.OPEN})),
    (S.UNSELECTED, Action.CLOSE): (frozenset({Who.PROGRAM}), frozenset({S.CLOSED})),
    (S.CLOSED, Action.SELECT): (frozenset({Who.REVIEWER, Who.PROGRAM}), frozenset({S.OPEN})),
    (S.OPEN, Action.DECIDE): (
        frozenset({Who.HOLDER}),
        frozenset({S.SECOND_REVIEW, S.SETTLING}),
    ),
    (S.SECOND_REVIEW, Action.DECIDE): (
        frozenset({Who.HOLDER}),
        frozenset({S.ADJUDICATION, S.SETTLING}),
    ),
    (S.ADJUDICATION, Action.DECIDE): (
        frozenset({Who.SENIOR}),
        frozenset({S.SETTLING}),
    ),
    **{
        (state, action): (frozenset({Who.HOLDER}), frozenset({leads_to}))
        for state in CLAIMABLE
        for action, leads_to in (
            (Action.DEFER, S.DEFERRED),
            (Action.ESCALATE, S.ESCALATED),
        )
    },
    (S.DEFERRED, Action.RESUME): (
        frozenset({Who.REVIEWER, Who.PROGRAM}),
        frozenset(CLAIMABLE),
    ),
    (S.ESCALATED, Action.ACCEPT): (frozenset({Who.TEAM}), frozenset({S.ESCALATED})),
    (S.ESCALATED, Action.ANSWER): (frozenset({Who.TEAM}), frozenset(CLAIMABLE)),
    (S.ESCALATED, Action.RETURN): (frozenset({Who.TEAM}), frozenset(CLAIMABLE)),
    (S.ESCALATED, Action.WITHDRAW): (frozenset({Who.ASKER}), frozenset(CLAIMABLE)),
    # Whoever gave the last verdict; while it waits for another's, until that one is begun.
    (S.SECOND_REVIEW, Action.UNDO): (frozenset({Who.HOLDER}), frozenset({S.OPEN})),
    (S.ADJUDICATION, Action.UNDO): (frozenset({Who.HOLDER}), frozenset({S.SECOND_REVIEW})),
    (S.SETTLING, Action.UNDO): (
        frozenset({Who.HOLDER}),
        frozenset({S.OPEN, S.SECOND_REVIEW, S.ADJUDICATION}),
    ),
    (S.SETTLING, Action.SETTLE): (frozenset({Who.PROGRAM}), frozenset({S.SETTLED})),
    (S.SETTLED, Action.APPEAL): (frozenset({Who.PROGRAM}), frozenset({S.OPEN})),
    (S.SETTLING, Action.APPEAL): (frozenset({Who.PROGRAM}), frozenset({S.OPEN})),
}

#: States in which the last word is not spoken: the status call says ``pending``.
PENDING: Final = (
    S.OPEN,
    S.DEFERRED,
    S.ESCALATED,
    S.SECOND_REVIEW,
    S.ADJUDICATION,
    S.SETTLING,
)


class Forbidden(Exception):
    """The table has no such transition."""


def check(state: str, action: Action) -> frozenset[S]:
    """The states that *action* may lead to from *state*; raises :class:`Forbidden`."""
    try:
        return TRANSITIONS[S(state), action][1]
    except KeyError:
        raise Forbidden(
            gettext("A case that is %(state)s cannot be changed that way.")
            % {"state": within(STATES, state)}
        ) from None


def after_verdict(
    state: str,
    decisions: Sequence[str],
    *,
    double: bool,
    for_a_senior: bool = False,
    checked: bool = False,
) -> S:
    """Where a case goes once a verdict is in.

    *decisions* are those of the round so far, the newest last. *double*: somebody else is to
    look too, be it drawn or a second look. Two reviewers who agree settle it, unless their
    agreement is to be *checked*; two who differ send it to a senior. What is *for_a_senior* goes
    there the same way, so that the first reviewer takes it for a case that is reviewed twice.
    """
    if state == S.OPEN and (double or for_a_senior):
        return S.SECOND_REVIEW
    if state == S.SECOND_REVIEW and (for_a_senior or checked or len(set(decisions[-2:])) > 1):
        return S.ADJUDICATION
    return S.SETTLING
