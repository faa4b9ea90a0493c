"""The pages beside the cases: questions to teams, the end of a shift, and what is unclear."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.keyset import CursorMismatch, Page, page
from reviews.models import Case, Escalation, UnclearSignal
from reviews.permissions import check_decide, check_read_unclear
from reviews.services import escalating, shifts, skipping
from reviews.services.qualifications import areas_of
from reviews.services.seen import as_seen
from reviews.sight import open_to
from reviews.transitions import Forbidden
from reviews.views.people import reviewer
from reviews.vocabulary import Area

PAGE_SIZE = 50
#: What one asked oneself, the latest.
ASKED = 20


@require_safe
def escalations(request: HttpRequest) -> HttpResponse:
    """The questions to one's teams, the most urgent first, and what one asked oneself."""
    user, now = reviewer(request), timezone.now()
    wanted = request.GET.get("team", "")
    area = Area(wanted) if wanted in Area.values else None
    try:
        found: Page[Escalation] = page(
            escalating.waiting_for(user, area),
            ordering=["due_at"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to=wanted,
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("escalations")
    asked = list(escalating.asked_by(user).order_by("-asked_at", "-id")[:ASKED])
    keys = [one.case_id for one in asked]
    in_sight = Case.objects.filter(open_to(user), pk__in=keys).values_list("pk", flat=True)
    context = {
        "rows": found.items,
        "teams": sorted(areas_of(user)),
        "team": area,
        "asked": asked,
        "in_sight": set(in_sight) if keys else set(),
        "now": now,
        "newer_url": _link("escalations", found.previous_cursor, team=wanted),
        "older_url": _link("escalations", found.next_cursor, team=wanted),
    }
    return render(request, "reviews/escalations.html", context)


def _link(name: str, cursor: str | None, **plain: str) -> str:
    if not cursor:
        return ""
    return reverse(name, query={"cursor": cursor} | {key: one for key, one in plain.items() if one})


@require_http_methods(["GET", "HEAD", "POST"])
def end_of_shift(request: HttpRequest) -> HttpResponse:
    """What one has in hand and what becomes of it; POST ends the shift."""
    user, now = reviewer(request), timezone.now()
    check_decide(user)
    if request.method == "POST":
        if shifts.end_shift(user=user, now=now):
            messages.success(request, _("Nothing is in your hands any more. Rest well."))
        return redirect("end-of-shift")
    held = shifts.held_by_person(user=user)
    as_seen([claim.case for claim in held.claims], user=user)
    context = {
        "held": held,
        "ended": shifts.last_end(user=user, now=now),
        "undo_minutes": int(shifts.UNDO_FOR.total_seconds() // 60),
    }
    return render(request, "reviews/end_of_shift.html", context)


@require_POST
def undo_end_of_shift(request: HttpRequest) -> HttpResponse:
    """Take it back, as far as nobody has taken the cases."""
    user = reviewer(request)
    try:
        back, of = shifts.undo_end(user=user, now=timezone.now())
    except Forbidden as refused:
        messages.warning(request, str(refused))
    else:
        said = ngettext(
            "%(back)d of %(of)d case is in your hands again.",
            "%(back)d of %(of)d cases are in your hands again.",
            of,
        )
        messages.success(request, said % {"back": back, "of": of})
    return redirect("end-of-shift")


@require_safe
def unclear(request: HttpRequest) -> HttpResponse:
    """Where the policy is unclear: counts by category and version, and the latest signals."""
    user, now = reviewer(request), timezone.now()
    check_read_unclear(user)
    listed = UnclearSignal.objects.filter(case__in=Case.objects.listed_for(user))
    try:
        found: Page[UnclearSignal] = page(
            listed.select_related("case", "reviewer"),
            ordering=["-at"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to="",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("unclear")
    context = {
        "counts": skipping.unclear_counts(user=user, now=now),
        "days": skipping.COUNTED_FOR.days,
        "rows": found.items,
        "newer_url": _link("unclear", found.previous_cursor),
        "older_url": _link("unclear", found.next_cursor),
    }
    return render(request, "reviews/unclear.html", context)
