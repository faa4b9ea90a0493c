"""Whether ending is wrong more often for some than for others: a page for those who oversee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from policies.estimation import NEEDED_COMPLETION
from policies.fairness import FALSE_DISCOVERIES, LEAST_AUDITED
from reviews.services.fairness import TRAITS, Group, fairness
from reviews.views.quality import WINDOWS, looker, window
from reviews.views.rates import (
    completion_told,
    difference_told,
    overturned,
    p_told,
    percent,
    rate_told,
)

#: What groups are told apart by, as the page says it.
_BY: Final[dict[str, Any]] = {
    "model": gettext_lazy("Model"),
    "surface": gettext_lazy("Surface"),
    "language": gettext_lazy("Language"),
    "source": gettext_lazy("Source"),
    "age": gettext_lazy("Age band"),
}


@dataclass(frozen=True)
class Row:
    """A group as the table shows it; ``rate`` is empty where there are too few audited cutoffs.

    ``p`` and ``q`` are empty where there are only bounds. ``found`` is "more", "less" or empty.
    """

    label: str
    audited: int
    rate: str = ""
    completion: str = ""
    difference: str = ""
    p: str = ""
    q: str = ""
    found: str = ""
    missing: str = ""
    covered: str = ""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Standardised overturn rates of the groups by one trait, each beside the rest."""
    looker(request)
    days, _since, now = window(request)
    asked = request.GET.get("by", "")
    by = asked if asked in TRAITS else next(iter(TRAITS))
    found = fairness(days=days, now=now)
    context = {
        "windows": WINDOWS,
        "days": days,
        "traits": _BY.items(),
        "by": by,
        "trait": _BY[by],
        "found": found,
        "rows": [_row(group) for group in found.groups[by]],
        "left_out": found.left_out[by],
        "least": LEAST_AUDITED,
        "needed": round(100 * NEEDED_COMPLETION),
        "mistakes": round(100 * FALSE_DISCOVERIES),
        **overturned(found),
    }
    return render(request, "reviews/fairness.html", context)


def _row(group: Group) -> Row:
    found, label = group.found, group.name or _("not said, or no longer kept")
    missing = ", ".join(str(category.label) for category in group.missing)
    if found.difference is None:
        return Row(label, found.audited, missing=missing)
    rate, difference = found.difference.first, found.difference
    real = group.q is not None and group.q <= FALSE_DISCOVERIES
    return Row(
        label=label,
        audited=found.audited,
        rate=rate_told(rate),
        completion=completion_told(rate),
        difference=difference_told(difference),
        p="" if found.p is None else p_told(found.p),
        q="" if group.q is None else p_told(group.q),
        found=("more" if (difference.estimate or 0) > 0 else "less") if real else "",
        missing=missing,
        covered=percent(found.covered),
    )
