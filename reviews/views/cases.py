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
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from conversations.permissions import can_place_hold
from conversations.services import holds
from reviews.forms import VerdictForm
from reviews.models import Case
from reviews.services import canned, claims, danger, replies
from reviews.services.claims import HeldByAnother
from reviews.services.drafting import draft_of
from reviews.services.finding import Found
from reviews.services.lineage import reveal_threads
from reviews.services.page import CasePage, Rail, page_of
from reviews.services.reading import open_case, reveal_feedback
from reviews.services.similar import reveal_similar
from reviews.sight import unknown_to
from reviews.transitions import Forbidden
from reviews.views.notes import notes_context
from reviews.views.people import case_for, reviewer
from reviews.views.shown import shown
from reviews.visibility import Text
from reviews.windows import Window


@require_safe
def case(request: HttpRequest, number: int) -> HttpResponse:
    """Everything about one case on one page."""
    user = reviewer(request)
    found = case_for(user, number)
    if found.number != number:
        # One number at a time: that of a gold case is another for the one to whom it was dealt.
        return redirect(f"{reverse('case', args=[found.number])}?{request.GET.urlencode()}")
    return case_page(request, found, user)


@require_safe
def case_of(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """On to the case of a cutoff that other parts of Recourse know by its id alone."""
    user = reviewer(request)
    known = Case.objects.without(unknown_to(user))
    found = get_object_or_404(known.only("number"), pk=pk)
    return redirect("case", number=found.number)


def case_page(
    request: HttpRequest,
    case: Case,
    user: User,
    *,
    form: VerdictForm | None = None,
    found: Found | None = None,
) -> HttpResponse:
    """Render the case; with *form* where a verdict was refused, at 422; with what was *found*."""
    opened = open_case(case=case, user=user)
    asked = shown(request, case.number)
    page = page_of(
        opened,
        user=user,
        revealed=asked.among(opened.hidden),
        severity_shown="severity" in asked.asked,
    )
    draft = None
    if page.rail == Rail.DECIDE and form is None:
        draft = draft_of(case=case, user=user)
        written = draft.content if draft else {}
        form = VerdictForm(
            case=case, messages=opened.messages, initial=written | {"key": uuid.uuid4()}
        )
    context = (
        _context(page, form)
        | _turns(page, Window.asked_for(request.GET))
        | _asked_for(asked.asked, case, user)
        | _beside(page, user, form)
        | {"found": found, "draft": draft}
    )
    return render(
        request, "reviews/case.html", context, status=422 if form and form.errors else 200
    )


def _context(page: CasePage, form: VerdictForm | None) -> dict[str, Any]:
    opened = page.opened
    alarms = [] if opened.case.exercise else danger.alarms_of(opened.case)
    return {
        "alarms": alarms,
        "reopened_in_danger": any(alarm.reopened for alarm in alarms),
        "page": page,
        "opened": opened,
        "case": opened.case,
        "case_url": reverse("case", kwargs={"number": opened.case.number}),
        "form": form,
        "may_see_transcript": Text.TRANSCRIPT in opened.shows,
        "may_see_feedback": Text.FEEDBACK in opened.shows,
        "may_cite": form is not None,
        "cited": form.cited if form else set(),
        "undo_seconds": settings.UNDO_SECONDS,
    }


def _turns(page: CasePage, window: Window) -> dict[str, Any]:
    reading = page.reading
    if reading is None:
        return {
            "stretches": [],
            "jumps": [],
            "concealed": 0,
            "revealed": False,
            "open_turns": set(),
        }
    stretches = reading.stretches(
        first=window.first, last=window.last, everything=window.everything
    )
    return {
        "stretches": stretches,
        "jumps": reading.jumps(),
        "revealed": bool(reading.revealed),
        "concealed": len(reading.hidden - reading.revealed),
        "open_turns": {turn.number for stretch in stretches for turn in stretch.turns},
    }


def _asked_for(asked: frozenset[str], case: Case, user: User) -> dict[str, Any]:
    """What stands folded, where it was asked for; None where not."""
    return {
        "feedback": reveal_feedback(case=case, user=user) if "feedback" in asked else None,
        "threads": reveal_threads(case=case, user=user) if "threads" in asked else None,
        "similar": reveal_similar(case=case, user=user) if "similar" in asked else None,
    }


def _beside(page: CasePage, user: User, form: VerdictForm | None) -> dict[str, Any]:
    """What stands beside the case and has a clock, or a person's own texts, in it."""
    opened, now = page.opened, timezone.now()
    case = opened.case
    return notes_context(opened, user, now) | {
        "may_reply": form is None and replies.can_write(case, user),
        "undo_is_over": page.undo_until is not None and page.undo_until <= now,
        "holds": holds.on(cutoff=case.cutoff, now=now) if can_place_hold(user) else None,
        "canned": canned.offered(user, form.codes) if form else [],
    }


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
        said = _("%(case)s is free for others again.") % {"case": found.label}
        messages.success(request, said)
    return redirect("queue")


@require_POST
def heartbeat(request: HttpRequest, number: int) -> HttpResponse:
    """Renew the lease: 204 with ``Lease-Until``, or 409 where it is lost."""
    user = reviewer(request)
    renewed = claims.heartbeat(case=case_for(user, number), user=user)
    if renewed is None:
        words = _("You no longer hold this case.")
        return HttpResponse(words, status=409, content_type="text/plain; charset=utf-8")
    return HttpResponse(status=204, headers={"Lease-Until": renewed.expires_at.isoformat()})
