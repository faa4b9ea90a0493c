"""In which language a user reads: what they chose, what their chat said, what their browser says.

A translation that nobody has reviewed is better than none, but not in danger: texts about a
crisis are served in English until somebody who speaks the language has put their name to it in
``locale/reviewed.toml``.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from django.conf import settings
from django.utils.translation import get_language_info, get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

ENGLISH: Final = "en"
COOKIE: Final = "notice_language"
#: A year, in seconds.
COOKIE_AGE: Final = 365 * 24 * 3600


class Translation(NamedTuple):
    """A language, and who has reviewed its texts and when; neither where nobody has."""

    code: str
    name: str
    reviewed_by: str
    reviewed_on: date | None

    @property
    def is_reviewed(self) -> bool:
        """Whether it may be used where somebody may be in danger."""
        return self.code == ENGLISH or self.reviewed_on is not None


@cache
def translations() -> dict[str, Translation]:
    """All languages by code, the one in which the texts are written first."""
    (folder,) = settings.LOCALE_PATHS
    with (folder / "reviewed.toml").open("rb") as file:
        said = tomllib.load(file)
    return {
        code: Translation(
            code, name, said.get(code, {}).get("by", ""), said.get(code, {}).get("on")
        )
        for code, name in settings.LANGUAGES
    }


def is_offered(code: str | None) -> bool:
    """Whether *code* is one of the languages."""
    return code in translations()


def direction_of(code: str) -> str:
    """In which direction the language *code* is written, ``rtl`` or ``ltr``."""
    return "rtl" if get_language_info(code)["bidi"] else "ltr"


def language_for(*, asked: str, remembered: str, locale: str, accepted: str) -> str:
    """The language of a page, from the strongest wish to the weakest; English if none can be met.

    *asked* for in the address, *remembered* in a cookie, the *locale* that the chat service
    reported, and what the browser has *accepted*, its ``Accept-Language``.
    """
    for code in (asked, remembered):
        if is_offered(code):
            return code
    browser = [code for code, _ in parse_accept_lang_header(accepted.lower()[:500])]
    for wanted in (locale.replace("_", "-").lower(), *browser):
        if found := _nearest(wanted):
            return found
    return ENGLISH


def _nearest(wanted: str) -> str:
    try:
        return get_supported_language_variant(wanted) if wanted else ""
    except LookupError:
        return ""


def in_a_crisis(language: str) -> str:
    """The language in which texts about a crisis are served to whoever reads *language*."""
    return language if translations()[language].is_reviewed else ENGLISH
