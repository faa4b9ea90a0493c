"""Which turns are not shown until a reviewer asks for them.

Text is the hazard of this work. What is hidden is not in the page at all; asking for it is
recorded, and never a measure of anybody's performance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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


def warning(*, category: str, severity: float | None) -> str:
    """What the user's turns of a case may hold, in words; empty where nothing is hidden.

    A severity that nobody reported is no reason to show everything at once.
    """
    if words := WARNINGS.get(category):
        return words
    if severity is None:
        return _UNRATED
    return _SEVERE if severity >= HIDDEN_FROM_SEVERITY else ""


def hidden_turns(messages: Sequence[Message], *, warned: bool) -> frozenset[int]:
    """The numbers, from 1, of the turns hidden at first: what others than the model said."""
    if not warned:
        return frozenset()
    return frozenset(
        number for number, message in enumerate(messages, 1) if message.role in ("user", "tool")
    )
