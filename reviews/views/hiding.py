"""Hiding again what one has asked to see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from reviews.permissions import visible_texts
from reviews.services.page import reading_of
from reviews.views.people import case_for, reviewer
from reviews.views.shown import hide_turns, shown
from reviews.visibility import Text


@require_POST
def hide_turn(request: HttpRequest, number: int, turn: int) -> HttpResponse:
    """Hide one turn again; htmx swaps the veil in, otherwise the page comes again."""
    user = reviewer(request)
    case = case_for(user, number)
    if Text.TRANSCRIPT not in visible_texts(user, case):
        return HttpResponse(status=404)
    reading = reading_of(case, user, lambda hidden: shown(request, number).among(hidden) - {turn})
    if reading is None or turn not in reading.hidden:
        return HttpResponse(status=404)
    hide_turns(request, number, reading.revealed)
    if request.headers.get("HX-Request"):
        return render(
            request,
            "components/hidden_text.html",
            {
                "turn": turn,
                "what": reading.warning,
                "degree": "",
                "action": reverse("reveal-turn", args=[number, turn]),
                "veil": reading.turn(turn).veil,
            },
        )
    return redirect(f"{reverse('case', args=[number])}?from={turn}&to={turn}#turn-{turn}")


@require_POST
def hide_all(request: HttpRequest, number: int) -> HttpResponse:
    """Hide everything again that was asked for."""
    user = reviewer(request)
    case_for(user, number)
    hide_turns(request, number, frozenset())
    return redirect(f"{reverse('case', args=[number])}#transcript")
