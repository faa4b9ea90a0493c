"""The pages of the user whose chat was ended. No login: the address itself is the key."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from conversations.models import Cutoff
from conversations.vocabulary import Initiator, Kind, Standing
from reviews.forms import FeedbackForm
from reviews.notices import reason_for
from reviews.services import feedback
from reviews.transitions import PENDING
from reviews.vocabulary import CaseState, Channel

#: A directory of people to talk to, by country; kept by others, free, in many languages.
HELPLINES = "https://findahelpline.com"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")

View = Callable[[HttpRequest, Cutoff], HttpResponse]


def _private(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """A page behind a token: kept by no cache, named to no other site, found by no search engine.

    An unknown token gets the same friendly page whatever was asked for. No check against forgery:
    there is no login to borrow, whoever knows the address may write, and under no-referrer
    browsers send ``Origin: null``, which the check refuses. So it works without cookies too.
    """

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def handle(request: HttpRequest, token: str) -> HttpResponse:
        cutoff = _by_token(token)
        response = (
            view(request, cutoff)
            if cutoff
            else render(request, "reviews/notice_unknown.html", status=404)
        )
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    return handle


def _by_token(token: str) -> Cutoff | None:
    if not _TOKEN.fullmatch(token):
        return None
    cutoffs = Cutoff.objects.select_related("conversation", "case")
    return cutoffs.filter(notice_token=token, kind=Kind.CUTOFF).first()


@_private
@require_safe
def notice(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """Why it ended, and what one can do now."""
    return render(request, "reviews/notice.html", _about(cutoff))


def _about(cutoff: Cutoff) -> dict[str, Any]:
    return {
        "token": cutoff.notice_token,
        "ended_at": cutoff.at,
        "reason": reason_for(initiator=cutoff.initiator, category=cutoff.category),
        "by_itself": cutoff.initiator == Initiator.MODEL,
        "locked": cutoff.conversation.locked,
        "helplines": HELPLINES,
    }


@_private
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
        request, "reviews/notice_feedback.html", _about(cutoff) | {"form": form}, status=status
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


@_private
@require_safe
def thanks(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """It was received."""
    return render(request, "reviews/notice_thanks.html", _about(cutoff))


@_private
@require_safe
def status(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """What came of it."""
    first = cutoff.case.feedback.order_by("at").first()
    return render(
        request,
        "reviews/notice_status.html",
        _about(cutoff)
        | {
            "told_at": first.at if first else None,
            "appealed": cutoff.case.feedback.filter(appeal=True).exists(),
            "pending": cutoff.case.state in PENDING,
            "being_checked": cutoff.case.state in set(PENDING) - {CaseState.SETTLING},
            "overturned": cutoff.standing == Standing.OVERTURNED,
            "upheld": cutoff.standing == Standing.UPHELD,
            "decided_at": cutoff.settled_at,
        },
    )
