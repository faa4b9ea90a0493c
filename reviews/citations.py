"""Parts of turns that a verdict rests on, as the page sends them: ``9:0-40``. Pure.

Offsets count characters (code points) of :attr:`Message.text`, from 0, the end not included.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from conversations.transcripts import Message

_RANGE: Final = re.compile(r"([0-9]{1,6}):([0-9]{1,8})-([0-9]{1,8})")


def cited_range(text: str, messages: Sequence[Message]) -> dict[str, Any]:
    """What a verdict keeps of *text*. Raises ``ValueError`` where there are no such characters."""
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    turn, start, end = (int(part) for part in found.groups())
    if not 1 <= turn <= len(messages):
        raise ValueError(text)
    message = messages[turn - 1]
    if not 0 <= start < end <= len(message.text):
        raise ValueError(text)
    return cited_turn(turn, messages) | {"start": start, "end": end}


def cited_turn(turn: int, messages: Sequence[Message]) -> dict[str, Any]:
    """What a verdict keeps of a whole turn, from 1."""
    message = messages[turn - 1]
    return {"turn": turn} | ({"message_id": message.id} if message.id else {})
