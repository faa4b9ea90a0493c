"""The inbox of what users said."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.keyset import CursorMismatch, page
from reviews.feedback_forms import InboxFilter
from reviews.permissions import check_read_feedback
from reviews.services.breaches import breaches
from reviews.services.inbox import lines, listed_for
from reviews.services.surprise import RATE_WINDOW, crises_missed, surprise
from reviews.views.people import reviewer

PAGE_SIZE = 50


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Feedback, newest first. The words themselves are not in it: asking for them is recorded."""
    user = reviewer(request)
    check_read_feedback(user)
    form = InboxFilter(request.GET)
    form.is_valid()
    wanted = {name: said for name, said in form.cleaned_data.items() if said}
    kept = urlencode(sorted(wanted.items()))
    try:
        found = page(
            listed_for(user, wanted),
            ordering=["-at", "-id"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to=f"feedback?{kept}",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect(f"{reverse('feedback')}?{kept}" if kept else "feedback")
    return render(
        request,
        "reviews/feedback.html",
        {
            "form": form,
            "clear_url": reverse("feedback") if wanted else "",
            "lines": lines(found.items, user),
            **_surprise(),
            "missed": crises_missed(now=timezone.now()),
            "breaches": breaches(now=timezone.now()),
            "days": RATE_WINDOW.days,
            "newer_url": _link(found.previous_cursor, kept),
            "older_url": _link(found.next_cursor, kept),
        },
    )


def _surprise() -> dict[str, Any]:
    told = surprise(now=timezone.now())
    found = told.found
    shares = (found.rate.estimate or 0.0, found.rate.low, found.rate.high)
    names = ("estimate", "low", "high")
    shown = {name: f"{100 * share:.1f} %" for name, share in zip(names, shares, strict=True)}
    return {"surprise": found, "capped": told.capped, **shown}


def _link(cursor: str | None, kept: str) -> str:
    return f"{reverse('feedback')}?{kept}&cursor={cursor}" if cursor else ""
