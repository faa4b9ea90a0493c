"""The inbox: read or not, by what was said, with the verdict for those who may know it."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from time_machine import travel

import reviews.services.surprise
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case, Feedback, NoticeOpening
from reviews.services import qualifications
from reviews.services.surprise import crises_missed, surprise
from reviews.vocabulary import Area, Channel
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle
from tests.reviews.alarms import WORDS

pytestmark = pytest.mark.django_db

GERMAN = "Das Gespräch wurde beendet und ich weiß nicht warum."


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


def an_end(days_ago: float) -> Case:
    """A case whose conversation ended so many days ago."""
    return make_case(time=(timezone.now() - timedelta(days=days_ago)).isoformat())


def test_the_surprise_rate_is_of_cutoffs_a_week_old(inbox: Client) -> None:
    cases = [an_end(8) for _ in range(4)]
    ended = cases[0].cutoff.at
    hear(cases[0], now=ended + timedelta(days=1))
    hear(cases[1], surprised=False, reason="", now=ended + timedelta(days=1))
    hear(cases[2], now=ended + timedelta(days=7, hours=1))
    hear(an_end(6.9), now=timezone.now())
    hear(an_end(36), now=timezone.now() - timedelta(days=35))
    found = surprise(now=timezone.now()).found
    assert (found.rate.events, found.cutoffs, found.answered) == (1, 4, 2)
    assert found.rate.low < 0.25 < found.rate.high
    text = inbox.get("/feedback").text
    assert "25.0 %" in text
    assert "1 of 4 cutoffs" in text


@pytest.mark.parametrize(
    ("first", "second", "days", "events", "answered"),
    [
        # What was said in time stays said; what is said after a week is no answer in time.
        (True, False, 2, 1, 1),
        (False, True, 2, 1, 1),
        (False, True, 9, 0, 1),
        (True, False, 9, 1, 1),
    ],
)
def test_of_two_answers_each_counts_by_when_it_came(
    first: bool, second: bool, days: int, events: int, answered: int
) -> None:
    case = an_end(12)
    said = ((Channel.NOTICE, first, 1), (Channel.API, second, days))
    for channel, surprised, after in said:
        at = case.cutoff.at + timedelta(days=after)
        hear(case, surprised=surprised, reason="", channel=channel, now=at)
    found = surprise(now=timezone.now()).found
    assert (found.rate.events, found.answered) == (events, answered)


@pytest.mark.parametrize(("days", "opened"), [(1, 1), (8, 0)])
def test_beside_it_stands_how_many_opened_the_notice_in_that_week(
    inbox: Client, days: int, opened: int
) -> None:
    case = an_end(10)
    url = f"/n/{Cutoff.objects.get(pk=case.pk).notice_token}"
    with travel(case.cutoff.at + timedelta(days=days)):
        inbox.head(url)
        inbox.get(f"{url}/status")
        assert not NoticeOpening.objects.exists()
        inbox.get(url)
    inbox.get(url)
    assert NoticeOpening.objects.get().at < case.cutoff.at + timedelta(days=days, hours=1)
    found = surprise(now=timezone.now()).found
    assert (found.opened, found.answered, found.cutoffs) == (opened, 0, 1)
    assert f"{opened} opened the notice" in inbox.get("/feedback").text


def test_where_there_were_more_cutoffs_it_says_so(inbox: Client) -> None:
    for _ in range(2):
        an_end(8)
    with patch.object(reviews.services.surprise, "MOST_COUNTED", 1):
        assert "these are the latest" in inbox.get("/feedback").text
    cache.clear()
    assert "these are the latest" not in inbox.get("/feedback").text


def test_a_crisis_that_people_found_in_an_audit_and_no_cue_showed_was_missed(
    inbox: Client, ana: User
) -> None:
    assert "Nobody has looked yet." in inbox.get("/feedback").text
    cases = [an_end(8) for _ in range(6)] + [an_end(6.9)]
    audited = [case.pk for case in cases if case != cases[4]]
    Cutoff.objects.update(in_audit=False)
    Cutoff.objects.filter(pk__in=audited).update(in_audit=True)
    Cutoff.objects.filter(pk=cases[1].pk).update(crisis_cue=True)
    reasons = ["imminent_risk_missed", "crisis_mistaken_for_abuse", "roleplay"]
    reasons += ["imminent_risk_missed"] * 4
    for case, reason in zip(cases, reasons, strict=True):
        # The sixth is not decided yet.
        if case != cases[5]:
            give_verdict(case, ana, reason_codes=(reason,))
            settle(case)
    cache.clear()
    # Four audits are old enough and decided; one has a cue, another was a story.
    found = crises_missed(now=timezone.now())
    assert (found.found, found.n) == (2, 4)
    assert found.words in inbox.get("/feedback").text


def test_words_that_no_program_could_read_are_marked_and_found(inbox: Client, ana: User) -> None:
    qualifications.grant(user=ana, area=Area.CRISIS, by=ana, at=NOW)
    foreign = str(hear(make_case(conversation={"locale": "de"}), comment=GERMAN).pk)
    plain = str(hear(make_case(), comment="I was writing a story about a castle.").pk)
    cue = str(hear(make_case(), comment=WORDS).pk)
    found = {one["id"]: one["heard"] for one in inbox.get("/api/v1/feedback").json()["results"]}
    assert found == {foreign: "not_assessed", plain: "none", cue: "cue"}
    assert ids(inbox, "said=not_assessed") == [foreign]
    assert inbox.get("/feedback").text.count("Not assessed") == 1
    number = Feedback.objects.get(pk=foreign).case.number
    shown = inbox.post(f"/cases/{number}/feedback", headers={"HX-Request": "true"}).text
    assert "You are the one who looks." in shown


def test_what_is_changed_is_read_anew() -> None:
    case = make_case()
    hear(case, comment=GERMAN)
    given = hear(case, comment="I was writing a story about a castle.")
    assert (Feedback.objects.get(), given.heard) == (given, "none")
