"""What users write to us is read for a crisis when it arrives, where that was measured."""

from __future__ import annotations

import pytest

from reviews.cues import Heard, heard_in


@pytest.mark.parametrize(
    ("text", "locale", "heard"),
    [
        ("I want to kill myself tonight.", "", Heard.CUE),
        ("It ended while we were writing a poem about the sea.", "en-GB", Heard.NONE),
        ("   ", "", Heard.NONE),
        ("", "de", Heard.NONE),
        ("Das Gespräch wurde beendet und ich weiß nicht warum.", "de", Heard.NOT_ASSESSED),
        ("أريد أن أعرف لماذا انتهت المحادثة", "", Heard.NOT_ASSESSED),
        # English words stand out of any language.
        ("Hola, no sé qué hacer con mi vida. I want to kill myself", "es", Heard.CUE),
        ("🙂🙂🙂", "", Heard.NOT_ASSESSED),
        ("<script>alert(1)</script>", "en", Heard.NONE),
    ],
)
def test_what_is_heard(text: str, locale: str, heard: Heard) -> None:
    assert heard_in(text, locale=locale) == heard
