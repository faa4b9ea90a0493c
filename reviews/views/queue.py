"""The list of cases, and claiming the next one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.keyset import CursorMismatch
from accounts.models import User
from reviews.filters import QueueFilter
from reviews.permissions import can_arrange, can_decide, can_label, can_share_views
from reviews.services import claims, queues
from reviews.services.arranging import people_to_assign
from reviews.services.care import passed_over
from reviews.services.queue import first_breach
from reviews.services.saved_views import views_of
from reviews.services.seen import seen
from reviews.sight import unlisted_for
from reviews.views import listing
from reviews.views.people import reviewer


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Cases, by default those that wait. The filters stand in the address."""
    user = reviewer(request)
    views = views_of(user)
    begins = next((view.filters for view in views if view.begins), "")
    if begins and not request.GET:
        return redirect(f"{reverse('queue')}?{begins}")
    try:
        listed = listing.list_cases(request, user, now=timezone.now())
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        plain = {key: value for key, value in request.GET.items() if key != "cursor"}
        return redirect(f"{reverse('queue')}?{urlencode(plain)}")
    context = _shown(listed, user) | _around(listed, user) | {"views": views}
    return render(request, "reviews/queue.html", context, status=200 if listed.valid else 400)


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """The list anew where something on the page has changed since ``seen``; 204 where nothing has.

    Searched words are not searched for again: that would be one line of the ledger after another.
    """
    user = reviewer(request)
    if request.GET.get("q"):
        return HttpResponse(status=204)
    try:
        listed = listing.list_cases(request, user, now=timezone.now())
    except CursorMismatch:
        return HttpResponse(status=204)
    if not listed.valid or listed.token == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "reviews/_queue_list.html", _shown(listed, user))


def _shown(listed: listing.Listing, user: User) -> dict[str, Any]:
    """What the list itself needs."""
    arranges, labels = can_arrange(user), can_label(user)
    form = listed.filtered.form
    return {
        "listing": listed,
        "form": form,
        "rows": [line.row for line in listed.lines],
        "html_rows": listed.html(may_choose=labels),
        "waiting_only": listed.filtered.waiting_only,
        "page_size": listing.PAGE_SIZE,
        "narrowed": listed.filtered.narrowed,
        "closed": listed.plain.get("queue") in unlisted_for(user),
        "may_label": labels,
        "may_arrange": arranges,
        "people": people_to_assign() if arranges else [],
        "queue_choices": queues.listed_for(user) if arranges else [],
        "label_choices": [words for key, words in form["label"].field.widget.choices if key],
    }


def _around(listed: listing.Listing, user: User) -> dict[str, Any]:
    """What stands beside the list."""
    wanted = queues.named(listed.plain.get("queue", ""), user) if listed.plain else None
    main, more = listing.controls(listed.filtered.form, user)
    kept = QueueFilter.kept(listed.plain)
    return {
        "main_controls": main,
        "more_controls": more,
        "more_open": any(control.chosen for control in more),
        "queue": wanted,
        "title": wanted.name if wanted else _("Review"),
        "may_decide": can_decide(user),
        "may_share": can_share_views(user),
        "breach": first_breach(user=user),
        "kept": kept,
        "keepable": bool(kept) and not listed.searched,
        "user_id": user.pk,
    }


@require_POST
def claim_next(request: HttpRequest) -> HttpResponse:
    """Claim what is to be looked at next, and go there."""
    user = reviewer(request)
    wanted = queues.named(request.POST.get("queue", ""), user)
    claim = claims.claim_next(user=user, queue=wanted.slug if wanted else "")
    if claim is None:
        messages.info(request, _("Nothing waits for you here at the moment."))
        slug = wanted.slug if wanted else ""
        if why := passed_over(user, timezone.now(), queue=slug):
            messages.info(request, why)
        suffix = f"?{urlencode({'queue': wanted.slug})}" if wanted else ""
        return redirect(f"{reverse('queue')}{suffix}")
    return redirect("case", number=seen(claim.case, user=user).number)
