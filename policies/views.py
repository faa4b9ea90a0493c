"""Reading policy versions."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from conversations.vocabulary import Category
from policies.evaluation import CRITERIA
from policies.models import Activation, PolicyVersion
from policies.thresholds import Thresholds

#: Versions are few; a page that lists this many needs no paging.
LISTED = 100


@dataclass(frozen=True)
class CategoryRow:
    """The thresholds of one category, as words; ``own`` where they differ from the default."""

    label: str
    own: bool
    enabled: bool
    values: tuple[str, ...]


@require_safe
@permission_required("policies.view_policyversion", raise_exception=True)
def versions(request: HttpRequest) -> HttpResponse:
    """The version in force, and all others."""
    active = Activation.objects.filter(ended_at=None).select_related("version").first()
    version = active.version if active else PolicyVersion.objects.order_by("number").first()
    return _page(request, version)


@require_safe
@permission_required("policies.view_policyversion", raise_exception=True)
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One version."""
    return _page(request, get_object_or_404(PolicyVersion, number=number))


def _page(request: HttpRequest, shown: PolicyVersion | None) -> HttpResponse:
    listed = PolicyVersion.objects.select_related("author").prefetch_related("activations")
    return render(
        request,
        "policies/versions.html",
        {
            "versions": listed[:LISTED],
            "shown": shown,
            "thresholds": shown.thresholds if shown else None,
            "criteria": [criterion.label for criterion in CRITERIA],
            "rows": _rows(shown.thresholds) if shown else [],
        },
    )


def _rows(thresholds: Thresholds) -> list[CategoryRow]:
    rows = []
    for category in Category:
        asked = thresholds.of(category)
        rows.append(
            CategoryRow(
                label=category.label,
                own=category.value in thresholds.categories,
                enabled=asked.enabled,
                values=tuple(
                    _words(criterion.threshold(asked), whole=criterion.whole)
                    for criterion in CRITERIA
                ),
            )
        )
    return rows


def _words(threshold: float, *, whole: bool) -> str:
    """A threshold as a table shows it; one of 0 asks for nothing."""
    if threshold <= 0:
        return "–"
    return f"≥ {threshold:.0f}" if whole else f"≥ {threshold:.2f}"
