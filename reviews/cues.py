"""Whether what a user writes to us sounds like a crisis, as soon as it arrives.

The detector was measured for English (docs/evidence.md). In any other language its phrases alone
are looked for, which are English too: where none is found nothing is known, which is not none.
"""

from __future__ import annotations

from enum import StrEnum

from conversations import crisis, languages
from conversations.evidence import MEASURED_LANGUAGES


class Heard(StrEnum):
    """What was found in a text."""

    CUE = "cue"
    NONE = "none"
    NOT_ASSESSED = "not_assessed"


def heard_in(text: str, *, locale: str = "") -> Heard:
    """Read what one person wrote. *locale* is asked where it is too short to tell its language."""
    if not text.strip():
        return Heard.NONE
    measured = languages.detect(text, locale=locale) in MEASURED_LANGUAGES
    if measured:
        return Heard.CUE if crisis.is_cue(text) else Heard.NONE
    return Heard.CUE if crisis.matches_pattern(crisis.words(text)) else Heard.NOT_ASSESSED
