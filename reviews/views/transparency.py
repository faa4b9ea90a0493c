"""The public report. No login; nothing of it is computed while somebody waits."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations.vocabulary import Category
from policies.charts import up_to
from reviews.services.transparency import latest
from reviews.suppression import LEAST_PUBLISHED
from reviews.transparency import MONTHS, Line, Report
from reviews.views.spoken import spoken

_COLUMNS = ("cutoffs", "reviewed", "overturned", "appeals", "hours")


@dataclass(frozen=True)
class Bar:
    """A month on the chart, in percents of the drawing; as high as that where it is withheld."""

    x: float
    width: float
    height: float
    top: float
    month: str
    withheld: bool


@dataclass(frozen=True)
class Table:
    """A table of the page. ``name`` is its first column's."""

    key: str
    title: str
    name: str
    lines: list[tuple[str, Line]]


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """How many conversations were ended, and what became of it, in the reader's language."""
    found = _published()
    with translation.override(spoken(request)):
        response = _page(request, found)
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _page(request: HttpRequest, found: tuple[datetime, Report] | None) -> HttpResponse:
    context: dict[str, Any] = {"least": LEAST_PUBLISHED, "months": MONTHS, "made_at": None}
    if found:
        made_at, report = found
        bars, top = _bars(report)
        context |= {
            "made_at": made_at,
            "report": report,
            "tables": list(_tables(report)),
            "bars": bars,
            "some_withheld": any(bar.withheld for bar in bars),
            "top": top,
        }
    return render(request, "reviews/transparency.html", context)


@login_not_required
@require_safe
def as_csv(_request: HttpRequest) -> HttpResponse:
    """The same as a file; what is withheld says so."""
    found = _published()
    if found is None:
        raise Http404
    made_at, report = found
    name = f"transparency-{made_at:%Y-%m-%d}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    writer = csv.writer(response)
    writer.writerow(["table", "name", *_COLUMNS])
    written = partial(_written, withheld="withheld")
    for table in _tables(report):
        for _label, line in table.lines:
            writer.writerow([table.key, line.name, *(written(line, name) for name in _COLUMNS)])
    return response


def _published() -> tuple[datetime, Report] | None:
    if not settings.TRANSPARENCY:
        raise Http404
    return latest()


def _written(line: Line, name: str, *, withheld: str) -> str:
    value = getattr(line, name)
    if value is not None:
        return f"{value:.1f}" if name == "hours" else str(value)
    return "" if name == "hours" else withheld


def _tables(report: Report) -> Iterator[Table]:
    total = (_("All"), report.total)
    yield Table("month", _("By month"), _("Month"), [(m.name, m) for m in report.months] + [total])
    yield Table(
        "category",
        _("By category"),
        _("Category"),
        [(_(str(Category(line.name).label)), line) for line in report.categories] + [total],
    )
    yield Table(
        "policy_version",
        _("By policy version"),
        _("Version"),
        [(line.name, line) for line in report.versions] + [total],
    )


def _bars(report: Report) -> tuple[list[Bar], int]:
    """A bar a month as high as its cutoffs, of which none is higher than the scale's end."""
    most = max((month.cutoffs or 0 for month in report.months), default=0)
    top = int(up_to(max(most, LEAST_PUBLISHED)))
    step = 100 / len(report.months)
    return [
        _bar(month, x=number * step, step=step, top=top)
        for number, month in enumerate(report.months)
    ], top


def _bar(month: Line, *, x: float, step: float, top: int) -> Bar:
    height = 100.0 if month.cutoffs is None else round(100 * month.cutoffs / top, 2)
    return Bar(
        x=round(x + step * 0.15, 2),
        width=round(step * 0.7, 2),
        height=height,
        top=round(100 - height, 2),
        month=month.name,
        withheld=month.cutoffs is None,
    )
