"""The pages of the user whose chat was ended. No login: the address itself is the key."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from conversations.models import Cutoff
from conversations.vocabulary import Initiator, Kind
from reviews.notices import reason_for

#: A directory of people to talk to, by country; kept by others, free, in many languages.
HELPLINES = "https://findahelpline.com"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")

View = Callable[[HttpRequest, Cutoff], HttpResponse]


def private(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
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


@private
@require_safe
def notice(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """Why it ended, and what one can do now."""
    return render(request, "reviews/notice.html", about(cutoff))


def about(cutoff: Cutoff) -> dict[str, Any]:
    """What each of the user's pages says of *cutoff*."""
    return {
        "token": cutoff.notice_token,
        "ended_at": cutoff.at,
        "reason": reason_for(initiator=cutoff.initiator, category=cutoff.category),
        "by_itself": cutoff.initiator == Initiator.MODEL,
        "locked": cutoff.conversation.locked,
        "helplines": HELPLINES,
    }
