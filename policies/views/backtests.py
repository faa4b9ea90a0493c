"""Backtests: what was asked, how far each is, and what came out."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.keyset import CursorMismatch, page
from accounts.ledger import Actor
from accounts.requests import HtmxRequest
from policies.api_backtests import tell_worker
from policies.backtest_models import UNFINISHED, BacktestState
from policies.backtest_words import rows as figure_rows
from policies.forms import NothingForm
from policies.models import Backtest, Draft, PolicyVersion
from policies.permissions import can_change
from policies.services import backtests as service
from policies.services import reading
from policies.views.acting import Act, run, sent
from policies.views.figured import Told, told
from policies.views.flipped import cases_page
from policies.views.people import may_change, may_see, user_of
from policies.window_forms import BacktestForm

PAGE_SIZE: Final = 25
_GET_AND_POST: Final = ["GET", "HEAD", "POST"]
#: The window to begin with.
_DAYS: Final = timedelta(days=89)

#: The shape of the tag of a state.
KINDS: Final = {
    BacktestState.QUEUED: "calm",
    BacktestState.RUNNING: "calm",
    BacktestState.DONE: "ok",
    BacktestState.FAILED: "bad",
    BacktestState.CANCELLED: "",
}


@require_safe
@may_see
def backtests(request: HttpRequest) -> HttpResponse:
    """All backtests, newest first; of one draft or version where the address names it."""
    given = request.GET.get("of", "")
    number = int(given) if given.isdecimal() and len(given) < 10 else None
    listed = Backtest.objects.select_related("requested_by").defer("figures", "candidate")
    if number is not None:
        listed = listed.filter(candidate_number=number)
    try:
        found = page(
            listed,
            ordering=["-requested_at"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to=f"backtests {number}",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("backtests")
    context = {
        "backtests": [(one, KINDS[BacktestState(one.state)]) for one in found.items],
        "number": number,
        "newer_url": _page_url(found.previous_cursor, number),
        "older_url": _page_url(found.next_cursor, number),
        "may_change": can_change(user_of(request)),
    }
    return render(request, "policies/backtests.html", context)


def _page_url(cursor: str | None, number: int | None) -> str:
    if not cursor:
        return ""
    return f"?{urlencode({'cursor': cursor} | ({'of': number} if number is not None else {}))}"


@require_http_methods(_GET_AND_POST)
@may_change
def new_backtest(request: HttpRequest) -> HttpResponse:
    """Ask for a backtest; a worker computes it."""
    drafts, versions = [one.number for one in reading.drafts()], reading.numbers()
    today = timezone.localdate()
    given = request.GET.get("of", "")
    form = BacktestForm(
        sent(request),
        drafts=drafts,
        versions=versions,
        initial={"candidate": given, "since": today - _DAYS, "until": today},
    )
    if form.is_bound and form.is_valid() and (asked := _ask(request, form)):
        return redirect("backtest", pk=asked.pk)
    status = 422 if form.errors else 200
    return render(request, "policies/backtest_new.html", {"form": form}, status=status)


def _ask(request: HttpRequest, form: BacktestForm) -> Backtest | None:
    """The backtest that was asked for; None where the form now says why there is none."""
    said = form.cleaned_data
    number = said["candidate"]
    draft = Draft.objects.filter(number=number).first()
    found = draft or PolicyVersion.objects.filter(number=number).first()
    candidate = reading.readable(found) if found else None
    if candidate is None:
        form.add_error("candidate", _("It can no longer be read: choose another one."))
        return None
    baseline = PolicyVersion.objects.filter(number=said["baseline"]).first()
    since, until = form.window
    try:
        asked = service.request(
            candidate=candidate,
            candidate_number=number,
            baseline=baseline,
            since=since,
            until=until,
            filters=form.filters,
            now=timezone.now(),
            actor=Actor(user=user_of(request)),
        )
    except ValidationError as refused:
        form.add_error(None, refused)
        return None
    tell_worker(asked)
    return asked


@require_safe
@may_see
def backtest(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One backtest. Asked for by htmx, the part that changes while it runs."""
    found = get_object_or_404(Backtest.objects.select_related("requested_by", "baseline"), pk=pk)
    context = shown(found) | {"may_change": can_change(user_of(request))}
    if found.state in UNFINISHED and context["may_change"]:
        context["acts"] = [cancel_act(found)]
    part = request.htmx and not request.htmx.boosted
    template = "policies/_backtest.html" if part else "policies/backtest.html"
    return render(request, template, context)


def shown(found: Backtest) -> dict[str, Any]:
    """What the templates of a backtest need."""
    figured = told_of(found)
    return {
        "backtest": found,
        "kind": KINDS[BacktestState(found.state)],
        "unfinished": found.state in UNFINISHED,
        "told": figured,
        "filters": filters_in_words(found),
        "place_rows": list(figure_rows(figured.figures)) if figured else [],
        "acts": [],
    }


def told_of(found: Backtest) -> Told | None:
    """The kept figures with their links; None while there are none."""
    figures = service.figures_of(found)
    return told(figures, partial(_link, found.pk)) if figures else None


def filters_in_words(found: Backtest) -> list[str]:
    """The filters, each with its values."""
    return [
        f"{name.replace('_', ' ')} {', '.join(values)}"
        for name, values in found.filters.items()
        if values
    ]


def _link(pk: UUID, **chosen: Any) -> str:
    return f"{reverse('backtest-cases', args=[pk])}?{urlencode(chosen)}"


@require_safe
@may_see
def cases(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The cases behind a number of a kept backtest, as they are now."""
    found = get_object_or_404(Backtest.objects.select_related("baseline"), pk=pk)
    try:
        question = service.question_of(found)
    except msgspec.ValidationError:
        raise Http404 from None
    return cases_page(request, question, back=found)


@require_http_methods(_GET_AND_POST)
@may_change
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop a backtest, after a question."""
    found = get_object_or_404(Backtest, pk=pk)

    def do(_said: dict[str, Any]) -> str:
        stopped = service.cancel(
            backtest=found, now=timezone.now(), actor=Actor(user=user_of(request))
        )
        return _("It is cancelled.") if stopped else _("It had finished already.")

    act = cancel_act(found, sent(request))
    return run(request, act, back=reverse("backtest", args=[pk]), do=do)


def cancel_act(found: Backtest, data: Any = None) -> Act:
    """Stop *found*."""
    return Act(
        name="cancel",
        label=_("Cancel…"),
        title=_("Cancel this backtest?"),
        words=_("It keeps no figures. The same can be asked again."),
        url=reverse("cancel-backtest", args=[found.pk]),
        form=NothingForm(data),
        submit=_("Cancel the backtest"),
        danger=True,
    )


def of_version(version: PolicyVersion | Draft) -> dict[str, Any]:
    """The backtest that stands first on the page of *version*; what the template of it needs.

    The one that was attached to its submission, or else the newest of exactly what it says. One
    of a draft's earlier revision is not of what is submitted, and is only named.
    """
    submission = getattr(version, "submission", None)
    attached = submission.backtest_id if submission else None
    found = (
        Backtest.objects.get(pk=attached)
        if attached
        else service.finished_of(version.content).first()
    )
    of_other = Backtest.objects.filter(candidate_number=version.number, state=BacktestState.DONE)
    return {
        "backtest": found,
        "attached": attached is not None,
        "submission": submission,
        "told": told_of(found) if found else None,
        "other": found is None and of_other.exists(),
    }
