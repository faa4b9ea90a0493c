"""One threshold over its whole range, and taking one of its values into a draft."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations.vocabulary import Category
from policies import charts
from policies.backtest_sweep import Point, Sweep
from policies.charts import Column, Run, Scale, Tick
from policies.evaluation import CRITERIA
from policies.models import Draft, PolicyVersion
from policies.permissions import can_change
from policies.services import drafts, reading, sweeps
from policies.services.drafts import StaleRevision
from policies.services.versions import NotPossible
from policies.thresholds import InvalidPolicy, Thresholds
from policies.views.lines import Estimate, estimate
from policies.views.people import may_change, may_see, user_of
from policies.window_forms import SweepForm


@dataclass(frozen=True)
class Step:
    """One value of the threshold: a row of the table, and a column of the charts."""

    point: Point
    value: str
    rate: Estimate
    column: Column
    present: bool

    @property
    def counts(self) -> tuple[str, ...]:
        """Kept, spared, lost, cannot tell, near misses."""
        point = self.point
        found = (point.kept, point.spared, point.lost, point.cannot_tell, point.near_misses)
        return tuple(f"{count:,}" for count in found)


@dataclass(frozen=True)
class Curves:
    """A sweep as two charts over one scale, and the table behind them."""

    steps: list[Step]
    across: list[Tick]
    whole: bool
    counts: Scale
    rates: Scale
    present: str
    spared: list[Run]
    lost: list[Run]
    rate: list[Run]
    band: list[Run]


@require_safe
@may_see
def sweep(request: HttpRequest, number: int) -> HttpResponse:
    """What each value of one threshold would have done."""
    found = _draft_or_version(number)
    candidate = reading.readable(found)
    form = SweepForm({"days": 30, "criterion": CRITERIA[0].name} | request.GET.dict())
    swept = None
    if form.is_valid() and candidate:
        said = form.cleaned_data
        question = form.question(candidate, timezone.now())
        swept = sweeps.sweep(question, criterion=said["criterion"], category=said["of"])
    context = {
        "number": number,
        "draft": found if isinstance(found, Draft) else None,
        "candidate": candidate,
        "form": form,
        "swept": swept,
        "curves": curves(swept) if swept else None,
        "empty": swept is not None and _nothing(swept),
        "may_change": can_change(user_of(request)),
    }
    return render(request, "policies/sweep.html", context, status=422 if form.errors else 200)


def _draft_or_version(number: int) -> Draft | PolicyVersion:
    draft = Draft.objects.filter(number=number).first()
    return draft or get_object_or_404(PolicyVersion, number=number)


def _nothing(swept: Sweep) -> bool:
    """Whether no cutoff and no near miss is asked for this threshold at all."""
    return not any(
        point.kept or point.spared or point.cannot_tell or point.near_misses
        for point in swept.points
    )


def curves(swept: Sweep) -> Curves:
    """*swept* as places on its charts."""
    points = swept.points
    whole = next(one.whole for one in CRITERIA if one.name == swept.criterion)
    across = Scale(points[0].threshold, points[-1].threshold)
    most = max(point.spared for point in points)
    counts = Scale(0, charts.up_to(most) if most else 1)
    shares = [point.overturns for point in points]
    rates = charts.rate_scale(share.high for share in shares if share.kind != "none")
    values = [point.threshold for point in points]
    return Curves(
        steps=[
            Step(
                point=point,
                value=f"{point.threshold:.0f}" if whole else f"{point.threshold:.10g}",
                rate=rate,
                column=column,
                present=math.isclose(point.threshold, swept.present),
            )
            for point, rate, column in zip(
                points,
                [estimate("", share, rates) for share in shares],
                charts.columns(values, across),
                strict=True,
            )
        ],
        across=across.ticks(_parts(round(across.high - across.low)) if whole else 5),
        whole=whole,
        counts=counts,
        rates=rates,
        present=f"{across.place(swept.present):.2f}",
        spared=charts.line([(point.threshold, point.spared) for point in points], across, counts),
        lost=charts.line([(point.threshold, point.lost) for point in points], across, counts),
        rate=charts.line(
            [(point.threshold, point.overturns.estimate) for point in points], across, rates
        ),
        band=charts.band(
            [
                (point.threshold, None, None)
                if point.overturns.kind == "none"
                else (point.threshold, point.overturns.low, point.overturns.high)
                for point in points
            ],
            across,
            rates,
        ),
    )


def _parts(counts: int) -> int:
    """Into how many equal parts, ten at most, so many whole numbers can be cut."""
    return next(parts for parts in range(10, 0, -1) if counts % parts == 0)


@require_POST
@may_change
def take(request: HttpRequest, number: int) -> HttpResponse:
    """Put one value of the threshold into the draft, over the revision that was looked at."""
    criterion, category = request.POST.get("criterion", ""), request.POST.get("of", "")
    whole = {one.name: one.whole for one in CRITERIA}
    if criterion not in whole or (category and category not in Category.values):
        raise Http404
    found = _draft_or_version(number)
    candidate = reading.readable(found)
    back = redirect(f"{reverse('policy-sweep', args=[number])}?{request.POST.get('query', '')}")
    value = _number(request.POST.get("value", ""), whole=whole[criterion])
    if candidate is None or value is None:
        messages.error(request, _("That is no value of this threshold: nothing was changed."))
        return back
    content = _with(candidate, criterion, category, value)
    try:
        saved = _save(request, found, content)
    except (StaleRevision, NotPossible, InvalidPolicy) as refused:
        messages.error(request, str(refused))
        return back
    messages.success(request, _("The value stands in the draft."))
    return redirect("policy-edit", number=saved.number)


def _save(request: HttpRequest, found: Draft | PolicyVersion, content: Any) -> Draft:
    """The draft with *content*; of a version, a new draft from it."""
    user, now = user_of(request), timezone.now()
    if isinstance(found, PolicyVersion):
        return drafts.create_draft(user=user, now=now, content=content, based_on=found)
    given = request.POST.get("revision", "")
    revision = int(given) if given.isdecimal() and len(given) < 9 else 0
    return drafts.edit_draft(
        number=found.number, revision=revision, user=user, now=now, content=content
    )


def _number(text: str, *, whole: bool) -> float | int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if whole and number.is_integer() else number


def _with(candidate: Thresholds, criterion: str, category: str, value: float) -> dict[str, Any]:
    """The content of *candidate* with another value of one threshold.

    A category that had the default's thresholds has its own from then on.
    """
    content: dict[str, Any] = msgspec.to_builtins(candidate)
    if not category:
        content["default"][criterion] = value
        return content
    own = content["categories"].setdefault(category, msgspec.to_builtins(candidate.of(category)))
    own[criterion] = value
    return content
