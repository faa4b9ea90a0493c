"""The page of fairness, and what stands in the end beside the overturn rate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case
from reviews.services.fairness import Fairness, fairness
from reviews.vocabulary import CaseState
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_source,
    make_user,
    near_miss_event,
    record,
    settle,
)
from tests.reviews.audits_made import AGO, audited, four_models

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def sara(client: Client) -> User:
    user = make_user(Role.SENIOR, name="Sara")
    client.force_login(user)
    return user


def figures() -> Fairness:
    cache.clear()
    return fairness(days=30, now=NOW)


def test_what_stands_in_the_end_is_a_figure_of_its_own() -> None:
    keys = audited(make_source(), 40, 8)
    Cutoff.objects.filter(pk__in=keys[:4]).update(standing="upheld", remedy="keep_locked")

    found = figures()

    assert (found.first.estimate, found.finally_overturned.estimate) == (0.2, 0.1)
    assert found.first.kind == found.finally_overturned.kind == "interval"


def test_while_an_appeal_is_open_nothing_stands_and_few_done_are_bounds() -> None:
    keys = audited(make_source(), 40, 8)
    Case.objects.filter(pk__in=keys[:3]).update(state=CaseState.OPEN)

    found = figures()

    assert found.first.decided == 40
    assert (found.finally_overturned.kind, found.finally_overturned.decided) == ("bounds", 37)
    assert found.finally_overturned.completion == pytest.approx(37 / 40)


def test_an_appeal_takes_effect_where_it_was_decided(ana: User, ben: User) -> None:
    case = make_case(time=AGO.isoformat())
    Cutoff.objects.filter(pk=case.pk).update(in_audit=True)
    give_verdict(case, ana, "uphold")
    settle(case)
    assert figures().finally_overturned.events == 0

    hear(case, appeal=True, comment="It was a story.", now=NOW + timedelta(hours=2))
    assert figures().finally_overturned.decided == 0
    give_verdict(case, ben, "overturn", now=NOW + timedelta(hours=3))
    settle(case, now=NOW + timedelta(hours=3))

    found = figures()
    assert (found.first.events, found.finally_overturned.events) == (0, 1)


def test_only_audits_of_ends_by_the_model_that_are_old_enough_count() -> None:
    source = make_source()
    audited(source, 3, 1)
    audited(source, 2, 2, at=NOW - timedelta(days=3))
    audited(source, 2, 2, at=NOW - timedelta(days=80))
    for initiator in ("user", "operator"):
        audited(source, 2, 2, cutoff={"initiator": initiator})
    (unseen,) = audited(source, 1, 1)
    Cutoff.objects.filter(pk=unseen).update(in_audit=False)
    record(source, near_miss_event(time=AGO.isoformat()))

    assert (figures().first.audited, figures().first.events) == (3, 1)


def test_what_users_said_moves_nothing() -> None:
    keys = audited(make_source(), 60, 6)
    before = figures()
    Cutoff.objects.filter(pk__in=keys[:30]).update(surprised_at=NOW, unsurprised_at=NOW)

    assert figures() == before


def test_groups_stand_beside_the_rest(client: Client, sara: User) -> None:
    four_models(make_source())
    audited(
        make_source(), 40, 4, cutoff={"category": "defamation"}, conversation={"model": "apart"}
    )

    page = client.get("/quality/fairness?days=30&by=model")

    rows = {row.label: row for row in page.context["rows"]}
    assert rows["worse"].found == "more"
    assert rows["worse"].difference.startswith("+")
    assert rows["hard"].found != "more"
    assert (rows["rare"].audited, rows["rare"].rate) == (12, "")
    assert rows["apart"].rate == ""
    assert rows["worse"].missing == "Defamation"
    text = page.content.decode()
    assert "wrong more often than for the rest" in text
    assert "too few to tell: it or the rest has under 30 audited cutoffs" in text
    assert "Cannot be standardised over Defamation" in text
    assert "it has no category in common with the rest" in text


def test_all_traits_are_looks_of_one_report(client: Client, sara: User) -> None:
    source, other = make_source(), make_source("other-chat")
    four_models(source)
    four_models(other)

    found = figures()

    assert len(found.groups["model"]) == 4
    assert [one.name for one in found.groups["source"]] == [other.slug, source.slug]
    assert found.looks == 3 + 2
    worse = found.groups["model"][0]
    assert worse.q is not None
    assert worse.found.p is not None
    assert worse.q > worse.found.p
    page = client.get("/quality/fairness?days=30&by=source").content.decode()
    assert "5 comparisons are made here" in page


def test_a_language_is_the_one_detected_or_else_that_of_the_locale() -> None:
    keys = audited(make_source(), 3, 0, conversation={"locale": "de-AT"})
    Case.objects.filter(pk=keys[0]).update(language="fr")
    Cutoff.objects.filter(pk=keys[1]).update(locale="")

    assert {one.name for one in figures().groups["language"]} == {"fr", "de", ""}


def test_a_trait_that_all_share_has_nothing_to_compare_with(client: Client, sara: User) -> None:
    audited(make_source(), 40, 4)

    text = client.get("/quality/fairness?days=30&by=age").content.decode()

    assert "not said, or no longer kept" in text
    assert "nothing to compare with" in text


def test_small_groups_beyond_those_listed_are_counted(
    client: Client, sara: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviews.services.fairness.MOST_GROUPS", 1)
    four_models(make_source())

    page = client.get("/quality/fairness?days=30&by=model")

    assert len(page.context["rows"]) == 1
    assert "3 smaller groups are not listed" in page.content.decode()


def test_more_audits_than_are_read_are_said(
    client: Client, sara: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviews.services.fairness.MOST_COUNTED", 5)
    audited(make_source(), 6, 1)

    assert "these are the latest" in client.get("/quality/fairness?days=30").content.decode()
    assert figures().first.audited == 5


def test_without_audits_the_page_says_when_there_will_be_figures(
    client: Client, sara: User
) -> None:
    text = client.get("/quality/fairness?days=nonsense&by=nonsense").content.decode()

    assert "No cutoff was audited in that time" in text


def test_the_queries_do_not_grow_and_are_saved_for_ten_minutes(
    client: Client, sara: User, django_assert_num_queries: Any
) -> None:
    source = make_source()
    for n in (40, 80):
        audited(source, n, 4)
        cache.clear()
        with django_assert_num_queries(7):
            client.get("/quality/fairness?days=30")
    with django_assert_num_queries(6):
        client.get("/quality/fairness?days=30&by=source")


def test_the_quality_page_has_both_rates_and_the_way_there(client: Client, sara: User) -> None:
    audited(make_source(), 40, 4)

    text = client.get("/quality?days=30").content.decode().replace("\N{NO-BREAK SPACE}", " ")

    assert "Finally overturned" in text
    assert text.count("10.0 % (") == 2
    assert "40 of 40 audits decided (100.0 %)" in text
    assert 'href="/quality/fairness?days=30"' in text


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.SENIOR, 200),
        (Role.ADMINISTRATOR, 200),
        (Role.AUDITOR, 200),
        (Role.REVIEWER, 403),
        (Role.POLICY_ADMIN, 403),
    ],
)
def test_it_is_for_those_who_see_everybody_s_quality(
    role: Role, status: int, client: Client
) -> None:
    client.force_login(make_user(role))
    assert client.get("/quality/fairness").status_code == status
