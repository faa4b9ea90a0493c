"""The public report. No login; nothing of it is computed while somebody waits."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations.vocabulary import Category
from reviews.report_charts import Bar, Bars, counts, hours, share, shares
from reviews.services.transparency import latest
from reviews.suppression import LEAST_PUBLISHED
from reviews.transparency import MONTHS, Line, Report
from reviews.views.spoken import spoken

_COLUMNS = ("cutoffs", "reviewed", "overturned", "appeals", "hours")
#: So many policy versions are on the chart, the latest; the table has all.
MOST_VERSIONS: Final = 12

#: The lines of a table but for its sum, each with its label.
_Lines = Sequence[tuple[str, Line]]


@dataclass(frozen=True)
class Chart:
    """A chart above a table. ``unit`` is the title of its scale, which ends at ``top``.

    ``rows`` are its bars, each with its line's label and its value as text; ``upright`` says
    whether they stand side by side.
    """

    title: str
    unit: str
    top: str
    upright: bool
    some_untold: bool
    untold: str
    rows: list[tuple[str, Bar, str]]


@dataclass(frozen=True)
class Table:
    """A table of the page. ``name`` is its first column's."""

    key: str
    title: str
    name: str
    #: Each with its label, and the share of its reviews that overturned: empty where none is told.
    lines: list[tuple[str, Line, str]]
    charts: list[Chart]


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
        figures = _figures(translation.get_language(), msgspec.json.encode(report))
        context |= {"made_at": made_at, "figures": figures}
    return render(request, "reviews/transparency.html", context)


# The same for everybody until the next report: 30 ms that a process takes once a language.
@lru_cache(maxsize=2 * len(settings.LANGUAGES))
def _figures(_language: str, report: bytes) -> SafeString:
    """The charts and tables of *report* in the language of the page."""
    tables = list(_tables(msgspec.json.decode(report, type=Report)))
    return render_to_string("reviews/_report_tables.html", {"tables": tables})


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
        for _label, line, _share in table.lines:
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
    months = [(month.name, month) for month in report.months]
    yield _table("month", _("By month"), _("Month"), months, report.total, _by_month)
    categories = [(_(str(Category(line.name).label)), line) for line in report.categories]
    yield _table(
        "category", _("By category"), _("Category"), categories, report.total, _by_category
    )
    versions = [(line.name, line) for line in report.versions]
    yield _table(
        "policy_version",
        _("By policy version"),
        _("Version"),
        versions,
        report.total,
        lambda lines: [_shares(lines[-MOST_VERSIONS:])],
    )


def _table(
    key: str,
    title: str,
    name: str,
    lines: _Lines,
    total: Line,
    charted: Callable[[_Lines], list[Chart]],
) -> Table:
    return Table(
        key,
        title,
        name,
        [(label, line, _share(share(line))) for label, line in [*lines, (_("All"), total)]],
        # A bar alone has nothing to be held against.
        charted(lines) if len(lines) > 1 else [],
    )


def _by_month(lines: _Lines) -> list[Chart]:
    months = [month for _label, month in lines]
    count, hidden = _("Conversations"), _("withheld")
    return [
        _chart(_("Ended"), count, lines, counts(months, "cutoffs"), _whole, hidden, upright=True),
        _shares(lines, upright=True),
        _chart(_("Appeals"), count, lines, counts(months, "appeals"), _whole, hidden, upright=True),
        _chart(
            _("Hours to decide"),
            _("Hours"),
            lines,
            hours(months),
            _whole,
            _("none told"),
            upright=True,
        ),
    ]


def _by_category(lines: _Lines) -> list[Chart]:
    ended = counts([line for _label, line in lines], "cutoffs")
    return [
        _chart(_("Ended"), _("Conversations"), lines, ended, _whole, _("withheld")),
        _shares(lines),
    ]


def _shares(lines: _Lines, *, upright: bool = False) -> Chart:
    bars = shares([line for _label, line in lines])
    title, unit, hidden = _("Share overturned"), _("Share of the reviews"), _("withheld")
    return _chart(title, unit, lines, bars, _share, hidden, upright=upright)


def _chart(
    title: str,
    unit: str,
    lines: _Lines,
    drawn: Bars,
    said: Callable[[float | None], str],
    untold: str,
    *,
    upright: bool = False,
) -> Chart:
    return Chart(
        title=title,
        unit=unit,
        top=said(drawn.top),
        upright=upright,
        some_untold=drawn.some_untold,
        untold=untold,
        rows=[
            (label, bar, untold if bar.untold else said(bar.value) or "–")
            for (label, _line), bar in zip(lines, drawn.bars, strict=True)
        ],
    )


def _whole(value: float | None) -> str:
    return "" if value is None else number_format(value, decimal_pos=0, force_grouping=True)


def _share(value: float | None) -> str:
    if value is None:
        return ""
    return _("%(percent)s%%") % {"percent": number_format(100 * value, decimal_pos=1)}
