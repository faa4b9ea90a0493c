"""One appeal at a time, changed until somebody looks, and for half a year."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff, RelayedFeedback
from conversations.vocabulary import Scope
from reviews.danger_models import Alarm
from reviews.models import Case, Feedback, FeedbackText
from reviews.services import claims, feedback
from reviews.services.feedback import APPEAL_WINDOW
from reviews.services.relay import link_relayed_feedback
from reviews.vocabulary import CaseState, Channel
from tests.concurrency import at_once
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_key,
    make_source,
    make_user,
    settle,
)
from tests.reviews.alarms import WORDS

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER)


def form_of(case: Case) -> str:
    """The address of the user's form."""
    return f"/n/{case.cutoff.notice_token}/feedback"


# --- Changing it --------------------------------------------------------------------------------


def test_what_was_said_is_changed_until_somebody_looks() -> None:
    case = make_case()
    first = hear(case, comment="One", now=timezone.now())
    again = hear(case, surprised=False, reason="", comment="Two", now=timezone.now())
    assert first.pk == again.pk
    assert Feedback.objects.get().surprised is False
    assert FeedbackText.objects.get().comment == "Two"
    cutoff = Cutoff.objects.get(pk=case.pk)
    assert cutoff.surprised_at is None
    assert cutoff.unsurprised_at == first.at
    assert LedgerEntry.objects.filter(action="feedback.changed").count() == 1


@pytest.mark.parametrize("look", ["claimed", "read"])
def test_what_somebody_has_looked_at_stays_and_more_is_added(
    client: Client, ana: User, look: str
) -> None:
    case = make_case()
    hear(case, comment="One", now=timezone.now() - SECOND)
    if look == "claimed":
        claims.claim(case=case, user=ana)
    else:
        client.force_login(ana)
        client.post(f"/cases/{case.number}/feedback", headers={"HX-Request": "true"})
        assert Feedback.objects.get().read_by == ana
    hear(case, comment="Two", now=timezone.now())
    comments = FeedbackText.objects.values_list("comment", flat=True)
    assert sorted(comments) == ["One", "Two"]


