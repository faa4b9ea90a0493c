"""What is asked for from a case's transcript: folded turns, hidden turns, words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from reviews import turns
from reviews.permissions import visible_texts
from reviews.services import claims
from reviews.services.finding import find
from reviews.services.page import reading_of
from reviews.services.reading import note, reveal
from reviews.views.cases import case_page
from reviews.views.people import case_for, reviewer
from reviews.views.shown import show_turns, shown
from reviews.visibility import Text
from reviews.windows import Window


@require_safe
def turns_fragment(request: HttpRequest, number: int) -> HttpResponse:
    """Part of a fold, for htmx. It is an opening of the transcript as the page is."""
    user = reviewer(request)
    case = case_for(user, number)
    window = Window.asked_for(request.GET)
    if Text.TRANSCRIPT not in visible_texts(user, case):
        return HttpResponse(status=404)
    reading = reading_of(case, user, lambda hidden: shown(request, number).among(hidden))
    stretches = (
        reading.chunk(
            first=window.first,
            last=window.last,
            around=window.around,
            everything=window.everything,
        )
        if reading
        else []
    )
    opened = next((stretch for stretch in stretches if not stretch.folded), None)
    if opened is None:
        return HttpResponse(status=404)
    details: dict[str, object] = {"turns": [opened.first, opened.last]}
    note(case=case, user=user, action="transcript.opened", details=details)
    held = claims.live_claim(case)
    context = {
        "case": case,
        "case_url": reverse("case", kwargs={"number": number}),
        "stretches": stretches,
        "warning": reading.warning if reading else "",
        "may_cite": held is not None and held.reviewer_id == user.pk,
        "cited": set(),
    }
    return render(request, "reviews/_stretches.html", context)


@require_POST
def reveal_turn(request: HttpRequest, number: int, turn: int) -> HttpResponse:
    """Show one hidden turn; htmx swaps it in, otherwise the page comes again with it."""
    user = reviewer(request)
    found = reveal(case=case_for(user, number), user=user, turns=[turn])
    if not found:
        return HttpResponse(status=404)
    show_turns(request, number, [turn])
    if request.headers.get("HX-Request"):
        context = {
            "parts": found[0][1].parts,
            "number": turn,
            "hide_url": reverse("hide-turn", args=[number, turn]),
        }
        return render(request, "reviews/_revealed.html", context)
    return redirect(_turn_url(number, turn))


def _turn_url(number: int, turn: int) -> str:
    page = reverse("case", args=[number])
    return f"{page}?from={turn}&to={turn + turns.CHUNK - 1}#turn-{turn}"


@require_POST
def reveal_all(request: HttpRequest, number: int) -> HttpResponse:
    """Show all hidden turns."""
    user = reviewer(request)
    if not reveal(case=case_for(user, number), user=user, turns=None):
        return HttpResponse(status=404)
    show_turns(request, number, None)
    return redirect(f"{reverse('case', args=[number])}#transcript")


@require_POST
def find_words(request: HttpRequest, number: int) -> HttpResponse:
    """Say in which turns the words stand. Posted, so that they are in no address and no log."""
    user = reviewer(request)
    case = case_for(user, number)
    found = find(case=case, user=user, query=request.POST.get("find", "")[:200])
    if found is None:
        return HttpResponse(status=404)
    if not request.headers.get("HX-Request"):
        return case_page(request, case, user, found=found)
    context = {"found": found, "case_url": reverse("case", args=[number]), "open_turns": set()}
    return render(request, "reviews/_found.html", context)
