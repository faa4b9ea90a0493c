"""The public report: what it counts, what it withholds, and the page that shows it."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from conversations.models import Cutoff
from conversations.vocabulary import Remedy, Standing
from reviews.models import Case, Feedback, TransparencyReport
from reviews.services import transparency
from reviews.transparency import ALL, Counts, Line, report
from reviews.views import transparency as views
from tests.factories import make_case

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 11, 21, 2, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _rendered_anew() -> None:
    """What a process keeps of one test is not there in the next."""
    views._figures.cache_clear()


def _ended(at: datetime, *, category: str = "hate", **changes: Any) -> Case:
    """A case of a cutoff of *at*."""
    case = make_case(cutoff={"category": category})
    Cutoff.objects.filter(pk=case.pk).update(at=at, **changes)
    return case


def _settled(at: datetime, standing: Standing) -> dict[str, Any]:
    return {"standing": standing, "remedy": Remedy.KEEP_LOCKED, "settled_at": at}


def test_it_counts_what_was_ended_and_what_became_of_it() -> None:
    october = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    overturned = _ended(october)
    Case.objects.filter(pk=overturned.pk).update(opened_at=october)
    Cutoff.objects.filter(pk=overturned.pk).update(
        **_settled(october + timedelta(hours=5), Standing.OVERTURNED)
    )
    Feedback.objects.create(case=overturned, surprised=True, appeal=True, channel="api", at=october)
    _ended(october, category="harassment_of_model")
    _ended(datetime(2026, 11, 1, tzinfo=UTC))  # its month is not over
    _ended(datetime(2025, 10, 31, tzinfo=UTC))  # more than twelve months ago
    _ended(october, trial=True, in_audit=False, in_double=False)
    counted = transparency._count(transparency.months_before(NIGHT), NIGHT)
    assert counted[ALL, ALL, ALL] == Counts(2, 1, 1, 1, 5.0)
    assert counted["2026-10", ALL, ALL] == Counts(2, 1, 1, 1, 5.0)
    assert counted[ALL, "category", "hate"] == Counts(1, 1, 1, 1, 5.0)
    assert counted[ALL, "category", "harassment_of_model"] == Counts(1)
    assert {kind for _, kind, _ in counted} == {ALL, "category", "version"}


def test_who_still_waits_counts_for_as_long_as_they_have_waited() -> None:
    """The remissions of Freireich and others (1963), in weeks: their Kaplan-Meier median is 23."""
    decided = (6, 6, 6, 7, 10, 13, 16, 22, 23)
    waiting = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
    october = datetime(2026, 10, 3, tzinfo=UTC)
    for hours in decided:
        settled = _settled(october + timedelta(hours=hours), Standing.UPHELD)
        Case.objects.filter(pk=_ended(october, **settled).pk).update(opened_at=october)
    for hours in waiting:
        since = NIGHT - timedelta(hours=hours)
        Case.objects.filter(pk=_ended(october).pk).update(opened_at=since)
    unselected = _ended(october)
    Case.objects.filter(pk=unselected.pk).update(selected=False, state="unselected")
    counted = transparency._count(transparency.months_before(NIGHT), NIGHT)
    assert counted["2026-10", ALL, ALL].hours == pytest.approx(23)
    Cutoff.objects.update(standing="", remedy="", settled_at=None)
    counted = transparency._count(transparency.months_before(NIGHT), NIGHT)
    assert counted["2026-10", ALL, ALL].hours is None


def test_the_months_are_the_twelve_whole_ones_before() -> None:
    months = transparency.months_before(NIGHT)
    assert (months[0], months[-1], len(months)) == ("2025-11", "2026-10", 12)


def _counted(**by_category: Counts) -> dict[tuple[str, str, str], Counts]:
    """All in one month and one version."""
    names = ("cutoffs", "reviewed", "overturned", "appeals")
    sums = {name: sum(getattr(counts, name) for counts in by_category.values()) for name in names}
    total = Counts(**sums, hours=3.0)
    return {
        (ALL, ALL, ALL): total,
        ("2026-10", ALL, ALL): total,
        (ALL, "version", "1"): total,
        **{(ALL, "category", name): counts for name, counts in by_category.items()},
    }


def test_large_counts_are_told() -> None:
    made = report(_counted(hate=Counts(200, 100, 40, 30, 3.0)), ["2026-10"])
    assert made.categories == [Line("hate", 200, 100, 40, 30, 3.0)]
    assert made.total.overturned == 40


def test_a_small_count_cannot_be_found_from_the_total_nor_from_its_neighbours() -> None:
    made = report(
        _counted(
            hate=Counts(200, 100, 40, 30, 3.0),
            privacy=Counts(200, 100, 40, 30, 3.0),
            other=Counts(60, 30, 4, 15, 3.0),
        ),
        ["2026-10"],
    )
    overturned = {line.name: line.overturned for line in made.categories}
    assert overturned["other"] is None
    assert sum(count is None for count in overturned.values()) == 2
    assert made.total.overturned == 84


def test_nor_as_the_difference_of_two_columns() -> None:
    """Three of a hundred were upheld: that too is a small count."""
    made = report(_counted(hate=Counts(200, 100, 97, 30, 3.0)), ["2026-10"])
    (line,) = made.categories
    assert line.reviewed is None or line.overturned is None


def test_no_median_of_few() -> None:
    made = report(_counted(hate=Counts(200, 4, 0, 0, 3.0)), ["2026-10"])
    assert made.categories[0].reviewed is None
    assert made.categories[0].hours is None


def test_the_page_is_for_everybody_where_it_is_switched_on(
    client: Client, settings: Settings
) -> None:
    assert client.get("/transparency").status_code == 404
    assert client.get("/transparency.csv").status_code == 404
    settings.TRANSPARENCY = True
    before = client.get("/transparency")
    assert "The first report is made tonight" in before.content.decode()
    for number in range(24):
        at = datetime(2026, 9 + number % 2, 3, tzinfo=UTC)
        _ended(at, **_settled(at, Standing.UPHELD))
    transparency.make(now=NIGHT)
    transparency.make(now=NIGHT + timedelta(hours=3))
    assert TransparencyReport.objects.count() == 1
    page = client.get("/transparency").content.decode()
    assert "By category" in page
    assert "Hate" in page
    rows = list(csv.DictReader(StringIO(client.get("/transparency.csv").content.decode())))
    totals = {row["cutoffs"] for row in rows if row["name"] == ALL}
    assert totals == {"24"}
    assert [row["cutoffs"] for row in rows if row["table"] == "month"][-3:] == ["12", "12", "24"]


def test_a_withheld_month_is_no_empty_one_on_the_chart(client: Client, settings: Settings) -> None:
    settings.TRANSPARENCY = True
    for month, number in ((7, 13), (8, 3), (9, 14), (10, 12)):
        for _ in range(number):
            _ended(datetime(2026, month, 3, tzinfo=UTC))
    transparency.make(now=NIGHT)
    page = client.get("/transparency")
    rows = list(csv.DictReader(StringIO(client.get("/transparency.csv").content.decode())))
    months = [row["cutoffs"] for row in rows if row["table"] == "month" and row["name"] != ALL]
    assert {"withheld", "14", "0"} <= set(months)
    by_month = page.context["tables"][0]
    ended = [bar for _label, bar, _said in by_month.charts[0].rows]
    assert [bar.untold for bar in ended] == [count == "withheld" for count in months]
    assert {bar.length for bar in ended if bar.untold} == {100}
    assert {bar.length for bar, count in zip(ended, months, strict=True) if count == "0"} == {0}
    untold = sum(bar.untold for chart in by_month.charts for _label, bar, _said in chart.rows)
    assert (
        page.text.count('class="untold" fill="url(#hatched)"') == untold > months.count("withheld")
    )
    assert re.search(r'class="key".*?withheld\s*</p>', page.text, re.DOTALL)


def test_where_nothing_is_withheld_the_charts_have_no_word_for_it(
    client: Client, settings: Settings
) -> None:
    settings.TRANSPARENCY = True
    for _ in range(24):
        at = datetime(2026, 10, 3, tzinfo=UTC)
        _ended(at, **_settled(at, Standing.UPHELD))
    transparency.make(now=NIGHT)
    page = client.get("/transparency")
    assert "url(#hatched" not in page.text
    assert 'class="key"' not in page.text
    # One category and one version: a bar alone has nothing to be held against.
    assert [len(table.charts) for table in page.context["tables"]] == [4, 0, 0]


def test_each_chart_answers_one_question_and_stands_above_its_table(
    client: Client, settings: Settings
) -> None:
    settings.TRANSPARENCY = True
    at = datetime(2026, 10, 3, tzinfo=UTC)
    for category, overturned in (("hate", 10), ("privacy", 20)):
        for number in range(40):
            standing = Standing.OVERTURNED if number < overturned else Standing.UPHELD
            _ended(at, category=category, **_settled(at, standing))
    transparency.make(now=NIGHT)
    page = client.get("/transparency")
    by_month, by_category, _by_version = page.context["tables"]
    titles = [chart.title for chart in by_month.charts]
    assert titles == ["Ended", "Share overturned", "Appeals", "Hours to decide"]
    ended, overturned = by_category.charts
    assert [(label, said) for label, _bar, said in ended.rows] == [
        ("Hate", "40"),
        ("Privacy", "40"),
    ]
    shares = [(label, bar.length, said) for label, bar, said in overturned.rows]
    assert overturned.top == "50.0%"
    assert shares == [("Hate", 50, "25.0%"), ("Privacy", 100, "50.0%")]
    section = page.text[page.text.index('id="by-category"') :]
    assert section.index("<figure") < section.index("<table")
    row = re.search(r'scope="row">Hate<.*?</tr>', section, re.DOTALL)
    assert row
    assert "25.0%" in row[0]


def test_the_charts_speak_the_readers_language(client: Client, settings: Settings) -> None:
    settings.TRANSPARENCY = True
    at = datetime(2026, 10, 3, tzinfo=UTC)
    for category in ("hate", "privacy"):
        for _ in range(40):
            _ended(at, category=category, **_settled(at, Standing.OVERTURNED))
    transparency.make(now=NIGHT)
    page = client.get("/transparency", headers={"Accept-Language": "de"})
    chart = page.context["tables"][1].charts[1]
    assert (chart.title, chart.unit) == ("Anteil aufgehoben", "Anteil an den Prüfungen")
    assert [said for _label, _bar, said in chart.rows] == ["100,0\xa0%"] * 2


def test_the_page_speaks_the_readers_language(client: Client, settings: Settings) -> None:
    settings.TRANSPARENCY = True
    for _ in range(24):
        _ended(datetime(2026, 10, 3, tzinfo=UTC))
    transparency.make(now=NIGHT)
    german = client.get("/transparency", headers={"Accept-Language": "de-AT"})
    assert '<html lang="de"' in german.text
    assert "Nach Kategorie" in german.text
    assert "Hass" in german.text
    assert "Accept-Language" in german.headers["Vary"]
    arabic = client.get("/transparency?lang=ar").text
    assert 'dir="rtl"' in arabic
    assert "تقرير الشفافية" in arabic
    assert "By category" in client.get("/transparency").text
    # A program reads this: it stays as it is.
    table = client.get("/transparency.csv", headers={"Accept-Language": "de"}).text
    assert table.startswith("table,name,cutoffs")


def test_the_page_reads_one_row(
    client: Client, settings: Settings, django_assert_num_queries: Any
) -> None:
    settings.TRANSPARENCY = True
    transparency.make(now=NIGHT)
    client.get("/transparency")
    with django_assert_num_queries(1):
        assert client.get("/transparency").status_code == 200


def test_a_report_is_drawn_once_a_language_until_the_next_one(
    client: Client, settings: Settings
) -> None:
    settings.TRANSPARENCY = True
    drawn = "reviews/_report_tables.html"

    def templates(language: str) -> set[str | None]:
        page = client.get("/transparency", headers={"Accept-Language": language})
        assert '<th scope="row">2026-10</th>' in page.text
        return {template.name for template in page.templates}

    transparency.make(now=NIGHT)
    assert drawn in templates("en")
    assert drawn not in templates("en")
    assert drawn in templates("de")
    assert drawn not in templates("en")
    for _ in range(24):
        _ended(datetime(2026, 10, 3, tzinfo=UTC))
    # Made again in the same night: another report under the same date.
    transparency.make(now=NIGHT + timedelta(hours=1))
    assert drawn in templates("en")
