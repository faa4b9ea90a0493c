"""What became of each outcome: the list, one of them, and sending some again."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.keyset import CursorMismatch, Page, page
from reviews.models import Delivery, Endpoint
from reviews.outcome_forms import DeliveryFilter
from reviews.outcome_vocabulary import DeliveryState
from reviews.permissions import can_change_outcomes
from reviews.services import deliveries, delivering
from reviews.services.endpoints import NotPossible
from reviews.views.people import who_changes_outcomes, who_sees_outcomes

PAGE_SIZE = 50
#: Attempts that the page of one shows: the latest.
SHOWN_ATTEMPTS = 50

_GET_AND_POST = ["GET", "HEAD", "POST"]


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Deliveries, newest first. The filters stand in the address."""
    user = who_sees_outcomes(request)
    filtered = _filtered(request)
    said = _said(request)
    found: Page[Delivery] = Page([], None, None)
    if filtered.is_valid():
        try:
            found = page(
                filtered.qs.select_related("endpoint", "source", "outcome"),
                ordering=["-id"],
                cursor=request.GET.get("cursor"),
                page_size=PAGE_SIZE,
                bound_to=urlencode(said),
            )
        except CursorMismatch:
            messages.info(request, _("The list was changed meanwhile: this is its beginning."))
            return redirect(_link("deliveries", said))
    context = {
        "form": filtered.form,
        "rows": found.items,
        "filtered": bool(said),
        "dead": deliveries.some_dead(),
        "disabled": Endpoint.objects.disabled().select_related("source").order_by("pk"),
        "replay_url": _link("replay-deliveries", said | {"state": DeliveryState.DEAD}),
        "may_change": can_change_outcomes(user),
        "newer_url": _link("deliveries", said, found.previous_cursor),
        "older_url": _link("deliveries", said, found.next_cursor),
    }
    return render(request, "reviews/deliveries.html", context)


@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One delivery: what is sent, what came back, and when it is tried next.

    For htmx only what may change; 204 while it is as ``?mark=`` has it.
    """
    user = who_sees_outcomes(request)
    row = get_object_or_404(_all(), pk=pk)
    mark = f"{row.state}-{row.attempts_made}-{int(row.due_at.timestamp())}"
    if request.GET.get("mark") == mark:
        return HttpResponse(status=204)
    context = {
        "row": row,
        "mark": mark,
        "attempts": list(row.attempts.order_by("-number")[:SHOWN_ATTEMPTS]),
        "body": json.dumps(json.loads(delivering.body_of(row)), indent=2, ensure_ascii=False),
        "may_change": can_change_outcomes(user),
    }
    name = "_delivery" if "mark" in request.GET else "delivery"
    return render(request, f"reviews/{name}.html", context)


@require_http_methods(_GET_AND_POST)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether, then send one again."""
    user = who_changes_outcomes(request)
    row = get_object_or_404(_all(), pk=pk)
    if request.method == "POST":
        try:
            deliveries.replay(delivery=row, user=user, now=timezone.now())
        except NotPossible as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("It is being sent."))
        return redirect("delivery", pk=pk)
    back = reverse("delivery", args=[pk])
    return render(request, "reviews/replay.html", {"row": row, "count": 1, "back": back})


@require_http_methods(_GET_AND_POST)
def replay_many(request: HttpRequest) -> HttpResponse:
    """Ask whether, then send all again that failed for good and that the filters show."""
    user = who_changes_outcomes(request)
    filtered, said = _filtered(request), _said(request)
    if not filtered.is_valid():
        return redirect("deliveries")
    rows: QuerySet[Delivery] = filtered.qs
    if request.method == "POST":
        count = deliveries.replay_many(rows=rows, said=said, user=user, now=timezone.now())
        told = ngettext("%(n)d outcome is being sent.", "%(n)d outcomes are being sent.", count)
        messages.success(request, told % {"n": count})
        return redirect("deliveries")
    context = {
        "row": None,
        "count": deliveries.replayable(rows).count(),
        "back": _link("deliveries", said),
    }
    return render(request, "reviews/replay.html", context)


def _all() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("endpoint", "source", "outcome")


def _filtered(request: HttpRequest) -> DeliveryFilter:
    return DeliveryFilter(request.GET, queryset=Delivery.objects.all(), request=request)


def _said(request: HttpRequest) -> dict[str, str]:
    """The filters that are set."""
    names = DeliveryFilter.base_filters
    return {name: request.GET[name] for name in names if request.GET.get(name)}


def _link(name: str, said: dict[str, str], cursor: str | None = "") -> str:
    """An address with filters; empty where a cursor was wanted and there is none."""
    if cursor is None:
        return ""
    query = said | ({"cursor": cursor} if cursor else {})
    return f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)
