"""A backtest's question as text in an address, so that each of its numbers can be a link. Pure.

An address reaches a few thousand characters; a policy with thresholds of its own for every
category takes some seven hundred of them.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

import msgspec

from policies.backtest import Question

LONGEST: Final = 6_000
#: No question is larger when it is unpacked, in bytes.
_LARGEST: Final = 64_000


class NotAQuestion(ValueError):
    """The text is no question, or one with values out of bounds."""


def spell(question: Question) -> str:
    """*question* in characters that an address may have."""
    packed = zlib.compress(msgspec.json.encode(question), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unspell(text: str) -> Question:
    """The question that *text* spells. Raises :class:`NotAQuestion`."""
    if len(text) > LONGEST:
        raise NotAQuestion("It is too long.")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        plain = zlib.decompressobj().decompress(packed, _LARGEST)
        question = msgspec.json.decode(plain, type=Question)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise NotAQuestion("It cannot be read.") from error
    moments = (question.since, question.until, question.now)
    if any(moment.tzinfo is None for moment in moments) or question.since >= question.until:
        raise NotAQuestion("Its window is none.")
    if any(not 2000 <= moment.year < 2200 for moment in moments):
        raise NotAQuestion("Nobody was asked then.")
    return question
