"""The pages of quality: who sees what of whom, and how few figures are said in words."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import GoldCase, QualityShares, Verdict
from reviews.quality import Confusion, gold_match
from reviews.services import agreement, claims, verdicts
from reviews.services.quality_shares import Shares, shares
from tests.factories import (
    NOW,
    give_verdict,
    make_case,
    make_source,
    make_user,
    new_verdict,
    settle,
)
from tests.reviews.gold_made import dealt

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def sara() -> User:
    return make_user(Role.SENIOR, name="Sara")


def pairs_of(ana: User, ben: User, *decisions: tuple[str, str]) -> None:
    source = make_source()
    QualityShares.objects.create(agreement_share=0, gold_share=0, set_by=ana, set_at=NOW)
    for one, other in decisions:
        case = make_case(source, double=True)
        give_verdict(case, ana, one)
        give_verdict(case, ben, other, now=NOW + MINUTE)


def test_few_pairs_are_said_to_be_too_few(ana: User, ben: User, sara: User, client: Client) -> None:
    pairs_of(ana, ben, *[("overturn", "overturn")] * 3)
    client.force_login(sara)
    page = client.get("/quality").content.decode()
    assert "Too few to tell: 3 pairs." in page
    assert "too few to tell: 3 pairs" in page
    client.force_login(ana)
    assert "Too few to tell: 3 pairs." in client.get("/quality/mine").content.decode()


def test_enough_pairs_have_figures_with_intervals(
    ana: User, ben: User, sara: User, client: Client
) -> None:
    pairs_of(
        ana, ben, *[("overturn", "overturn")] * 10, *[("uphold", "uphold")] * 8,
        *[("overturn", "uphold")] * 2,
    )  # fmt: skip
    client.force_login(sara)
    found = client.get("/quality")
    assert found.context["report"].agreement.percent.value == pytest.approx(0.9)
    page = found.content.decode()
    assert "0.90 (" in page
    assert found.context["report"].confusion == Confusion(10, 2, 8)
    assert "0 of 2 checks are in" in page
    lines = list(csv.reader(io.StringIO(client.get("/quality.csv").content.decode())))
    assert ["table", "name", "measure", "n", "figure"] in lines
    assert any(line[:4] == ["agreement", "all", "alpha", "20"] for line in lines)
    assert any(line[0] == "reviewer" and line[1].startswith("Ana (") for line in lines)
    assert LedgerEntry.objects.get(action="quality.exported", actor=sara).details == {"days": 90}


def test_by_name_is_for_seniors_alone(ana: User, ben: User, client: Client) -> None:
    pairs_of(ana, ben, *[("overturn", "overturn")] * 3)
    client.force_login(make_user(Role.AUDITOR))
    page = client.get("/quality").content.decode()
    assert "Ana" not in page
    assert "Ana" not in client.get("/quality.csv").content.decode()
    client.force_login(ana)
    assert client.get("/quality").headers["Location"] == "/quality/mine"
    assert client.get("/quality.csv").status_code == 403
    assert "Ben" not in client.get("/quality/mine").content.decode()
    client.force_login(make_user(Role.POLICY_ADMIN))
    assert client.get("/quality/mine").status_code == 403


def test_what_is_no_double_review_is_no_pair(ana: User, ben: User, sara: User) -> None:
    alone = make_case()
    give_verdict(alone, ana)
    waiting = make_case(double=True)
    give_verdict(waiting, ana)
    assert agreement.pairs_between(NOW - timedelta(days=90), NOW) == []
    pairs_of(ana, ben, ("overturn", "uphold"))
    (pair,) = agreement.pairs_between(NOW - timedelta(days=90), NOW)
    assert (pair.review.overturned, pair.senior) == ((True, False), None)
    give_verdict(Verdict.objects.latest("at").case, sara, "uphold", now=NOW + 2 * MINUTE)
    (pair,) = agreement.pairs_between(NOW - timedelta(days=90), NOW)
    assert pair.senior is False


def test_without_anything_the_pages_say_what_will_be_there(
    ana: User, sara: User, client: Client
) -> None:
    client.force_login(sara)
    assert "No case was decided twice yet" in client.get("/quality").content.decode()
    assert "There is no gold case yet" in client.get("/quality/gold").content.decode()
    client.force_login(ana)
    assert "Nothing to tell yet" in client.get("/quality/mine").content.decode()


def test_a_gold_case_is_made_and_retired_on_its_pages(
    ana: User, sara: User, client: Client
) -> None:
    case = make_case()
    give_verdict(case, ana)
    settle(case)
    client.force_login(sara)
    assert "Make a gold case" in client.get(f"/cases/{case.number}").content.decode()
    url = f"/quality/gold/new/{case.number}"
    assert client.get(url).status_code == 200
    assert client.post(url, {}).status_code == 422
    sent = {"decisions": ["overturn"], "reason_codes": ["roleplay"], "explanation": "A story."}
    assert client.post(url, sent).status_code == 302
    made = GoldCase.objects.get()
    assert made.made_by == sara
    assert "already" in client.post(url, sent).content.decode()
    assert "A story." in client.get("/quality/gold").content.decode()
    client.post(f"/quality/gold/{made.pk}/retire")
    assert GoldCase.objects.get().retired_by == sara


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.POLICY_ADMIN])
def test_gold_cases_are_not_for_whoever_may_be_dealt_them(role: Role, client: Client) -> None:
    case = make_case()
    client.force_login(make_user(role))
    assert client.get("/quality/gold").status_code == 403
    assert client.get(f"/quality/gold/new/{case.number}").status_code == 403
    assert client.post("/quality/shares", {"agreement": 10, "gold": 5}).status_code == 403


def test_the_shares_are_set_with_who_and_when(sara: User, client: Client) -> None:
    client.force_login(sara)
    client.post("/quality/shares", {"agreement": "25", "gold": "51"})
    assert not QualityShares.objects.exists()
    client.post("/quality/shares", {"agreement": "25", "gold": "5"})
    assert shares() == Shares(0.25, 0.05)
    assert QualityShares.objects.get().set_by == sara
    assert LedgerEntry.objects.get(action="quality.shares_set").details == {
        "agreement": 0.25,
        "gold": 0.05,
    }


def test_gold_results_are_told_a_day_after(ana: User, sara: User, client: Client) -> None:

    exercise = dealt(ana, sara)
    verdicts.decide(case=exercise.case, user=ana, verdict=new_verdict("uphold"), now=NOW)
    assert claims.live_claim(exercise.case) is None
    client.force_login(ana)
    assert "okapi" not in client.get("/quality/mine").content.decode()
    with time_machine.travel(NOW + timedelta(hours=25), tick=False):
        page = client.get("/quality/mine").content.decode()
    assert "okapi" in page
    assert "other decision" in page


def test_gold_match_needs_all_reasons_to_be_acceptable() -> None:

    kept = {"accepted": ["overturn"], "acceptable": ["roleplay", "other"]}
    assert gold_match("overturn", ["roleplay"], **kept).reasons
    assert not gold_match("overturn", ["roleplay", "user_was_right"], **kept).reasons
    assert not gold_match("uphold", ["roleplay"], **kept).decision
