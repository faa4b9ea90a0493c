"""Words and addresses that only the pages of cases need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.template import Context
from django.utils.translation import gettext

from conversations.transcripts import Part
from conversations.vocabulary import Remedy
from reviews.turns import LAST_OPEN
from reviews.vocabulary import PLAIN_REASONS, Judgement, ReasonCode

register = template.Library()

_KEYS: dict[str, str] = {
    Judgement.UPHOLD: "u",
    Judgement.OVERTURN: "o",
    Judgement.RIGHT_TO_CONTINUE: "u",
    Judgement.SHOULD_HAVE_ENDED: "o",
    Remedy.REOPEN: "r",
    Remedy.KEEP_LOCKED: "l",
}


@register.simple_tag(takes_context=True)
def turn_href(context: Context, number: int) -> str:
    """The way to a turn: within the page, or to the page that has it unfolded."""
    if number in context["open_turns"]:
        return f"#turn-{number}"
    first = max(1, number - LAST_OPEN)
    return f"{context['case_url']}?from={first}&to={number + LAST_OPEN}#turn-{number}"


@register.filter
def translated(parts: Iterable[Part]) -> bool:
    """Whether the service sent a translation of what was said, to stand beside it."""
    return {"text", "translation"} <= {part.kind for part in parts}


@register.filter
def decision_key(value: Any) -> str:
    """The key that chooses a decision or a remedy."""
    return _KEYS[str(value)]


@register.filter
def reason_label(code: str) -> str:
    """A reviewer's reason in words."""
    return str(ReasonCode(code).label)


@register.filter
def plain_reason(code: str) -> str:
    """A reason as the user chose it."""
    return gettext(PLAIN_REASONS[ReasonCode(code)])
