"""In which language a page without a login answers."""

from __future__ import annotations

from django.http import HttpRequest

from reviews import languages


def spoken(request: HttpRequest, *, locale: str = "") -> str:
    """The language of whoever asks: chosen on the page, else *locale*, else the browser's."""
    return languages.language_for(
        asked=request.GET.get("lang", ""),
        remembered=request.COOKIES.get(languages.COOKIE, ""),
        locale=locale,
        accepted=request.headers.get("Accept-Language", ""),
    )
