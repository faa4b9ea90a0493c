"""Deciding on the case page: claim, verdict, undo, and the second reviewer's blindness."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.forms import VerdictForm
from reviews.models import Claim, Verdict
from reviews.services import claims, settlement
from reviews.vocabulary import CaseState
from tests.factories import make_user, settle
from tests.reviews.pages import case_of, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


# --- Claims -----------------------------------------------------------------------------------


def test_only_the_holder_gets_the_form(client: Client, ana: User) -> None:
    case = case_of()
    assert "verdict-form" not in client.get(f"/cases/{case.number}").text
    claims.claim(case=case, user=ana)
    assert "verdict-form" in client.get(f"/cases/{case.number}").text
    client.force_login(make_user(Role.REVIEWER))
    text = client.get(f"/cases/{case.number}").text
    assert "verdict-form" not in text
    assert "Held by Ana until" in text


def test_claim_and_release(client: Client, ana: User) -> None:
    case = case_of()
    client.post(f"/cases/{case.number}/claim")
    assert Claim.objects.live().get(case=case).reviewer == ana
    assert client.post(f"/cases/{case.number}/release").headers["Location"] == "/review"
    assert not Claim.objects.live().filter(case=case).exists()


def test_claiming_what_another_holds_says_who(client: Client, ana: User) -> None:
    case = case_of()
    claims.claim(case=case, user=make_user(Role.REVIEWER, name="Tom"))
    assert "Tom holds this case." in client.post(f"/cases/{case.number}/claim", follow=True).text


def test_the_heartbeat_keeps_the_lease_and_says_when_it_is_lost(client: Client, ana: User) -> None:
    case = case_of()
    held = claims.claim(case=case, user=ana)
    answer = client.post(f"/cases/{case.number}/heartbeat")
    assert answer.status_code == 204
    assert answer.headers["Lease-Until"] > held.expires_at.isoformat()
    Claim.objects.filter(pk=held.pk).update(ended_at=timezone.now())
    assert client.post(f"/cases/{case.number}/heartbeat").status_code == 409


# --- Verdicts ---------------------------------------------------------------------------------


def test_a_verdict_from_the_page(client: Client, ana: User) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    response = client.post(f"/cases/{case.number}/verdict", verdict(), follow=True)
    given = Verdict.objects.get()
    assert (given.decision, given.remedy, given.severity) == ("overturn", "reopen", 1)
    assert given.evidence == [{"turn": 1, "message_id": "m0"}]
    assert given.words.rationale == "It was a story."
    assert "Your verdict is in" in response.text
    assert "Undo" in response.text
    assert "Next case" in response.text


def test_what_is_missing_is_said_beside_its_field_and_nothing_is_lost(
    client: Client, ana: User
) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    response = client.post(
        f"/cases/{case.number}/verdict", verdict(policy_followed="", rationale="", remedy="")
    )
    assert response.status_code == 422
    form = response.context["form"]
    assert set(form.errors) == {"policy_followed", "rationale", "remedy"}
    before_other_ways = response.text.split("ways-out")[0]
    ticked = re.findall(r'<input[^>]*value="([^"]*)"[^>]* checked>', before_other_ways)
    assert ticked == ["1", "overturn", "roleplay", "1"]
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"decision": "right_to_continue"}, "decision"),
        ({"remedy": "burn"}, "remedy"),
        ({"decision": "uphold", "reason_codes": ["severe_harm"]}, "remedy"),
        ({"reason_codes": ["severe_harm"]}, "reason_codes"),
        ({"reason_codes": ["nonsense"]}, "reason_codes"),
        ({"severity": "5"}, "severity"),
        ({"category": "nonsense"}, "category"),
        ({"evidence": ["99"]}, "evidence"),
        ({"rationale": "x" * 10_001}, "rationale"),
    ],
)
def test_what_does_not_fit_is_refused(
    client: Client, ana: User, changes: dict[str, Any], field: str
) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    response = client.post(f"/cases/{case.number}/verdict", verdict(**changes))
    assert response.status_code == 422
    assert field in response.context["form"].errors


def test_reasons_of_the_other_decision_are_left_out(client: Client, ana: User) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    client.post(f"/cases/{case.number}/verdict", verdict(reason_codes=["roleplay", "severe_harm"]))
    assert Verdict.objects.get().reason_codes == ["roleplay"]


def test_sent_twice_it_counts_once(client: Client, ana: User) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    form = client.get(f"/cases/{case.number}").context["form"]
    key = str(form["key"].value())
    for _ in range(2):
        response = client.post(f"/cases/{case.number}/verdict", verdict(key=key))
        assert response.status_code == 302
    assert Verdict.objects.count() == 1


def test_without_the_lease_the_words_are_kept_for_another_try(client: Client, ana: User) -> None:
    case = case_of()
    response = client.post(f"/cases/{case.number}/verdict", verdict())
    assert response.status_code == 422
    assert "You do not hold this case any more." in response.text
    assert "It was a story." in response.text


def test_an_auditor_cannot_decide(client: Client) -> None:
    case = case_of()
    client.force_login(make_user(Role.AUDITOR))
    assert client.post(f"/cases/{case.number}/verdict", verdict()).status_code == 403


def test_undo_opens_the_case_again(client: Client, ana: User) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    client.post(f"/cases/{case.number}/verdict", verdict())
    text = client.post(f"/cases/{case.number}/undo", follow=True).text
    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    assert "taken back. The case is yours again." in text
    assert "It was a story." in text  # as a draft
    assert Claim.objects.live().get().reviewer == ana


def test_undo_leaves_a_case_to_whoever_took_it_meanwhile(client: Client, ana: User) -> None:
    case, ben = case_of(), make_user(Role.REVIEWER, name="Ben")
    Cutoff.objects.filter(pk=case.pk).update(in_double=True)
    for user in (ben, ana):
        claims.claim(case=case, user=user)
        client.force_login(user)
        client.post(f"/cases/{case.number}/verdict", verdict())
    now = timezone.now()
    Claim.objects.create(
        case=case, reviewer=ben, claimed_at=now, expires_at=now + timedelta(hours=1)
    )
    text = client.post(f"/cases/{case.number}/undo", follow=True).text
    assert "taken back. Ben holds this case." in text
    assert Claim.objects.live().get().reviewer == ben


def test_undo_comes_too_late_once_it_settled(client: Client, ana: User) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    client.post(f"/cases/{case.number}/verdict", verdict())
    settlement.settle_due(now=timezone.now() + timedelta(minutes=1))
    text = client.post(f"/cases/{case.number}/undo", follow=True).text
    assert "cannot be changed that way" in text
    assert "Overturned" in text


def test_a_second_reviewer_sees_nothing_of_the_first_verdict(client: Client, ana: User) -> None:
    case = case_of()
    Cutoff.objects.filter(pk=case.pk).update(in_double=True)
    claims.claim(case=case, user=ana)
    client.post(f"/cases/{case.number}/verdict", verdict(rationale="Told by the first one"))
    assert "Told by the first one" in client.get(f"/cases/{case.number}").text
    second = make_user(Role.REVIEWER, name="Tom")
    client.force_login(second)
    for _ in range(2):
        text = client.get(f"/cases/{case.number}").text
        assert "Told by the first one" not in text
        assert "gave a verdict" not in text
        assert "verdict is in" not in text
        claims.claim(case=case, user=second)
    client.post(f"/cases/{case.number}/verdict", verdict(rationale="Told by the second one"))
    text = client.get(f"/cases/{case.number}").text
    assert "Told by the second one" in text
    assert "Told by the first one" not in text  # as long as theirs can be taken back
    settle(case, now=timezone.now())
    assert "Told by the first one" in client.get(f"/cases/{case.number}").text


def test_a_near_miss_has_its_own_decisions_and_no_remedy(client: Client, ana: User) -> None:
    case = case_of()
    case.kind = "near_miss"
    form = VerdictForm(case=case, messages=None)
    assert "remedy" not in form.fields
    assert [decision for decision, _ in form.reason_groups] == [
        "right_to_continue",
        "should_have_ended",
    ]
