"""The pages of the user whose chat was ended. No login: the address itself is the key."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from conversations.models import Cutoff
from conversations.vocabulary import Initiator, Kind
from reviews import languages
from reviews.notices import MINOR
from reviews.services import texts
from reviews.services.notice_opened import note_opened
from reviews.services.notices import kinds_met_as, stored_conformance
from reviews.services.public_face import face_of
from reviews.services.statements import statement_for_user
from reviews.views.spoken import spoken

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Asked for in place of what cannot be a token: the database does the same work for each.
_NOBODYS = "-"

View = Callable[[HttpRequest, Cutoff], HttpResponse]


def private(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """A page behind a token: kept by no cache, named to no other site, found by no search engine.

    It is in the reader's language. A token that is unknown, revoked or cut short gets the same
    friendly page whatever was asked for, and takes the same work. No check against forgery: there
    is no login to borrow, whoever knows the address may write, and under no-referrer browsers send
    ``Origin: null``, which the check refuses. So it works without cookies too.
    """

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def handle(request: HttpRequest, token: str) -> HttpResponse:
        cutoff = _by_token(token)
        asked = request.GET.get("lang", "")
        language = spoken(request, locale=cutoff.locale if cutoff else "")
        with translation.override(language):
            response = (
                view(request, cutoff)
                if cutoff
                else render(request, "reviews/notice_unknown.html", status=404)
            )
        if languages.is_offered(asked):
            _remember(response, asked)
        response["Content-Language"] = language
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    return handle


def _remember(response: HttpResponse, language: str) -> None:
    """Keep the language that was chosen, for the user's pages alone."""
    response.set_cookie(
        languages.COOKIE,
        language,
        max_age=languages.COOKIE_AGE,
        path=reverse("notice", args=["-"]).removesuffix("-"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _by_token(token: str) -> Cutoff | None:
    asked = token if _TOKEN.fullmatch(token) else _NOBODYS
    cutoffs = Cutoff.objects.select_related("conversation", "case")
    return cutoffs.filter(notice_token=asked, kind=Kind.CUTOFF).first()


@private
@require_safe
def notice(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """Why it ended, and what one can do now."""
    if request.method == "GET":
        note_opened(cutoff=cutoff, now=timezone.now())
    told = about(cutoff)
    category = told["face"].category
    stored = stored_conformance([cutoff.pk]).get(cutoff.pk)
    met = kinds_met_as(stored, category=category)
    words = texts.told_of(cutoff, category=category)
    return render(request, "reviews/notice.html", told | {"met": met, "words": words})


@private
@require_safe
def statement(request: HttpRequest, cutoff: Cutoff) -> HttpResponse:
    """The reasons in full, once nobody is to look any more."""
    told = about(cutoff)
    found = statement_for_user(cutoff=cutoff, shown=told["face"])
    return render(request, "reviews/notice_statement.html", told | {"statement": found})


def about(cutoff: Cutoff) -> dict[str, Any]:
    """What each of the user's pages says of *cutoff*. What came of it is its ``face``."""
    minor = cutoff.age_band == MINOR
    shown = face_of(cutoff, cutoff.case)
    return {
        "token": cutoff.notice_token,
        "ended_at": cutoff.at,
        "face": shown,
        "by_user": cutoff.initiator == Initiator.USER,
        "locked": cutoff.conversation.locked,
        "minor": minor,
        "country": cutoff.country,
    }
