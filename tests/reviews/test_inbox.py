"""The inbox: read or not, by what was said, with the verdict for those who may know it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Feedback
from reviews.services.inbox import surprise
from reviews.vocabulary import Channel
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER)


@pytest.fixture
def inbox(client: Client, ana: User) -> Client:
    """A reviewer's browser."""
    client.force_login(ana)
    return client


def ids(client: Client, query: str = "") -> list[str]:
    found = client.get(f"/api/v1/feedback?{query}")
    assert found.status_code == 200, found.text
    return [one["id"] for one in found.json()["results"]]


def test_it_is_narrowed_by_what_was_said_and_read(inbox: Client, ana: User) -> None:
    now = timezone.now()
    appeal = str(hear(make_case(), appeal=True, comment="Please", now=now).pk)
    calm = hear(make_case(), surprised=False, reason="", channel=Channel.API, now=now)
    other = str(hear(make_case(), reason="model_loop", comment="Round", now=now).pk)
    assert set(ids(inbox)) == {appeal, str(calm.pk), other}
    assert ids(inbox, "said=open_appeal") == ids(inbox, "said=appeal") == [appeal]
    assert ids(inbox, "said=not_surprised") == ids(inbox, "channel=api") == [str(calm.pk)]
    assert ids(inbox, "reason=model_loop") == [other]
    inbox.post(f"/cases/{calm.case.number}/feedback", headers={"HX-Request": "true"})
    assert ids(inbox, "read=yes") == [str(calm.pk)]
    assert set(ids(inbox, "read=no")) == {appeal, other}
    text = inbox.get("/feedback?read=yes").text
    assert f"Read by {ana.name}" in text
    assert inbox.get("/feedback?said=nonsense").status_code == 200
    assert inbox.get("/api/v1/feedback?said=nonsense").json()["errors"][0]["pointer"] == "/said"


def test_a_case_that_one_may_yet_decide_tells_no_verdict(inbox: Client, ana: User) -> None:
    case, ben = make_case(), make_user(Role.REVIEWER)
    give_verdict(case, ben, "uphold", now=NOW)
    settle(case)
    hear(case, comment="No", now=NOW + timedelta(days=1))
    assert inbox.get("/api/v1/feedback").json()["results"][0]["standing"] == "upheld"
    assert "upheld" in inbox.get("/feedback").text
    hear(case, appeal=True, comment="Really", now=NOW + timedelta(days=2))
    for one in inbox.get("/api/v1/feedback").json()["results"]:
        assert (one["standing"], one["state"]) == (None, "open")
    assert "upheld" not in inbox.get("/feedback").text


def test_a_second_review_looks_like_any_other_case(inbox: Client) -> None:
    case = make_case(double=True)
    give_verdict(case, make_user(Role.REVIEWER), "uphold")
    hear(case)
    assert inbox.get("/api/v1/feedback").json()["results"][0]["state"] == "open"


def test_words_are_given_to_who_asks_and_that_is_noted(inbox: Client, ana: User) -> None:
    case = make_case()
    hear(case, comment="Only a story.", now=timezone.now())
    (quiet,) = inbox.get("/api/v1/feedback").json()["results"]
    assert (quiet["comment"], quiet["has_words"], quiet["read_at"]) == (None, True, None)
    assert not LedgerEntry.objects.filter(action="feedback.opened").exists()
    (told,) = inbox.get("/api/v1/feedback?words=yes").json()["results"]
    assert (told["comment"], told["read_by"]) == ("Only a story.", ana.name)
    entry = LedgerEntry.objects.get(action="feedback.opened")
    assert (entry.object_id, entry.actor) == (str(case.pk), ana)
    assert Feedback.objects.get().read_by == ana


def test_it_says_what_words_may_be_like_before_they_are_shown(inbox: Client) -> None:
    hear(make_case(cutoff={"category": "suicide_self_harm"}), comment="Words of mine")
    text = inbox.get("/feedback").text
    assert "Hidden:" in text
    assert "Words of mine" not in text


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.POLICY_ADMIN, Role.TRAINEE])
def test_it_is_for_those_who_may_read_feedback(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    assert client.get("/api/v1/feedback").status_code == 403
    assert client.get("/feedback").status_code == 403


def test_restricted_cases_are_not_in_it(inbox: Client) -> None:
    hear(make_case(cutoff={"category": "child_sexual_exploitation"}), comment="Mine")
    assert ids(inbox) == []


def test_a_page_takes_the_same_queries_whatever_its_length(
    inbox: Client, django_assert_max_num_queries: object
) -> None:
    for _ in range(3):
        hear(make_case(), comment="Mine")
    inbox.get("/feedback")
    with django_assert_max_num_queries(20) as counted:  # type: ignore[operator]
        inbox.get("/feedback")
    few = len(counted)
    for _ in range(6):
        hear(make_case(), comment="Mine")
    with django_assert_max_num_queries(few):  # type: ignore[operator]
        inbox.get("/feedback")


def test_the_surprise_rate_is_of_cutoffs_a_week_old(inbox: Client) -> None:
    ended = timezone.now() - timedelta(days=8)
    cases = [make_case() for _ in range(4)]
    Cutoff.objects.filter(pk__in=[case.pk for case in cases]).update(at=ended)
    hear(cases[0], now=ended + timedelta(days=1))
    hear(cases[1], surprised=False, reason="", now=ended + timedelta(days=1))
    hear(cases[2], now=ended + timedelta(days=7, hours=1))
    hear(make_case(), now=timezone.now())
    cache.clear()
    found = surprise(now=timezone.now())
    assert (found.rate.events, found.cutoffs, found.answered) == (1, 4, 2)
    assert found.rate.low < 0.25 < found.rate.high
    text = inbox.get("/feedback").text
    assert "25.0 %" in text
    assert "1 of 4 cutoffs" in text