def test_a_claim_from_before_does_not_hinder_a_change(ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    later = timezone.now() + timedelta(minutes=1)
    hear(case, comment="One", now=later)
    hear(case, comment="Two", now=later + SECOND)
    assert FeedbackText.objects.get().comment == "Two"


def test_the_form_begins_with_what_was_said(client: Client) -> None:
    case = make_case()
    hear(case, comment="It was a play.", appeal=True, now=timezone.now())
    text = client.get(form_of(case)).text
    assert "It was a play." in text
    assert "You can change it until somebody has looked at it." in text
    assert "You have asked for another look." in text
    assert 'name="appeal"' not in text


def test_an_appeal_is_not_taken_back_by_a_change() -> None:
    case = make_case()
    hear(case, appeal=True, now=timezone.now())
    hear(case, appeal=False, comment="More", now=timezone.now())
    assert Feedback.objects.get().appeal


# --- One at a time ------------------------------------------------------------------------------


def test_while_an_appeal_is_open_another_is_kept_as_plain_feedback(ana: User) -> None:
    case = make_case()
    hear(case, appeal=True, now=NOW)
    hear(case, appeal=True, comment="Again", channel=Channel.API, now=NOW + SECOND)
    assert case.feedback.count() == 2
    assert case.feedback.open_appeals().count() == 1


def test_once_it_is_decided_one_can_appeal_again(ana: User) -> None:
    case = make_case()
    hear(case, appeal=True, now=NOW)
    give_verdict(case, ana, "uphold", now=NOW)
    settle(case)
    assert not case.feedback.open_appeals().exists()
    hear(case, appeal=True, comment="Again", now=NOW + timedelta(days=2))
    assert (case.state, case.round) == (CaseState.OPEN, 2)
    assert case.feedback.open_appeals().count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("channel", Channel)
def test_the_same_said_fifty_times_at_once_is_kept_once(channel: Channel) -> None:
    case, now = make_case(), timezone.now()
    say = partial(hear, appeal=True, comment="Again 😀", channel=channel, now=now)
    told = at_once(*(partial(say, Case.objects.get(pk=case.pk)) for _ in range(50)))
    kept = Feedback.objects.get()
    assert told == [kept] * 50
    assert LedgerEntry.objects.filter(action="feedback.received").count() == 1


@pytest.mark.django_db(transaction=True)
def test_different_appeals_at_once_leave_one_open() -> None:
    case, now = make_case(), timezone.now()
    say = partial(hear, appeal=True, channel=Channel.API, now=now)
    calls = [
        partial(say, Case.objects.get(pk=case.pk), comment=str(number)) for number in range(10)
    ]
    told = at_once(*calls)
    assert [one for one in told if not isinstance(one, Feedback)] == []
    assert Feedback.objects.count() == 10
    assert Feedback.objects.open_appeals().count() == 1


# --- Half a year --------------------------------------------------------------------------------


def test_an_appeal_is_in_time_for_half_a_year_from_the_notice() -> None:
    case = make_case()
    cutoff = Cutoff.objects.get(pk=case.pk)
    assert timedelta(days=183) <= APPEAL_WINDOW
    over = cutoff.received_at + APPEAL_WINDOW
    with pytest.raises(ValidationError, match="was over on"):
        hear(case, appeal=True, now=over + SECOND)
    assert not Feedback.objects.exists()
    hear(case, appeal=True, now=over)
    assert case.feedback.open_appeals().exists()


def age(case: Case) -> None:
    long_ago = timezone.now() - APPEAL_WINDOW - timedelta(days=1)
    Cutoff.objects.filter(pk=case.pk).update(at=long_ago, received_at=long_ago)


def test_afterwards_the_form_says_so_and_takes_the_rest(client: Client) -> None:
    case = make_case()
    age(case)
    text = client.get(form_of(case)).text
    assert "That time is over" in text
    assert 'name="appeal"' not in text
    answer = client.post(form_of(case), {"surprised": "yes", "appeal": "on", "comment": "Late"})
    assert answer.status_code == 302
    assert (Feedback.objects.get().appeal, FeedbackText.objects.get().comment) == (False, "Late")


def test_the_api_names_the_field_of_an_appeal_that_is_too_late() -> None:
    source = make_source()
    case = make_case(source, conversation={"id": "c1"})
    age(case)
    client = Client(headers={"Authorization": f"Bearer {make_key(source, Scope.FEEDBACK_WRITE)}"})
    said = {"conversation_id": "c1", "surprised": True, "appeal": True}
    answer = client.post("/api/v1/feedback", said, content_type="application/json")
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/appeal"]


def test_words_of_a_crisis_are_heard_though_their_appeal_is_too_late() -> None:
    source = make_source()
    case = make_case(source, conversation={"id": "c1"})
    age(case)
    client = Client(headers={"Authorization": f"Bearer {make_key(source, Scope.FEEDBACK_WRITE)}"})
    said = {"conversation_id": "c1", "surprised": True, "appeal": True, "comment": WORDS}
    for _twice in range(2):
        answer = client.post("/api/v1/feedback", said, content_type="application/json")
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/appeal"]
        assert Alarm.objects.get().case == case
        assert (Feedback.objects.get().appeal, FeedbackText.objects.get().comment) == (False, WORDS)


def test_a_relayed_appeal_that_is_too_late_keeps_its_words() -> None:
    source = make_source()
    case = make_case(source, conversation={"id": "c1"})
    long_ago = NOW - APPEAL_WINDOW - timedelta(days=1)
    Cutoff.objects.filter(pk=case.pk).update(at=long_ago, received_at=long_ago)
    RelayedFeedback.objects.create(
        event_id=case.pk,
        source=source,
        conversation_external_id="c1",
        surprised=True,
        comment="Late",
        appeal=True,
        at=NOW,
    )
    assert link_relayed_feedback(now=NOW) == 1
    assert (Feedback.objects.get().appeal, FeedbackText.objects.get().comment) == (False, "Late")


# --- What is odd --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comment", ["😀" * 200, "<script>alert(1)</script>", "\u202eolleh", "a\r\nb"]
)
def test_whatever_is_written_is_kept_and_shown_as_text(client: Client, comment: str) -> None:
    case = make_case()
    assert client.post(form_of(case), {"surprised": "yes", "comment": comment}).status_code == 302
    assert FeedbackText.objects.get().comment.replace("\r\n", "\n") == comment.replace("\r\n", "\n")
    assert "<script>alert" not in client.get(form_of(case)).text


def test_a_megabyte_is_refused_and_not_lost(client: Client) -> None:
    case = make_case()
    answer = client.post(form_of(case), {"surprised": "yes", "comment": "x" * 1_000_000})
    assert answer.status_code == 422
    assert "x" * 1_000_000 in answer.text
    assert not Feedback.objects.exists()


def test_the_comment_of_feedback_without_words_is_empty() -> None:
    assert feedback.comment_of(hear(make_case())) == ""
