"""How good the reviewing is: everybody's for seniors, each reviewer's own, and gold cases."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.spreadsheets import harmless
from reviews.models import Case, GoldCase
from reviews.permissions import (
    can_decide,
    can_manage_quality,
    can_see_each,
    can_see_quality,
    check_manage_quality,
)
from reviews.quality_forms import GoldForm, SharesForm
from reviews.services import agreement, gold, quality_shares
from reviews.services.fairness import fairness
from reviews.services.quality_shares import Shares
from reviews.views.people import case_for, reviewer
from reviews.views.rates import overturned
from reviews.views.refusals import explain

#: What a window may be, in days; the second is the one to begin with.
WINDOWS = (30, 90, 365)
DAYS = 90
#: More gold cases than anybody makes.
MOST_LISTED = 500
_FORM = ["GET", "HEAD", "POST"]


def window(request: HttpRequest) -> tuple[int, datetime, datetime]:
    """How many days are asked for, and from when to when they are."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, WINDOWS) else DAYS
    now = timezone.now()
    return days, now - timedelta(days=days), now


def looker(request: HttpRequest) -> User:
    """Who asks; raises ``PermissionDenied`` unless they may see everybody's quality."""
    user = reviewer(request)
    if not can_see_quality(user):
        raise PermissionDenied(_("Your role does not include the quality of everybody's work."))
    return user


@require_safe
def everybody(request: HttpRequest) -> HttpResponse:
    """Agreement, checks and gold results of all; by name for seniors alone."""
    user = reviewer(request)
    if not can_see_quality(user):
        return redirect("my-quality")
    days, since, now = window(request)
    pairs = agreement.pairs_between(since, now)
    results = agreement.gold_results(now=now, since=since)
    held = quality_shares.shares()
    context: dict[str, Any] = {
        "windows": WINDOWS,
        "days": days,
        "enough": agreement.ENOUGH,
        "report": agreement.report(pairs) if pairs else None,
        "error": "",
        "agreed": "",
        "answered": len(results),
        "right": sum(result.match.decision for result in results),
        "people": agreement.people(pairs, results) if can_see_each(user) else None,
        **overturned(fairness(days=days, now=now)),
        "may_manage": can_manage_quality(user),
        "form": SharesForm(
            initial={"agreement": round(100 * held.agreement), "gold": round(100 * held.gold)}
        ),
    }
    if found := context["report"]:
        context["error"] = agreement.words_of(found.errors.error)
        context["agreed"] = agreement.words_of(found.errors.agreed)
    return render(request, "reviews/quality.html", context)


@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    """The same as a file. Whoever takes it out is in the ledger."""
    user = looker(request)
    days, _since, now = window(request)
    lines = agreement.export(days=days, user=user, now=now)
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="quality-{days}-days.csv"'},
    )
    csv.writer(response).writerows([map(harmless, line) for line in lines])
    return response


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """One's own agreement, and what the gold cases say of one's answers."""
    user = reviewer(request)
    if not can_decide(user):
        raise PermissionDenied(_("Your role does not include giving verdicts."))
    days, since, now = window(request)
    reviews = agreement.own(agreement.pairs_between(since, now), user)
    context = {
        "windows": WINDOWS,
        "days": days,
        "pairs": len(reviews),
        "enough": agreement.ENOUGH,
        "percent": agreement.percent_of(reviews),
        "results": agreement.gold_results(now=now, since=since, person=user),
    }
    return render(request, "reviews/quality_mine.html", context)


@require_POST
def shares(request: HttpRequest) -> HttpResponse:
    """Set how much is looked at for quality's sake."""
    user = reviewer(request)
    check_manage_quality(user)
    form = SharesForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Give whole percentages: of gold cases 50 at most."))
        return redirect("quality")
    sent = form.cleaned_data
    wanted = Shares(sent["agreement"] / 100, sent["gold"] / 100)
    quality_shares.set_shares(wanted=wanted, by=user, now=timezone.now())
    messages.success(request, _("The shares hold for what is drawn from now on."))
    return redirect("quality")


@require_safe
def gold_cases(request: HttpRequest) -> HttpResponse:
    """The gold cases, for those who make them and are dealt none."""
    user = reviewer(request)
    check_manage_quality(user)
    found = GoldCase.objects.select_related("case", "made_by").order_by("-made_at", "pk")
    rows = found.filter(case__in=Case.objects.listed_for(user))[:MOST_LISTED]
    return render(request, "reviews/quality_gold.html", {"rows": rows})


@require_http_methods(_FORM)
def new_gold(request: HttpRequest, number: int) -> HttpResponse:
    """Make a settled case a gold case."""
    user = reviewer(request)
    check_manage_quality(user)
    case = case_for(user, number)
    form = GoldForm(request.POST if request.method == "POST" else None, case=case)
    if form.is_bound and form.is_valid():
        sent = form.cleaned_data
        try:
            gold.make(case=case, by=user, now=timezone.now(), **sent)
        except ValidationError as refused:
            explain(form, refused)
        else:
            messages.success(request, _("%(case)s is a gold case now.") % {"case": case.label})
            return redirect("gold-cases")
    status = 422 if form.errors else 200
    context = {"form": form, "case": case}
    return render(request, "reviews/quality_new_gold.html", context, status=status)


@require_POST
def retire_gold(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Deal a gold case no more."""
    user = reviewer(request)
    check_manage_quality(user)
    found = get_object_or_404(GoldCase.objects.select_related("case"), pk=pk)
    if gold.retire(gold=found, by=user, now=timezone.now()):
        messages.success(
            request, _("%(case)s is dealt to nobody any more.") % {"case": found.case.label}
        )
    return redirect("gold-cases")
