"""Legal holds: the list, placing, extending and releasing. For those alone who may place one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.keyset import CursorMismatch, page
from accounts.models import User
from conversations.models import LegalHold
from conversations.permissions import check_place_hold
from conversations.services import holds
from reviews.hold_forms import ExtendForm, HoldForm
from reviews.services import holding
from reviews.views.people import reviewer

PAGE_SIZE = 50
ENDED = "ended"

#: What ends first stands first; of those that ended, the latest.
_ORDERS = {True: ["expires_at"], False: ["-placed_at"]}
_GET_AND_POST = ["GET", "HEAD", "POST"]


def _holder(request: HttpRequest) -> User:
    """Who is logged in. Raises ``PermissionDenied`` where they may place no hold.

    Asked before anything is looked up: nobody else learns whether there is a hold.
    """
    user = reviewer(request)
    check_place_hold(user)
    return user


@require_safe
def holds_page(request: HttpRequest) -> HttpResponse:
    """The holds in force; with ``?state=ended`` those that have ended."""
    user, now = _holder(request), timezone.now()
    live = request.GET.get("state") != ENDED
    try:
        found = page(
            holding.listed(live=live, now=now),
            ordering=_ORDERS[live],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to="live" if live else ENDED,
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("holds")
    context = {
        "rows": holding.rows(found.items, user=user, now=now),
        "live": live,
        "newer_url": _link(live, found.previous_cursor),
        "older_url": _link(live, found.next_cursor),
    }
    return render(request, "reviews/holds.html", context)


def _link(live: bool, cursor: str | None) -> str:
    said = {"cursor": cursor} | ({} if live else {"state": ENDED})
    return f"{reverse('holds')}?{urlencode(said)}" if cursor else ""


@sensitive_post_parameters("user_id")
@require_http_methods(_GET_AND_POST)
def new_hold(request: HttpRequest) -> HttpResponse:
    """Place a hold; ``?case=`` names the case that one comes from."""
    user = _holder(request)
    initial = {"of": HoldForm.CASE, "case": request.GET.get("case", "")[:20]}
    data = request.POST if request.method == "POST" else None
    form = HoldForm(data, user=user, initial=initial)
    if data is not None and form.is_valid():
        sent = form.cleaned_data
        try:
            hold = holding.place(
                on=form.found,
                whole_subject=sent["of"] == HoldForm.SUBJECT,
                source=sent["source"],
                user_id=sent["user_id"],
                matter=sent["matter"],
                reason=sent["reason"],
                expires_at=sent["until"],
                user=user,
                now=timezone.now(),
            )
        except ValidationError as refused:
            _explain(form, refused)
        else:
            messages.success(request, _placed(hold))
            return redirect("holds")
    status = 422 if form.errors else 200
    return render(request, "reviews/new_hold.html", {"form": form}, status=status)


def _explain(form: ExtendForm, refused: ValidationError) -> None:
    """Put what the service refused beside the field that it is about."""
    if not hasattr(refused, "error_dict"):
        form.add_error(None, refused)
        return
    for name, errors in refused.message_dict.items():
        form.add_error("until" if name == "expires_at" else name, errors)


def _placed(hold: LegalHold) -> str:
    number = holding.covers(hold)
    told = _("The hold is in force.")
    if hold.cutoff_id:
        return told
    covered = ngettext(
        "It covers %(number)d case that is here, and whatever comes.",
        "It covers %(number)d cases that are here, and whatever comes.",
        number,
    ) % {"number": number}
    return f"{told} {covered}"


@require_http_methods(_GET_AND_POST)
def extend_hold(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Let a hold end later."""
    user, now = _holder(request), timezone.now()
    hold = get_object_or_404(holding.listed(live=True, now=now), pk=hold_id)
    data = request.POST if request.method == "POST" else None
    form = ExtendForm(data)
    if data is not None and form.is_valid():
        try:
            holds.extend(hold=hold, expires_at=form.cleaned_data["until"], user=user, now=now)
        except ValidationError as refused:
            _explain(form, refused)
        else:
            messages.success(request, _("The hold is extended."))
            return redirect("holds")
    status = 422 if form.errors else 200
    return render(
        request, "reviews/extend_hold.html", _about(hold, user) | {"form": form}, status=status
    )


@require_http_methods(_GET_AND_POST)
def release_hold(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Ask whether, then end a hold."""
    user, now = _holder(request), timezone.now()
    hold = get_object_or_404(LegalHold.objects.select_related("source"), pk=hold_id)
    if request.method == "POST":
        holds.release(hold=hold, user=user, now=now)
        messages.success(request, _("The hold is released."))
        return redirect("holds")
    if hold.released_at or hold.expires_at <= now:
        return redirect(f"{reverse('holds')}?{urlencode({'state': ENDED})}")
    return render(request, "reviews/release_hold.html", _about(hold, user))


def _about(hold: LegalHold, user: User) -> dict[str, Any]:
    (row,) = holding.rows([hold], user=user, now=timezone.now())
    return {"row": row, "hold": hold}
