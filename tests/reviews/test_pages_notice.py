"""The user's pages: no login, nothing told that should not be, and a say that is kept."""

from __future__ import annotations

import re
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from conversations import languages
from conversations.models import Conversation, Cutoff
from conversations.services import standing
from conversations.vocabulary import Category, ConversationState, Remedy, Standing
from reviews.danger_models import Alarm
from reviews.models import Case, Feedback
from reviews.views import appeals
from reviews.views import feedback as inbox
from reviews.vocabulary import CaseState, Channel, Reason
from tests.factories import hear, make_case, make_source, make_user, near_miss_event, record
from tests.reviews.alarms import WORDS

pytestmark = pytest.mark.django_db

ADDRESSES = ("", "/feedback", "/thanks", "/status")


@pytest.fixture
def case() -> Case:
    """A case with words that the user is not to find on the notice."""
    return make_case(
        cutoff={"category": "hate", "explanation": "my last words", "rationale": "too rude"}
    )


def url(case: Case, page: str = "") -> str:
    """The address of one of the user's pages."""
    return f"/n/{case.cutoff.notice_token}{page}"


@pytest.mark.parametrize("page", ADDRESSES)
def test_no_cache_no_search_engine_and_no_other_site_learns_of_it(
    client: Client, case: Case, page: str
) -> None:
    for address in (url(case, page), f"/n/unknown{page}"):
        response = client.get(address)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("page", ADDRESSES)
def test_an_unknown_address_is_friendly(client: Client, page: str) -> None:
    for token in ("unknown", "%00", "é", "x" * 500):
        response = client.get(f"/n/{token}{page}")
        assert response.status_code == 404
        assert "There is nothing at this address" in response.text


@pytest.mark.parametrize("page", ADDRESSES)
def test_it_tells_neither_words_nor_numbers_nor_the_category_in_its_title(
    client: Client, case: Case, page: str
) -> None:
    text = client.get(url(case, page)).text
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)
    assert title is not None
    assert "hate" not in title[1].lower()
    for untold in ("my last words", "too rude", "0.55", case.label, "useless", "Useless"):
        assert untold not in text


@pytest.mark.parametrize("category", Category.values)
def test_every_category_has_a_notice(client: Client, category: str) -> None:
    assert client.get(url(make_case(cutoff={"category": category}))).status_code == 200


def test_it_says_why_and_what_one_can_do(client: Client, case: Case) -> None:
    text = client.get(url(case)).text
    for said in (
        "The assistant ended this conversation by itself.",
        "Start a new conversation at any time.",
        "edit an earlier message",
        "Nobody reads messages here immediately.",
        "call your emergency number",
    ):
        assert said in text


def test_a_thread_that_is_open_again_is_said_to_be(client: Client, case: Case) -> None:
    Conversation.objects.filter(pk=case.cutoff.conversation_id).update(
        state=ConversationState.REOPENED
    )
    assert "It is open again" in client.get(url(case)).text


def test_feedback_is_kept_and_raises_the_case(client: Client, case: Case) -> None:
    before = case.priority
    response = client.post(
        url(case, "/feedback"),
        {"surprised": "yes", "reason": "roleplay", "comment": "Only a story.", "appeal": "on"},
    )
    assert response.headers["Location"] == url(case, "/thanks")
    given = Feedback.objects.get()
    assert (given.surprised, given.appeal, given.reason) == (True, True, "roleplay")
    assert (given.channel, given.words.comment) == (Channel.NOTICE, "Only a story.")
    case.refresh_from_db()
    assert case.priority > before
    assert case.selections.filter(reason=Reason.APPEAL).exists()


def test_it_needs_no_cookies_and_no_token_against_forgery(case: Case) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(url(case, "/feedback"), {"surprised": "no"}, headers={"Origin": "null"})
    assert response.status_code == 302
    assert not response.cookies


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Please say yes or no."),
        ({"surprised": "perhaps"}, "Select a valid choice"),
        ({"surprised": "yes", "reason": "persistent_abuse"}, "Select a valid choice"),
        ({"surprised": "yes", "comment": "x" * 5_001}, "at most 5000 characters"),
    ],
)
def test_what_cannot_be_kept_is_said_and_the_rest_is_not_lost(
    client: Client, case: Case, sent: dict[str, str], said: str
) -> None:
    response = client.post(url(case, "/feedback"), {"comment": "My words", **sent})
    assert response.status_code == 422
    assert said in response.text
    assert not Feedback.objects.exists()


