"""What every page of the user's has: its languages, and whom to talk to."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.utils import translation

from reviews.languages import direction_of, in_a_crisis
from reviews.support import DIRECTORY, lines_of

register = template.Library()


@register.inclusion_tag("reviews/_languages.html")
def language_links() -> dict[str, Any]:
    """A link to the same page in each of the languages."""
    here = translation.get_language()
    return {
        "languages": [
            {
                "code": code,
                "name": name,
                "direction": direction_of(code),
                "current": code == here,
            }
            for code, name in settings.LANGUAGES
        ]
    }


@register.inclusion_tag("reviews/_danger.html")
def danger() -> dict[str, Any]:
    """What to do in danger, before anything is written."""
    return _spoken()


@register.inclusion_tag("reviews/_support.html")
def support(country: str, minor: bool) -> dict[str, Any]:
    """Whom to call."""
    return _spoken() | {
        "lines": lines_of(country, minor=minor),
        "directory": DIRECTORY,
        "minor": minor,
    }


def _spoken() -> dict[str, str]:
    """A language in which somebody has reviewed what is said in danger."""
    language = in_a_crisis(translation.get_language() or "")
    return {"language": language, "direction": direction_of(language)}
