"""What is asked for beside a case: the subject's other threads."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from reviews.permissions import visible_texts
from reviews.services.lineage import reveal_threads
from reviews.views.people import case_for, reviewer
from reviews.views.shown import show_threads
from reviews.visibility import Text


@require_POST
def show_other_threads(request: HttpRequest, number: int) -> HttpResponse:
    """Show the subject's other threads; htmx swaps them in, otherwise the page comes with them."""
    user = reviewer(request)
    found = case_for(user, number)
    if Text.NUMBERS not in visible_texts(user, found):
        return HttpResponse(status=404)
    show_threads(request, number)
    if request.headers.get("HX-Request"):
        context = {
            "threads": reveal_threads(case=found, user=user),
            "subject": found.cutoff.conversation.subject,
        }
        return render(request, "reviews/_threads.html", context)
    return redirect(f"{reverse('case', args=[number])}#threads")
