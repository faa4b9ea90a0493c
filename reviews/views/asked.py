"""What stands folded beside a case until it is asked for, each asking a line in the ledger.

With htmx it is swapped in; otherwise the page comes again with it.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from reviews.permissions import visible_texts
from reviews.services.lineage import reveal_threads
from reviews.services.page import severity_row
from reviews.services.reading import reveal_feedback, reveal_severity
from reviews.services.similar import reveal_similar
from reviews.views.people import case_for, reviewer
from reviews.views.shown import show
from reviews.visibility import Text


@require_POST
def show_what_the_user_said(request: HttpRequest, number: int) -> HttpResponse:
    """Show the user's feedback."""
    user = reviewer(request)
    case = case_for(user, number)
    if Text.FEEDBACK not in visible_texts(user, case):
        return HttpResponse(status=404)
    show(request, number, "feedback")
    if not request.headers.get("HX-Request"):
        return _back(number, "feedback")
    feedback = reveal_feedback(case=case, user=user)
    return render(request, "reviews/_feedback.html", {"feedback": feedback})


@require_POST
def show_severity(request: HttpRequest, number: int) -> HttpResponse:
    """Show the severity that the service reported, before one's own is in."""
    user = reviewer(request)
    case = case_for(user, number)
    if Text.NUMBERS not in visible_texts(user, case):
        return HttpResponse(status=404)
    reveal_severity(case=case, user=user)
    show(request, number, "severity")
    row = severity_row(case) if request.headers.get("HX-Request") else None
    if row is None:
        return _back(number, "conformance")
    context: dict[str, Any] = {"case": case, "row": row}
    return render(request, "reviews/_criterion.html", context)


@require_POST
def show_similar(request: HttpRequest, number: int) -> HttpResponse:
    """Show cases like this one, and how they were decided."""
    user = reviewer(request)
    case = case_for(user, number)
    if Text.TRANSCRIPT not in visible_texts(user, case):
        return HttpResponse(status=404)
    show(request, number, "similar")
    if not request.headers.get("HX-Request"):
        return _back(number, "similar")
    context = {"similar": reveal_similar(case=case, user=user)}
    return render(request, "reviews/_similar.html", context)


@require_POST
def show_other_threads(request: HttpRequest, number: int) -> HttpResponse:
    """Show the subject's other threads."""
    user = reviewer(request)
    case = case_for(user, number)
    if Text.NUMBERS not in visible_texts(user, case):
        return HttpResponse(status=404)
    show(request, number, "threads")
    if not request.headers.get("HX-Request"):
        return _back(number, "threads")
    context = {
        "threads": reveal_threads(case=case, user=user),
        "subject": case.cutoff.conversation.subject,
    }
    return render(request, "reviews/_threads.html", context)


def _back(number: int, what: str) -> HttpResponse:
    return redirect(f"{reverse('case', args=[number])}#{what}")
