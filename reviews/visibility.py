"""Who sees which text of whom.

One pure function answers for every surface: pages, search, exports and the API. It knows the
viewer's roles, the facts of the case, and nothing of the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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
    """Somebody who looks: their roles, and whether they are qualified for restricted cases."""

    user_id: int
    roles: frozenset[Role]
    restricted: bool = False


@dataclass(frozen=True)
class CaseFacts:
    """What of a case decides on who sees what.

    ``restricted`` is a case of child safety. ``verdict_by`` are the users whose verdicts are
    in, of whatever round: none of them is asked again.
    """

    restricted: bool
    state: CaseState
    verdict_by: frozenset[int] = frozenset()


_BY_ROLE: Final[dict[Role, frozenset[Text]]] = {
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
    return seen - _BLINDED if is_blind(viewer, case) else seen


def is_blind(viewer: Viewer, case: CaseFacts) -> bool:
    """Whether *viewer* may yet give a verdict of their own on a case that has one already."""
    may_decide = bool({Role.REVIEWER, Role.SENIOR} & viewer.roles)
    asked_again = case.state in PENDING and bool(case.verdict_by)
    return may_decide and asked_again and viewer.user_id not in case.verdict_by
