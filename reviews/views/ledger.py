"""The page of the ledger: who did and who saw what."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.keyset import CursorMismatch, Page, page
from accounts.models import LedgerEntry
from accounts.requests import user_of
from reviews.ledger_forms import LedgerFilter
from reviews.ledger_words import ACTIONS, REVEALED
from reviews.permissions import check_read_ledger
from reviews.services import ledger

PAGE_SIZE = 50


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """What one may see of it, newest first. The filters stand in the address; reading it writes
    no line.
    """
    user = user_of(request)
    check_read_ledger(user)
    filtered = LedgerFilter(request.GET, queryset=ledger.visible_to(user), request=request)
    found: Page[LedgerEntry] = Page([], None, None)
    if filtered.is_valid():
        try:
            found = page(
                filtered.qs.select_related("actor"),
                ordering=filtered.ordering,
                cursor=request.GET.get("cursor"),
                page_size=PAGE_SIZE,
                bound_to=urlencode(filtered.said),
            )
        except CursorMismatch:
            messages.info(request, _("The list was changed meanwhile: this is its beginning."))
            return redirect(_link(filtered))
    context = {
        "form": filtered.form,
        "clear_url": reverse("ledger") if filtered.said else "",
        "errors": [error for said in filtered.form.errors.values() for error in said],
        "lines": ledger.lines(found.items, user=user),
        "seal": ledger.last_seal(),
        "actions": sorted(ACTIONS.keys() - {REVEALED}),
        "newer_url": _link(filtered, found.previous_cursor),
        "older_url": _link(filtered, found.next_cursor),
    }
    return render(request, "reviews/ledger.html", context)


def _link(filtered: LedgerFilter, cursor: str | None = "") -> str:
    """The page with its filters; empty where a cursor was wanted and there is none."""
    if cursor is None:
        return ""
    query = urlencode(filtered.said | ({"cursor": cursor} if cursor else {}))
    return f"{reverse('ledger')}?{query}" if query else reverse("ledger")
