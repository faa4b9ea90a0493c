"""The inbox of what users said."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.keyset import CursorMismatch, page
from reviews.models import Case, Feedback
from reviews.permissions import check_read_feedback
from reviews.views.people import reviewer

PAGE_SIZE = 50


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Feedback, newest first. The words themselves are not in it: asking for them is recorded."""
    user = reviewer(request)
    check_read_feedback(user)
    listed = (
        Feedback.objects.filter(case__in=Case.objects.listed_for(user))
        .select_related("case", "words")
        .defer("words__comment")
    )
    try:
        found = page(
            listed,
            ordering=["-at", "-id"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to="feedback",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("feedback")
    return render(
        request,
        "reviews/feedback.html",
        {
            "items": found.items,
            "newer_url": _link(found.previous_cursor),
            "older_url": _link(found.next_cursor),
        },
    )


def _link(cursor: str | None) -> str:
    return f"{reverse('feedback')}?cursor={cursor}" if cursor else ""
