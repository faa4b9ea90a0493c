"""What a user says of a cutoff, and what came of it: form, receipt and status. No login."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from conversations.models import Cutoff
from reviews.forms import FeedbackForm
from reviews.notices import Review
from reviews.services import feedback
from reviews.views.notices import about, private
from reviews.vocabulary import Channel


@private
@require_http_methods(["GET", "HEAD", "POST"])
def feedback_form(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """Say that it surprised one, and ask for another look."""
    form = FeedbackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            # A program that fills every field is thanked like anybody, and nothing is kept.
            if not form.from_a_program:
                _submit(cutoff, form)
            return redirect("notice-thanks", token=str(cutoff.notice_token))
        except ValidationError as error:
            form.add_error(None, error)
    status = 422 if form.errors else 200
    return render(
        request, "reviews/notice_feedback.html", about(cutoff) | {"form": form}, status=status
    )


def _submit(cutoff: Cutoff, form: FeedbackForm) -> None:
    sent = form.cleaned_data
    feedback.submit(
        cutoff=cutoff,
        surprised=sent["surprised"],
        reason=sent["reason"],
        comment=sent["comment"],
        appeal=sent["appeal"],
        channel=Channel.NOTICE,
        now=timezone.now(),
    )


@private
@require_safe
def thanks(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """It was received."""
    return render(request, "reviews/notice_thanks.html", about(cutoff))


@private
@require_safe
def status(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """What came of it."""
    first = cutoff.case.feedback.order_by("at").first()
    told = about(cutoff)
    shown = told["face"]
    return render(
        request,
        "reviews/notice_status.html",
        told
        | {
            "told_at": first.at if first else None,
            "appealed": cutoff.case.feedback.filter(appeal=True).exists(),
            "pending": shown.review == Review.PENDING,
            "overturned": shown.review == Review.OVERTURNED,
            "upheld": shown.review == Review.UPHELD,
            "decided_at": shown.decided_at,
        },
    )
