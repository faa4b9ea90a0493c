"""Which turns are not shown until a reviewer asks for them.

Text is the hazard of this work. What is hidden is not in the page at all; asking for it is
recorded, and never a measure of anybody's performance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from conversations.evidence import Evidence
from conversations.transcripts import Message
from conversations.vocabulary import Category

#: At or above this reported severity (0 to 1) the user's turns are hidden.
HIDDEN_FROM_SEVERITY: Final = 0.7

#: What a hidden turn may hold, said before it is shown.
WARNINGS: Final[dict[str, str]] = {
    Category.VIOLENT_CRIMES: "may describe violence",
    Category.SEX_RELATED_CRIMES: "may describe sexual violence",
    Category.CHILD_SEXUAL_EXPLOITATION: "may concern the sexual exploitation of a child",
    Category.INDISCRIMINATE_WEAPONS: "may concern weapons of mass harm",
    Category.SUICIDE_SELF_HARM: "may speak of suicide or self-harm",
    Category.HATE: "may hold hateful language",
    Category.SEXUAL_CONTENT: "may be sexually explicit",
}

_UNRATED: Final = "was not rated and may be upsetting"
_SEVERE: Final = "was rated severe and may be upsetting"


@dataclass(frozen=True)
class Hiding:
    """What is not shown at first: the numbers, from 1, of turns, and what they may hold."""

    turns: frozenset[int] = frozenset()
    warning: str = ""


def hide(
    messages: Sequence[Message],
    *,
    category: str,
    severity: float | None,
    evidence: Evidence | None,
) -> Hiding:
    """What of a transcript is hidden until asked for.

    All that others than the model said, where the category or the reported severity (0 to 1)
    warns of it, or where nobody reported one; elsewhere the turns that read like a crisis.
    """
    if words := _warning(category, severity):
        spoken = enumerate(messages, 1)
        return Hiding(
            frozenset(number for number, message in spoken if message.role in ("user", "tool")),
            words,
        )
    cues = frozenset(mark.turn for mark in evidence.crisis_cues) if evidence else frozenset()
    return Hiding(cues, WARNINGS[Category.SUICIDE_SELF_HARM]) if cues else Hiding()


def _warning(category: str, severity: float | None) -> str:
    if words := WARNINGS.get(category):
        return words
    if severity is None:
        return _UNRATED
    return _SEVERE if severity >= HIDDEN_FROM_SEVERITY else ""