def test_a_program_that_fills_every_field_is_thanked_and_nothing_is_kept(
    client: Client, case: Case
) -> None:
    response = client.post(
        url(case, "/feedback"), {"surprised": "yes", "website": "http://example.com"}
    )
    assert response.status_code == 302
    assert not Feedback.objects.exists()


def test_nobody_in_danger_is_taken_for_a_program(client: Client, case: Case) -> None:
    filled = {"surprised": "yes", "website": "https://filled.example", "comment": WORDS}
    assert client.post(url(case, "/feedback"), filled).status_code == 302
    assert Alarm.objects.get().case == case
    assert Feedback.objects.get().heard == "cue"


def test_what_is_written_is_read_for_a_crisis_once(client: Client, case: Case) -> None:
    with patch.object(languages, "detect", wraps=languages.detect) as reading:
        client.post(url(case, "/feedback"), {"surprised": "yes", "comment": WORDS})
    assert Alarm.objects.get().case == case
    assert reading.call_count == 1


def test_somebody_who_wrote_very_often_is_told_that_it_was_received(
    client: Client, case: Case
) -> None:
    for _ in range(appeals.MOST_A_LINK):
        assert client.post(url(case, "/feedback"), {"surprised": "no"}).status_code == 302
    response = client.post(url(case, "/feedback"), {"surprised": "no", "comment": "My words"})
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= appeals.SECONDS
    assert "Nothing of what you typed is lost" in response.text
    assert "My words" in response.text
    assert Feedback.objects.count() == 1


def settle(case: Case, outcome: Standing, remedy: Remedy) -> None:
    """Settle *case*."""
    standing.settle(cutoff=case.cutoff, standing=outcome, remedy=remedy, now=timezone.now())
    Case.objects.filter(pk=case.pk).update(state=CaseState.SETTLED)


def test_the_status_says_how_it_stands(client: Client, case: Case) -> None:
    assert "A person looks at it" in client.get(url(case, "/status")).text
    assert "You can tell us" in client.get(url(case, "/status")).text
    client.post(url(case, "/feedback"), {"surprised": "yes"})
    assert "You told us" in client.get(url(case, "/status")).text


@pytest.mark.parametrize(
    ("outcome", "remedy", "said"),
    [
        (Standing.UPHELD, Remedy.KEEP_LOCKED, "The end stands"),
        (Standing.OVERTURNED, Remedy.REOPEN, "The conversation is open again"),
        (Standing.OVERTURNED, Remedy.KEEP_LOCKED, "This conversation itself stays closed"),
    ],
)
def test_the_status_says_what_came_of_it(
    client: Client, case: Case, outcome: Standing, remedy: Remedy, said: str
) -> None:
    settle(case, outcome, remedy)
    assert said in client.get(url(case, "/status")).text


def test_a_verdict_that_can_still_be_undone_is_not_told(client: Client, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(
        state=CaseState.SETTLING, settle_at=timezone.now() + timedelta(seconds=30)
    )
    text = client.get(url(case, "/status")).text
    assert "The end stands" not in text
    assert "A person looks at it" in text


def test_a_near_miss_has_no_notice(client: Client) -> None:
    record(make_source(), near_miss_event())
    assert Cutoff.objects.get().notice_token is None
    assert client.get("/n/None").status_code == 404


def test_the_inbox_lists_feedback_without_its_words(client: Client, case: Case) -> None:
    client.post(
        url(case, "/feedback"), {"surprised": "yes", "reason": "roleplay", "comment": "Only this."}
    )
    client.force_login(make_user(Role.REVIEWER))
    text = client.get("/feedback").text
    assert case.label in text
    assert "It was a story, a role play or a joke" in text
    assert "Only this." not in text


def test_the_inbox_is_for_those_who_may_read_feedback(client: Client) -> None:
    client.force_login(make_user(Role.AUDITOR))
    assert client.get("/feedback").status_code == 403
    assert "/feedback" not in client.get("/review").text


def test_the_inbox_pages_and_keeps_restricted_cases_back(
    client: Client, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PAGE_SIZE", 2)
    restricted = make_case(cutoff={"category": "child_sexual_exploitation"})
    for comment, told in enumerate((case, case, case, restricted)):
        hear(told, comment=str(comment), channel=Channel.API)
    client.force_login(make_user(Role.REVIEWER))
    first = client.get("/feedback")
    second = client.get(first.context["older_url"])
    shown = [line.case.pk for page in (first, second) for line in page.context["lines"]]
    assert shown == [case.pk] * 3
    assert client.get("/feedback?cursor=x").headers["Location"] == "/feedback"
