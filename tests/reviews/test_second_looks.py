"""Second reviews, second looks and checked agreements: who is asked, and that nobody can tell."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import AgreementDraw, Case, QualityShares, Verdict
from reviews.second_looks import Stakes, needs_second_look
from reviews.services import claims, seen, settlement, verdicts
from reviews.vocabulary import CaseState
from tests.concurrency import at_once
from tests.factories import NOW, give_verdict, make_case, make_user, new_verdict, settle

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER, name="Ana")


@pytest.fixture
def ben() -> User:
    return make_user(Role.REVIEWER, name="Ben")


@pytest.fixture
def sara() -> User:
    return make_user(Role.SENIOR, name="Sara")


def shares(agreement: float, gold: float = 0) -> None:
    QualityShares.objects.create(
        agreement_share=agreement, gold_share=gold, set_by=make_user(), set_at=NOW
    )


def breach_case() -> Case:
    case = make_case()
    Case.objects.filter(pk=case.pk).update(breach=True)
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    return Case.objects.select_related("cutoff").get(pk=case.pk)


@pytest.mark.parametrize("name", ["restricted", "crisis", "breach", "escalated", "held"])
def test_each_stake_alone_holds_an_overturn(name: str) -> None:
    stakes = Stakes(**{name: True})
    assert needs_second_look("overturn", stakes)
    assert not needs_second_look("uphold", stakes)
    assert not needs_second_look("should_have_ended", stakes)
    assert stakes.need_a_senior == (name in ("restricted", "escalated", "held"))


def test_an_ordinary_overturn_waits_for_nobody(ana: User) -> None:
    assert not needs_second_look("overturn", Stakes())
    case = make_case()
    give_verdict(case, ana)
    assert case.state == CaseState.SETTLING


def test_a_high_impact_overturn_waits_for_a_second_verdict(ana: User, ben: User) -> None:
    case = breach_case()
    give_verdict(case, ana)
    assert (case.state, case.settle_at) == (CaseState.SECOND_REVIEW, None)
    settlement.settle_due(now=NOW + timedelta(days=1))
    assert Cutoff.objects.get(pk=case.pk).standing == ""

    give_verdict(case, ben, now=NOW + MINUTE)
    settle(case)
    assert Cutoff.objects.get(pk=case.pk).standing == "overturned"


def test_a_high_impact_overturn_that_another_upholds_is_a_seniors(
    ana: User, ben: User, sara: User
) -> None:
    case = breach_case()
    give_verdict(case, ana)
    give_verdict(case, ben, "uphold", now=NOW + MINUTE)
    assert (case.state, case.contested) == (CaseState.ADJUDICATION, True)
    give_verdict(case, sara, "uphold", now=NOW + 2 * MINUTE)
    settle(case)
    assert (case.contested, Cutoff.objects.get(pk=case.pk).standing) == (False, "upheld")


def test_who_upholds_a_breach_is_not_asked_twice(ana: User) -> None:
    case = breach_case()
    give_verdict(case, ana, "uphold")
    assert case.state == CaseState.SETTLING


def test_all_agreements_are_checked_where_the_share_is_one(
    ana: User, ben: User, sara: User
) -> None:
    shares(1)
    case = make_case(double=True)
    give_verdict(case, ana, "uphold")
    give_verdict(case, ben, "uphold", now=NOW + MINUTE)
    assert (case.state, case.contested) == (CaseState.ADJUDICATION, False)
    draw = AgreementDraw.objects.get()
    assert (draw.probability, draw.drawn) == (1, True)
    give_verdict(case, sara, "overturn", now=NOW + 2 * MINUTE)
    settle(case)
    assert Cutoff.objects.get(pk=case.pk).standing == "overturned"
    assert Cutoff.objects.get(pk=case.pk).first_review == 1


def test_no_agreement_is_checked_where_the_share_is_none(ana: User, ben: User) -> None:
    shares(0)
    case = make_case(double=True)
    give_verdict(case, ana)
    give_verdict(case, ben)
    assert case.state == CaseState.SETTLING
    assert not AgreementDraw.objects.get().drawn


def test_the_draw_stays_when_a_verdict_is_taken_back_and_the_share_changed(
    ana: User, ben: User
) -> None:
    shares(0)
    case = make_case(double=True)
    give_verdict(case, ana)
    give_verdict(case, ben, now=NOW + MINUTE)
    verdicts.undo(case=case, user=ben, now=NOW + MINUTE)
    shares(1)
    give_verdict(case, ben, now=NOW + 2 * MINUTE)
    assert case.state == CaseState.SETTLING
    assert AgreementDraw.objects.get().probability == 0


def test_second_looks_are_no_sample_of_agreement(ana: User, ben: User) -> None:
    shares(1)
    case = breach_case()
    give_verdict(case, ana)
    give_verdict(case, ben)
    assert case.state == CaseState.SETTLING
    assert not AgreementDraw.objects.exists()


def _told(client: Client, case: Case) -> tuple[dict[str, Any], str]:
    data = client.get(f"/api/v1/cases/{case.pk}").json()
    page = client.get(f"/cases/{case.number}").content.decode()
    return data, page


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR])
def test_a_second_review_shows_like_a_first(role: Role, ana: User, client: Client) -> None:
    first, second = make_case(), make_case(double=True)
    give_verdict(second, ana, rationale="giraffe")
    client.force_login(make_user(role))
    before, _ = _told(client, first)
    after, page = _told(client, second)
    assert before.keys() == after.keys()
    assert [before[name] for name in ("state", "reasons")] == [
        after[name] for name in ("state", "reasons")
    ]
    assert after["state"] == "open"
    assert [entry["what"] for entry in before["timeline"]] == [
        entry["what"] for entry in after["timeline"]
    ]
    for word in ("giraffe", "econd review", "independent", "Ana"):
        assert word not in page
    listed = client.get("/api/v1/cases?state=open").json()["results"]
    assert {one["state"] for one in listed} == {"open"}
    assert {str(first.pk), str(second.pk)} == {one["id"] for one in listed}
    assert client.get("/api/v1/cases?state=second_review").json()["results"] == []
    assert "econd review" not in client.get("/review?state=all").content.decode().split("<table")[1]


def test_a_checked_agreement_shows_to_a_senior_like_any_case(
    ana: User, ben: User, sara: User, client: Client
) -> None:
    shares(1)
    case = make_case(double=True)
    give_verdict(case, ana, rationale="giraffe")
    give_verdict(case, ben, rationale="giraffe")
    client.force_login(sara)
    data, page = _told(client, case)
    assert data["state"] == "open"
    assert "contested" not in data
    assert data["verdicts"] == []
    assert "giraffe" not in page
    assert "djudication" not in page.split("<main")[1]
    assert client.get("/api/v1/cases?state=adjudication").json()["results"] == []
    assert len(client.get("/api/v1/cases?state=open").json()["results"]) == 1


def test_a_senior_reads_both_verdicts_without_names_and_then_with(
    ana: User, ben: User, sara: User, client: Client
) -> None:
    case = make_case(double=True)
    give_verdict(case, ana, "overturn", rationale="giraffe")
    give_verdict(case, ben, "uphold", rationale="okapi")
    client.force_login(sara)
    _, page = _told(client, case)
    assert "giraffe" not in page
    claims.claim(case=case, user=sara)
    data, page = _told(client, case)
    assert {one["decision"] for one in data["contested"]} == {"overturn", "uphold"}
    assert not {"reviewer", "id", "at"} & data["contested"][0].keys()
    assert "giraffe" in page
    assert "okapi" in page
    assert "Ana" not in page
    assert "Ben" not in page
    assert LedgerEntry.objects.filter(action="verdicts.compared", actor=sara).exists()

    later = NOW + timedelta(seconds=1)
    verdicts.decide(case=case, user=sara, verdict=new_verdict("uphold"), now=later)
    data, page = _told(client, case)
    assert "contested" not in data
    assert "Ana" not in page  # as long as hers can be taken back
    settle(case)
    assert "Ana" in _told(client, case)[1]


def test_other_seniors_read_nothing_of_what_one_holds(ana: User, ben: User, sara: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana, "overturn")
    give_verdict(case, ben, "uphold")
    claims.claim(case=case, user=sara)
    client = Client()
    client.force_login(make_user(Role.SENIOR))
    assert "contested" not in client.get(f"/api/v1/cases/{case.pk}").json()


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR, Role.AUDITOR])
def test_lists_by_state_and_what_they_show_agree(
    role: Role, ana: User, ben: User, sara: User
) -> None:
    shares(1)
    viewer = make_user(role)
    both = make_case(double=True)
    give_verdict(both, ana)
    checked = make_case(double=True)
    give_verdict(checked, ana)
    give_verdict(checked, ben)
    contested = make_case(double=True)
    give_verdict(contested, ana)
    give_verdict(contested, ben, "uphold")
    own = make_case(double=True)
    if role != Role.AUDITOR:
        give_verdict(own, viewer)
    make_case()
    give_verdict(make_case(), ana)
    cases = Case.objects.all()
    shown = seen.as_seen(cases.order_by("pk"), user=viewer)
    for state in CaseState:
        listed = seen.in_state(cases, state, user=viewer).order_by("pk")
        assert [one.pk for one in listed] == [one.pk for one in shown if one.state == state]


def test_a_masked_case_cannot_be_saved(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana)
    masked = seen.seen(case, user=ben)
    with pytest.raises(RuntimeError, match="masked"):
        masked.save()
    assert Case.objects.get(pk=case.pk).state == CaseState.SECOND_REVIEW


@pytest.mark.django_db(transaction=True)
def test_of_two_second_reviewers_at_once_one_is_asked() -> None:
    case = make_case(double=True)
    give_verdict(case, make_user(Role.REVIEWER))
    others = [make_user(Role.REVIEWER) for _ in range(4)]

    def take_and_decide(user: User) -> Verdict | None:
        if claims.claim_next(user=user) is None:
            return None
        given = verdicts.decide(case=case, user=user, verdict=new_verdict(), now=NOW)
        assert isinstance(given, Verdict)
        return given

    outcomes = at_once(*(partial(take_and_decide, user) for user in others))
    assert len([given for given in outcomes if isinstance(given, Verdict)]) == 1, outcomes
    assert case.verdicts.count() == 2
