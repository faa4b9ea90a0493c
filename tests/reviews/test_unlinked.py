"""Relayed feedback whose cutoff has not come: who is told of it, and who reads it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations import payloads
from conversations.models import RelayedFeedback, Source
from reviews.cues import Heard
from reviews.danger_models import Alarm
from reviews.services import unlinked
from reviews.services.relay import link_relayed_feedback
from tests.factories import NOW, ended_event, make_source, make_user, record

pytestmark = pytest.mark.django_db

CRISIS = "I want to kill myself tonight"
CALM = "I would like to know why my conversation was ended so suddenly yesterday evening"
MINUTE = timedelta(minutes=1)
URL = "/feedback/without-cutoff"


@pytest.fixture
def source() -> Source:
    cache.clear()
    return make_source()


def relay(
    source: Source, comment: str = CRISIS, conversation: str = "unknown", **changes: Any
) -> None:
    at = changes.pop("at", NOW - 2 * MINUTE)
    said = {"conversation_id": conversation, "surprised": True, "comment": comment}
    event = ended_event(type=payloads.FEEDBACK, time=at.isoformat(), data=said)
    record(source, event, now=at)


@pytest.mark.parametrize(
    ("comment", "heard", "needing"),
    [
        (CRISIS, Heard.CUE, 1),
        (CALM, Heard.NONE, 0),
        ("أريد أن أعرف لماذا انتهت المحادثة", Heard.NOT_ASSESSED, 1),
    ],
)
def test_it_is_heard_though_there_is_no_case(
    source: Source, comment: str, heard: Heard, needing: int
) -> None:
    relay(source, comment)
    assert link_relayed_feedback(now=NOW) == 0

    (row,) = unlinked.waiting(now=NOW)
    assert (row.source, row.conversation_id, row.heard) == (source.name, "unknown", heard)
    assert row.received_at == NOW - 2 * MINUTE
    assert unlinked.needing_count(now=NOW) == needing


def test_what_finds_its_cutoff_at_once_is_never_told_of(source: Source) -> None:
    relay(source, at=NOW - MINUTE / 2)
    assert unlinked.waiting(now=NOW) == []
    assert len(unlinked.waiting(now=NOW + MINUTE)) == 1


def test_what_has_no_words_needs_nobody(source: Source) -> None:
    relay(source, "")
    assert unlinked.waiting(now=NOW) == []


def test_people_are_told_for_seven_days_and_it_can_be_read_for_longer(source: Source) -> None:
    relay(source)
    assert unlinked.needing_count(now=NOW + timedelta(days=6)) == 1
    cache.clear()
    assert unlinked.needing_count(now=NOW + timedelta(days=7)) == 0
    assert len(unlinked.waiting(now=NOW + timedelta(days=7))) == 1


def test_the_latest_come_first_and_no_more_than_a_hundred(
    source: Source,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unlinked, "MOST", 2)
    for minutes in (5, 3, 4):
        relay(source, conversation=f"c-{minutes}", at=NOW - minutes * MINUTE)
    with django_assert_num_queries(1):
        found = unlinked.waiting(now=NOW)
    assert [one.conversation_id for one in found] == ["c-3", "c-4"]


def test_once_its_cutoff_comes_it_raises_the_alarm_and_leaves_the_list(source: Source) -> None:
    relay(source)
    ago = (NOW - 5 * MINUTE).isoformat()
    record(source, ended_event(time=ago, conversation={"id": "unknown"}))
    assert link_relayed_feedback(now=NOW) == 1
    assert unlinked.waiting(now=NOW) == []
    assert Alarm.objects.get().why == "feedback"


# --- The page -------------------------------------------------------------------------------------


@pytest.fixture
def senior(client: Client) -> User:
    user = make_user(Role.SENIOR)
    client.force_login(user)
    return user


def test_the_page_lists_it_without_its_words(client: Client, senior: User, source: Source) -> None:
    assert "Nothing waits" in client.get(URL).text
    relay(source, at=timezone.now() - 2 * MINUTE)
    page = client.get(URL).text
    assert "Sounds like a crisis" in page
    assert CRISIS not in page
    assert URL in client.get("/feedback").text


def test_asking_for_the_words_is_noted(client: Client, senior: User, source: Source) -> None:
    relay(source, at=timezone.now() - 2 * MINUTE)
    key = RelayedFeedback.objects.get().pk
    page = client.post(reverse("read-unlinked", args=[key]))
    assert CRISIS in page.text
    entry = LedgerEntry.objects.get(action="feedback.opened")
    assert (entry.actor, entry.object_type, entry.object_id) == (senior, "source", source.slug)
    assert entry.details == {"event": str(key)}


def test_what_waits_no_more_is_not_found(client: Client, senior: User, source: Source) -> None:
    relay(source, at=timezone.now() - 2 * MINUTE)
    row = RelayedFeedback.objects.get()
    RelayedFeedback.objects.update(linked_at=timezone.now())
    assert client.post(reverse("read-unlinked", args=[row.pk])).status_code == 404
    assert not LedgerEntry.objects.filter(action="feedback.opened").exists()
