"""Drafts that run beside what is in force: their list, one of them, starting and ending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.keyset import CursorMismatch, page
from accounts.models import User
from accounts.requests import HtmxRequest
from policies.forms import NothingForm
from policies.models import Draft, PolicyVersion, Shadow
from policies.permissions import can_change
from policies.scopes import DEFAULT, label_of
from policies.services import shadow_reading
from policies.services import shadows as service
from policies.views.acting import Act, run, sent
from policies.views.figured import test_label
from policies.views.flipped import closed
from policies.views.people import may_change, may_see, user_of
from policies.watch_forms import ShadowForm

PAGE_SIZE: Final = 25
_GET_AND_POST: Final = ["GET", "HEAD", "POST"]
_KINDS: Final = {
    "asked": gettext_noop("asked"),
    "cutoff": gettext_noop("cutoff"),
    "near_miss": gettext_noop("near miss"),
}


@dataclass(frozen=True)
class Standing:
    """A shadow and where it stands at a moment."""

    shadow: Shadow
    now: datetime

    @property
    def runs(self) -> bool:
        """Whether it still runs."""
        return self.shadow.ended_at is None and self.now < self.shadow.until

    @property
    def over_at(self) -> datetime:
        """When it ended, or will."""
        return self.shadow.ended_at or self.shadow.until

    @property
    def label(self) -> str:
        """Its scope in words."""
        return label_of(self.shadow.scope)


@dataclass(frozen=True)
class Row:
    """A disagreement in words. ``url`` leads to its case, empty where it cannot be opened."""

    one: shadow_reading.Disagreement
    kind: str
    tests: list[str]
    url: str


def start_act(number: int, data: Any = None) -> Act:
    """Run draft or version *number* beside what is in force."""
    return Act(
        name="shadow",
        label=_("Run as a shadow…"),
        title=_("Run policy %(number)d as a shadow?") % {"number": number},
        words=_(
            "It is held against what happens from now on, as it is now, and lists where it"
            " disagrees with what is in force. It decides nothing."
        ),
        url=reverse("shadow-start", args=[number]),
        form=ShadowForm(data, auto_id="shadow_%s"),
        submit=_("Start"),
    )


def end_act(shadow: Shadow, data: Any = None) -> Act:
    """End a shadow before its time."""
    return Act(
        name="end-shadow",
        label=_("End it…"),
        title=_("End the shadow of policy %(number)d?") % {"number": shadow.number},
        words=_("Its disagreements so far stay to be read. It can be started again."),
        url=reverse("shadow-end", args=[shadow.pk]),
        form=NothingForm(data, auto_id="end_%s"),
        submit=_("End it"),
    )


def of_version(number: int, now: datetime) -> Standing | None:
    """The latest shadow of draft or version *number*, if there is one."""
    latest = Shadow.objects.filter(number=number).defer("content").first()
    return Standing(latest, now) if latest else None


@require_safe
@may_see
def shadows(request: HttpRequest) -> HttpResponse:
    """All shadows, newest first."""
    try:
        found = page(
            Shadow.objects.select_related("started_by", "ended_by").defer("content"),
            ordering=["-started_at"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to="shadows",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("shadows")
    now = timezone.now()
    context = {
        "shadows": [Standing(one, now) for one in found.items],
        "newer_url": _link(found.previous_cursor),
        "older_url": _link(found.next_cursor),
        "may_change": can_change(user_of(request)),
    }
    return render(request, "policies/shadows.html", context)


def _link(cursor: str | None) -> str:
    return f"{reverse('shadows')}?{urlencode({'cursor': cursor})}" if cursor else ""


@require_safe
@may_see
def shadow(request: HtmxRequest, pk: int) -> HttpResponse:
    """One shadow and where it disagrees; for htmx the list alone, which asks again."""
    found = get_object_or_404(Shadow.objects.select_related("started_by", "ended_by"), pk=pk)
    now, user = timezone.now(), user_of(request)
    standing = Standing(found, now)
    context = {
        "standing": standing,
        "shadow": found,
        "narrowed": found.scope != DEFAULT,
        "acts": [end_act(found)] if standing.runs and can_change(user) else [],
        **_disagreements(found, user, now, _before(request)),
    }
    alone = request.htmx and not request.htmx.boosted
    name = "policies/_shadow_found.html" if alone else "policies/shadow.html"
    return render(request, name, context)


def _before(request: HttpRequest) -> UUID | None:
    given = request.GET.get("before")
    try:
        return UUID(given) if given else None
    except ValueError:
        raise Http404 from None


def _disagreements(found: Shadow, user: User, now: datetime, before: UUID | None) -> dict[str, Any]:
    """Where it disagrees, ``look`` being None where it can no longer be read."""
    try:
        look = shadow_reading.look(found, now=now, before=before)
    except msgspec.ValidationError:
        return {"look": None, "rows": [], "before": before}
    return {"look": look, "rows": [_row(one, user) for one in look.found], "before": before}


def _row(one: shadow_reading.Disagreement, user: User) -> Row:
    opens = one.cutoff is not None and not closed(one.cutoff, user)
    return Row(
        one=one,
        kind=_(_KINDS[one.kind]),
        tests=[test_label(test) for test in one.tests],
        url=reverse("case-of", args=[one.key]) if opens else "",
    )


@require_http_methods(_GET_AND_POST)
@may_change
def start(request: HttpRequest, number: int) -> HttpResponse:
    """Start one."""
    if not Draft.objects.filter(number=number).exists():
        get_object_or_404(PolicyVersion, number=number)
    act = start_act(number, sent(request))

    def do(said: dict[str, Any]) -> str:
        service.start(
            number=number,
            length=timedelta(hours=said["hours"]),
            scope=said["scope"],
            user=user_of(request),
            now=timezone.now(),
        )
        return _("It runs. Where it disagrees is listed as it comes.")

    return run(request, act, back=reverse("shadows"), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one before its time."""
    found = get_object_or_404(Shadow, pk=pk)

    def do(_said: dict[str, Any]) -> str:
        service.end(shadow_id=found.pk, user=user_of(request), now=timezone.now())
        return _("It is ended.")

    return run(request, end_act(found, sent(request)), back=reverse("shadow", args=[pk]), do=do)
