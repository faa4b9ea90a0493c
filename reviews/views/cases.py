"""The case page and what is asked for from it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from conversations.permissions import can_place_hold
from conversations.services import holds
from reviews import summaries, turns
from reviews.forms import VerdictForm
from reviews.models import Case
from reviews.permissions import visible_texts
from reviews.services import claims
from reviews.services.claims import HeldByAnother
from reviews.services.lineage import reveal_threads
from reviews.services.page import CasePage, Rail, page_of, reading_of
from reviews.services.reading import note, open_case, reveal, reveal_feedback
from reviews.transitions import Forbidden
from reviews.views.people import case_for, reviewer
from reviews.views.shown import show_feedback, show_turns, shown
from reviews.visibility import Text


@require_safe
def case(request: HttpRequest, number: int) -> HttpResponse:
    """Everything about one case on one page."""
    user = reviewer(request)
    found = case_for(user, number)
    return case_page(request, found, user)


@require_safe
def case_of(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """On to the case of a cutoff that other parts of Recourse know by its id alone."""
    user = reviewer(request)
    found = get_object_or_404(Case.objects.listed_for(user).only("number"), pk=pk)
    return redirect("case", number=found.number)


def case_page(
    request: HttpRequest, case: Case, user: User, *, form: VerdictForm | None = None
) -> HttpResponse:
    """Render the case; with *form* where a verdict was refused, at 422."""
    opened = open_case(case=case, user=user)
    asked = shown(request, case.number)
    page = page_of(opened, user=user, revealed=asked.among(opened.hidden))
    if page.rail == Rail.DECIDE and form is None:
        form = VerdictForm(case=case, messages=opened.messages, initial={"key": uuid.uuid4()})
    first, last = _asked_for(request)
    stretches = page.reading.stretches(first=first, last=last) if page.reading else []
    feedback = reveal_feedback(case=case, user=user) if asked.feedback else None
    threads = reveal_threads(case=case, user=user) if asked.threads else None
    now = timezone.now()
    context = _context(page, form) | {
        "threads": threads,
        "undo_is_over": case.settle_at is not None and case.settle_at <= now,
        "holds": holds.on(cutoff=case.cutoff, now=now) if can_place_hold(user) else None,
        "stretches": stretches,
        "open_turns": {turn.number for stretch in stretches for turn in stretch.turns},
        "feedback": feedback,
    }
    return render(
        request, "reviews/case.html", context, status=422 if form and form.errors else 200
    )


def _context(page: CasePage, form: VerdictForm | None) -> dict[str, Any]:
    opened = page.opened
    return {
        "page": page,
        "opened": opened,
        "case": opened.case,
        "case_url": reverse("case", kwargs={"number": opened.case.number}),
        "form": form,
        "summary": page.summary,
        "conformance": summaries.table(
            opened.conformance,
            folded=opened.folded,
            expired=opened.case.cutoff.signals_expired_at is not None,
        )
        if opened.conformance
        else [],
        "jumps": page.reading.jumps() if page.reading else [],
        "concealed": bool(page.reading and page.reading.hidden - page.reading.revealed),
        "may_see_transcript": Text.TRANSCRIPT in opened.shows,
        "may_see_feedback": Text.FEEDBACK in opened.shows,
        "may_cite": form is not None,
        "cited": form.cited if form else set(),
        "undo_seconds": settings.UNDO_SECONDS,
    }


def _asked_for(request: HttpRequest) -> tuple[int, int]:
    """The turns ``?from=&to=`` that are to be open; (0, 0) for none."""
    first, last = request.GET.get("from", ""), request.GET.get("to", "")
    if not (_is_number(first) and _is_number(last)):
        return 0, 0
    return int(first), int(last)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7


@require_safe
def turns_fragment(request: HttpRequest, number: int) -> HttpResponse:
    """The next turns of a fold, for htmx. It is an opening of the transcript as the page is."""
    user = reviewer(request)
    found = case_for(user, number)
    first, last = _asked_for(request)
    if Text.TRANSCRIPT not in visible_texts(user, found):
        return HttpResponse(status=404)
    reading = reading_of(found, user, lambda hidden: shown(request, number).among(hidden))
    stretches = reading.chunk(first=first, last=last) if reading else []
    if not stretches:
        return HttpResponse(status=404)
    note(
        case=found,
        user=user,
        action="transcript.opened",
        details={"turns": [stretches[0].first, stretches[0].last]},
    )
    held = claims.live_claim(found)
    context = {
        "case": found,
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
    found = case_for(user, number)
    revealed = reveal(case=found, user=user, turns=[turn])
    if not revealed:
        return HttpResponse(status=404)
    show_turns(request, number, [turn])
    if request.headers.get("HX-Request"):
        return render(request, "reviews/_revealed.html", {"parts": revealed[0][1].parts})
    return redirect(_turn_url(number, turn))


def _turn_url(number: int, turn: int) -> str:
    return f"{reverse('case', args=[number])}?from={turn}&to={turn + turns.CHUNK - 1}#t{turn}"


@require_POST
def reveal_all(request: HttpRequest, number: int) -> HttpResponse:
    """Show all hidden turns."""
    user = reviewer(request)
    if not reveal(case=case_for(user, number), user=user, turns=None):
        return HttpResponse(status=404)
    show_turns(request, number, None)
    return redirect(f"{reverse('case', args=[number])}#transcript")


@require_POST
def show_what_the_user_said(request: HttpRequest, number: int) -> HttpResponse:
    """Show the user's feedback."""
    user = reviewer(request)
    found = case_for(user, number)
    if Text.FEEDBACK not in visible_texts(user, found):
        return HttpResponse(status=404)
    show_feedback(request, number)
    if request.headers.get("HX-Request"):
        feedback = reveal_feedback(case=found, user=user)
        return render(request, "reviews/_feedback.html", {"feedback": feedback})
    return redirect(f"{reverse('case', args=[number])}#feedback")


@require_POST
def claim(request: HttpRequest, number: int) -> HttpResponse:
    """Claim this case."""
    user = reviewer(request)
    try:
        claims.claim(case=case_for(user, number), user=user)
    except (HeldByAnother, Forbidden) as refused:
        messages.warning(request, str(refused))
    return redirect("case", number=number)


@require_POST
def release(request: HttpRequest, number: int) -> HttpResponse:
    """Give it back and return to the queue."""
    user = reviewer(request)
    found = case_for(user, number)
    if claims.release(case=found, user=user):
        messages.success(request, f"{found.label} is free for others again.")
    return redirect("queue")


@require_POST
def heartbeat(request: HttpRequest, number: int) -> HttpResponse:
    """Renew the lease: 204 with ``Lease-Until``, or 409 where it is lost."""
    user = reviewer(request)
    renewed = claims.heartbeat(case=case_for(user, number), user=user)
    if renewed is None:
        return HttpResponse("You no longer hold this case.", status=409, content_type="text/plain")
    return HttpResponse(status=204, headers={"Lease-Until": renewed.expires_at.isoformat()})
