"""Labels within sentences."""

from __future__ import annotations

from django import template

from reviews.phrases import PHRASES, within

register = template.Library()


@register.filter
def phrase(value: str, kind: str) -> str:
    """``{{ verdict.remedy|phrase:"remedy" }}``: as it stands within a sentence; empty of nothing.

    *kind* is one of the keys of ``reviews.phrases.PHRASES``.
    """
    return within(PHRASES[kind], value) if value else ""
