"""Who sees which text of whom.

One pure function answers for every surface: pages, search, exports and the API. It knows the
viewer's roles, the facts of the case, and nothing of the database.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from accounts.roles import Role
from reviews.transitions import PENDING
from reviews.vocabulary import CaseState


class Text(StrEnum):
    """A kind of text or figure that a case holds."""

    TRANSCRIPT = "transcript"
    RATIONALE = "rationale"  # the model's last words, and why, as the service recorded it
    FEEDBACK = "feedback"
    VERDICTS = "verdicts"
    NUMBERS = "numbers"  # signals, category, conformance
    NOTES = "notes"  # what reviewers told each other; one's own are always one's own


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks: their roles, and whether they are qualified for restricted cases.

    ``closed`` are the slugs of the queues of a crisis, where they are not qualified for one.
    """

    user_id: int
    roles: frozenset[Role]
    restricted: bool = False
    closed: Container[str] = ()


#: A decided case that is the viewer's own gold case, and whether their answer is in.
Exercise = Literal["", "to_answer", "answered"]


@dataclass(frozen=True)
class CaseFacts:
    """What of a case decides on who sees what.

    ``restricted`` is a case of child safety. ``verdict_by`` are the users whose verdicts are
    in, of whatever round: none of them is asked again. ``may_undo`` is whose verdict, or answer to
    a gold case, can still be taken back, 0 where nobody's can: then they would be asked once more.
    ``queue`` is the slug of one that is not open to all, unless the case is in the viewer's hands.
    """

    restricted: bool
    state: CaseState
    verdict_by: frozenset[int] = frozenset()
    contested: bool = False
    exercise: Exercise = ""
    may_undo: int = 0
    queue: str = ""


_BY_ROLE: Final[dict[Role, frozenset[Text]]] = {
    Role.TRAINEE: frozenset({Text.TRANSCRIPT, Text.RATIONALE, Text.NUMBERS}),
    Role.REVIEWER: frozenset(Text),
    Role.SENIOR: frozenset(Text),
    Role.POLICY_ADMIN: frozenset({Text.NUMBERS, Text.VERDICTS}),
    Role.AUDITOR: frozenset({Text.NUMBERS, Text.VERDICTS}),
    Role.ADMINISTRATOR: frozenset({Text.NUMBERS}),
}

#: Whoever may still be asked for an independent verdict must not know the first one.
_BLINDED: Final = frozenset({Text.VERDICTS, Text.NOTES})


def visible(viewer: Viewer, case: CaseFacts) -> frozenset[Text]:
    """The kinds of text of *case* that *viewer* may see."""
    if case.restricted and not viewer.restricted:
        return frozenset()
    seen = frozenset[Text]().union(*(_BY_ROLE[role] for role in viewer.roles))
    if case.queue and case.queue in viewer.closed:
        # Whoever oversees without reading may know that there is such a case, and its figures.
        return frozenset() if Text.TRANSCRIPT in seen else seen & {Text.NUMBERS}
    return seen - _BLINDED if is_blind(viewer, case) else seen


def is_blind(viewer: Viewer, case: CaseFacts) -> bool:
    """Whether *viewer* may yet give a verdict of their own on a case that has one already.

    On a gold case they stay blind when their answer is in. So does whoever can take theirs back:
    the next one would not be independent of what they had read meanwhile.
    """
    final = case.verdict_by - {case.may_undo}
    asked_again = case.state in PENDING and bool(case.verdict_by - {viewer.user_id})
    return bool(case.exercise) or (asked_again and _decides(viewer) and viewer.user_id not in final)


def shown_state(viewer: Viewer, case: CaseFacts) -> CaseState:
    """The state that *case* shows to *viewer*, on every surface.

    A case that waits for an independent verdict is open to whoever may yet give it: that one is
    in would tell a double review, a checked agreement or a second look. So is a gold case; once
    answered it looks like one that somebody else reviews too.

    To whoever can take their verdict back it is settling, wherever it went: nobody thinks better of
    a verdict because they have seen that another's is asked for, or differs.
    """
    if case.may_undo and case.may_undo == viewer.user_id:
        return CaseState.SETTLING
    if case.exercise:
        return CaseState.OPEN if case.exercise == "to_answer" else CaseState.SECOND_REVIEW
    if not _decides(viewer) or viewer.user_id in case.verdict_by:
        return case.state
    unseen = case.state == CaseState.SECOND_REVIEW or (
        case.state == CaseState.ADJUDICATION and Role.SENIOR in viewer.roles and not case.contested
    )
    return CaseState.OPEN if unseen else case.state


def _decides(viewer: Viewer) -> bool:
    return bool({Role.REVIEWER, Role.SENIOR} & viewer.roles)
