"""One's own settings about the work, and the pause that is suggested."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import user_of
from reviews.care_forms import SECTIONS
from reviews.permissions import can_decide, reads_text
from reviews.services.care import Pause, care_of, change_care, suggested_pause

#: A suggestion that was put off comes again after so long, if it still holds.
PUT_OFF: Final = timedelta(minutes=15)
_KEY: Final = "no_pause_before"

_SAVED = {
    "hidden": _("Saved: what is hidden from you."),
    "dealt": _("Saved: what you are dealt."),
    "pauses": _("Saved: when a pause is suggested."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def care(request: HttpRequest) -> HttpResponse:
    """What is hidden from one, what one is dealt, and when a pause is suggested."""
    user = user_of(request)
    if not reads_text(user):
        raise PermissionDenied(_("These settings are for those who read conversations."))
    sent = request.POST.get("section") if request.method == "POST" else None
    # A copy for each: a refused section must not reach into the others.
    forms = {
        name: form(request.POST if name == sent else None, instance=copy(care_of(user)))
        for name, form in SECTIONS.items()
    }
    if sent in forms and forms[sent].is_valid():
        change_care(user=user, wanted=forms[sent].instance)
        messages.success(request, _SAVED[sent])
        return redirect("care")
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "reviews/care.html", forms, status=status)


@require_safe
def pause(request: HttpRequest) -> HttpResponse:
    """The suggestion of a pause, for the sidebar; empty where none would do good now."""
    user, now = user_of(request), timezone.now()
    why = suggested_pause(user, now) if can_decide(user) and not _put_off(request, now) else None
    return render(request, "reviews/_pause.html", {"severe": why == Pause.SEVERE, "why": why})


def _put_off(request: HttpRequest, now: datetime) -> bool:
    until = request.session.get(_KEY)
    return until is not None and now < datetime.fromisoformat(until)


@require_POST
def put_off_pause(request: HttpRequest) -> HttpResponse:
    """Leave one alone for a quarter of an hour. Only the browser's session knows."""
    request.session[_KEY] = (timezone.now() + PUT_OFF).isoformat()
    if request.headers.get("HX-Request"):
        return HttpResponse()
    return redirect("queue")
