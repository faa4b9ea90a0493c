"""The list of cases, and claiming the next one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.keyset import CursorMismatch, Page, page
from reviews.filters import WAITING, QueueFilter
from reviews.models import Case
from reviews.permissions import can_decide, can_search
from reviews.services import claims, queues
from reviews.services.care import passed_over
from reviews.services.queue import first_breach, rows, with_what_a_row_shows
from reviews.views.people import reviewer

PAGE_SIZE = 50

#: What waits stands in the order of work, everything else newest first: each has its index.
_ORDER_OF_WORK = ("-priority", "due_at")
_NEWEST = ("-at",)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Cases, by default those that wait. The filters stand in the address."""
    user = reviewer(request)
    listed = with_what_a_row_shows(Case.objects.listed_for(user))
    filtered = QueueFilter(request.GET, queryset=listed, request=request)
    plain = {key: str(value) for key, value in sorted(request.GET.items()) if key != "cursor"}
    waiting_only = filtered.data["state"] == WAITING
    found: Page[Case] = Page([], None, None)
    if filtered.is_valid():
        try:
            found = page(
                filtered.qs,
                ordering=_ORDER_OF_WORK if waiting_only else _NEWEST,
                cursor=request.GET.get("cursor"),
                page_size=PAGE_SIZE,
                bound_to=urlencode(plain),
            )
        except CursorMismatch:
            messages.info(request, _("The list was changed meanwhile: this is its beginning."))
            return redirect(f"{reverse('queue')}?{urlencode(plain)}")
    wanted = queues.named(plain.get("queue", ""), user)
    return render(
        request,
        "reviews/queue.html",
        {
            "filter": filtered,
            "form": filtered.form,
            "main_fields": [
                filtered.form[name] for name in QueueFilter.MAIN if name != "q" or can_search(user)
            ],
            "more_fields": [
                filtered.form[name] for name in filtered.form.fields if name not in QueueFilter.MAIN
            ],
            "more_open": any(plain.get(name) for name in set(plain) - set(QueueFilter.MAIN)),
            "clear_url": reverse("queue") if filtered.narrowed else "",
            "rows": rows(found.items, user=user, now=timezone.now()),
            "newer_url": _link(plain, found.previous_cursor),
            "older_url": _link(plain, found.next_cursor),
            "waiting_only": waiting_only,
            "page_size": PAGE_SIZE,
            "queue": wanted,
            "title": wanted.name if wanted else _("Review"),
            "may_decide": can_decide(user),
            "breach": first_breach(user=user),
        },
        status=200 if filtered.is_valid() else 400,
    )


def _link(plain: dict[str, str], cursor: str | None) -> str:
    return f"{reverse('queue')}?{urlencode(plain | {'cursor': cursor})}" if cursor else ""


@require_POST
def claim_next(request: HttpRequest) -> HttpResponse:
    """Claim what is to be looked at next, and go there."""
    user = reviewer(request)
    wanted = queues.named(request.POST.get("queue", ""), user)
    claim = claims.claim_next(user=user, queue=wanted.slug if wanted else "")
    if claim is None:
        messages.info(request, _("Nothing waits for you here at the moment."))
        waiting = Case.objects.listed_for(user).waiting()
        if wanted:
            waiting = waiting.filter(queue=wanted.slug)
        if why := passed_over(waiting, user, timezone.now()):
            messages.info(request, why)
        suffix = f"?{urlencode({'queue': wanted.slug})}" if wanted else ""
        return redirect(f"{reverse('queue')}{suffix}")
    return redirect("case", number=claim.case.number)
