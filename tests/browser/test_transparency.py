"""The public report in a browser: its charts in both themes, on a phone, and from right to left."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from playwright.sync_api import Locator
from pytest_django.fixtures import Settings

from reviews.models import TransparencyReport
from reviews.transparency import ALL, Counts, report
from tests.browser.conftest import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

MONTHS = [f"2026-{month:02}" for month in range(1, 13)]


@pytest.fixture(autouse=True)
def _published(settings: Settings) -> None:
    """A report in which some figures are withheld, and some are not there."""
    settings.TRANSPARENCY = True
    by_month = [
        Counts(60 * number, 20 * number, 5 * number, 11 * number, 2.5 * number or None)
        for number in range(12)
    ]
    # Of the second month, reviews that overturned are too few to be told.
    by_month[1] = Counts(60, 20, 3, 11, None)
    total = _sum(by_month)
    hate = Counts(1000, 300, 100, 200, 9.0)
    left = {name: getattr(total, name) - getattr(hate, name) for name in _COUNTED}
    rest = Counts(**left, hours=7.5)
    counted = {(month, ALL, ALL): one for month, one in zip(MONTHS, by_month, strict=True)}
    for kind, names in (
        ("category", ("hate", "child_sexual_exploitation")),
        ("version", ("9", "10")),
    ):
        counted |= {(ALL, kind, names[0]): hate, (ALL, kind, names[1]): rest}
    counted[ALL, ALL, ALL] = total
    TransparencyReport.objects.create(
        made_at=datetime(2027, 1, 3, tzinfo=UTC),
        content=msgspec.to_builtins(report(counted, MONTHS)),
    )


_COUNTED = ("cutoffs", "reviewed", "overturned", "appeals")


def _sum(counts: list[Counts]) -> Counts:
    return Counts(**{name: sum(getattr(one, name) for one in counts) for name in _COUNTED}, hours=8)


def _sides(bars: Locator) -> list[float]:
    """Where each of *bars* begins on the screen."""
    found: list[float] = bars.evaluate_all("all => all.map(b => b.getBoundingClientRect().x)")
    return found


def test_the_charts_are_drawn_in_every_look(visitor: Visitor) -> None:
    page = visitor.go("/transparency")
    visitor.check()
    assert page.locator("figure.upright").count() == 4
    assert page.locator("figure.lying").count() == 3
    bars = page.locator("figure.upright").first.locator("rect")
    heights = bars.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert heights[0] == 0
    assert heights[11] > heights[2] > 1
    shares = page.locator("figure.upright").nth(1)
    fills = shares.locator("rect").evaluate_all("all => all.map(one => getComputedStyle(one).fill)")
    assert 'url("#hatched")' in fills[1]
    assert fills[11].startswith("rgb")
    assert "withheld" in shares.inner_text()
    assert _sides(bars) == sorted(_sides(bars))


def test_in_arabic_time_goes_to_the_left(visitor: Visitor) -> None:
    page = visitor.go("/transparency?lang=ar")
    visitor.check()
    bars = page.locator("figure.upright").first.locator("rect")
    assert _sides(bars) == sorted(_sides(bars), reverse=True)
    first, last = page.locator("figure.upright .across").first.locator("span:nth-child(odd)").all()
    assert _sides(first)[0] > _sides(last)[0]
    # Bars that lie begin where their labels end.
    lying = page.locator("figure.lying li:not(.unit)").first
    (label,), (bar,), (said,) = (_sides(lying.locator(one)) for one in (".label", "rect", ".said"))
    assert label > bar > said
