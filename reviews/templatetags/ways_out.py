"""What the page of a case offers beside a verdict."""

from __future__ import annotations

from typing import Any

from django import forms, template

from reviews.services.takeover import can_take_over
from reviews.services.ways_out import Elsewhere, elsewhere_of
from reviews.ways_out_forms import ANSWER, FOR_THE_HOLDER, RETURN, TAKE_OVER, Way

register = template.Library()


@register.simple_tag(takes_context=True)
def elsewhere(context: dict[str, Any]) -> Elsewhere:
    """Where the case of the page is when nobody decides it."""
    opened = context["opened"]
    return elsewhere_of(
        case=opened.case, user=context["request"].user, shows=opened.shows, blind=opened.blind
    )


@register.simple_tag(takes_context=True)
def ways(context: dict[str, Any], found: Elsewhere) -> list[tuple[Way, forms.Form]]:
    """The ways out that the reader of the page has now, each with its empty form."""
    rail, user = context["page"].rail, context["request"].user
    offered: tuple[Way, ...] = ()
    if rail == "decide":
        offered = FOR_THE_HOLDER
    elif rail == "held" and can_take_over(user):
        offered = (TAKE_OVER,)
    elif found.may_answer:
        offered = (ANSWER, RETURN)
    # Ids of their own: the page has other forms with fields of these names.
    return [(way, way.form(auto_id=f"{way.slug}_%s")) for way in offered]
