"""Notices for staff: restricting one, and what stands behind all of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator

import msgspec
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import user_of
from accounts.spreadsheets import harmless
from reviews.languages import translations
from reviews.notice_forms import PeriodForm, RestrictionForm, RevokeForm
from reviews.permissions import check_manage_notices
from reviews.services import notices, restricting
from reviews.services.statements import note_export, statements_between
from reviews.statements import Statement
from reviews.support import lines
from reviews.views.people import case_for, reviewer


@require_http_methods(["GET", "HEAD", "POST"])
def restriction(request: HttpRequest, number: int) -> HttpResponse:
    """Restrict the notice of a case, or lift that; for those who are qualified."""
    user = reviewer(request)
    restricting.check_restrict(user)
    case = case_for(user, number)
    live = restricting.live_on(case)
    form = RestrictionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        act = restricting.lift if request.POST.get("act") == "lift" else restricting.restrict
        try:
            act(case=case, reason=form.cleaned_data["reason"], user=user, now=timezone.now())
        except ValidationError as refused:
            form.add_error(None, refused.messages)
        else:
            messages.success(
                request,
                _("The notice says what is so again.")
                if act is restricting.lift
                else _("The notice is restricted."),
            )
            return redirect("case", number=case.number)
    return render(
        request,
        "reviews/restriction.html",
        {"case": case, "live": live, "form": form},
        status=422 if form.errors else 200,
    )


@require_safe
def behind_notices(request: HttpRequest) -> HttpResponse:
    """The languages and the lines to call, marked where somebody should look at them."""
    user = user_of(request)
    check_manage_notices(user)
    return _page(request, PeriodForm(), RevokeForm(user=user))


@require_POST
def revoke_link(request: HttpRequest) -> HttpResponse:
    """Have the link to a notice lead nowhere: it came into wrong hands."""
    user = user_of(request)
    check_manage_notices(user)
    form = RevokeForm(request.POST, user=user)
    if not form.is_valid() or form.found is None:
        return _page(request, PeriodForm(), form, status=422)
    notices.revoke_link(case=form.found, user=user, now=timezone.now())
    messages.success(
        request, _("The old link leads nowhere. The source learns the new one when it next asks.")
    )
    return redirect("behind-notices")


@require_safe
def statements(request: HttpRequest) -> HttpResponseBase:
    """The statements of a period as a file, written as it is read."""
    user = user_of(request)
    check_manage_notices(user)
    form = PeriodForm(request.GET)
    if not form.is_valid():
        return _page(request, form, RevokeForm(user=user), status=422)
    asked = form.cleaned_data
    period = {"since": asked["since"], "until": asked["until"]}
    note_export(**period, form=asked["form"], user=user, now=timezone.now())
    found = statements_between(**period)
    kind, parts = (
        ("text/csv; charset=utf-8", _as_csv(found))
        if asked["form"] == "csv"
        else ("application/json", _as_json(found))
    )
    name = f"statements-{form.data['since']}-{form.data['until']}.{asked['form']}"
    return StreamingHttpResponse(
        parts,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(
    request: HttpRequest, period: PeriodForm, revoke: RevokeForm, *, status: int = 200
) -> HttpResponse:
    today = timezone.now().date()
    context = {
        "translations": list(translations().values()),
        "lines": [(line, line.is_stale(today)) for line in lines()],
        "form": period,
        "revoke": revoke,
    }
    return render(request, "reviews/behind_notices.html", context, status=status)


def _as_json(found: Iterable[Statement]) -> Iterator[bytes]:
    """``{"statements": […]}``, as the Transparency Database takes them."""
    yield b'{"statements": ['
    for number, statement in enumerate(found):
        yield (b",\n" if number else b"\n") + msgspec.json.encode(statement)
    yield b"\n]}\n"


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _as_csv(found: Iterable[Statement]) -> Iterator[str]:
    """A line a statement; a list of values is a JSON array in its cell."""
    writer = csv.writer(_Echo())
    yield str(writer.writerow(Statement.__struct_fields__))
    for statement in found:
        yield str(writer.writerow([_cell(value) for value in msgspec.structs.astuple(statement)]))


def _cell(value: object) -> object:
    if value is None:
        return ""
    return harmless(json.dumps(value) if isinstance(value, list) else str(value))
