"""Feedback without a cutoff in a browser: accessible in each look, and read without scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.roles import Role
from conversations import payloads
from reviews.danger_models import Alarm
from reviews.services import overheard
from tests.browser.conftest import Visitor
from tests.factories import ended_event, make_source, make_user, record

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "I want to kill myself, and nobody answers. " * 8


def test_it_is_listed_and_read(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.SENIOR, name="Ida"))
    visitor.go("/feedback/without-cutoff")
    visitor.check()
    source, ago = make_source(), timezone.now() - timedelta(minutes=2)
    for conversation in ("conversation-with-a-rather-long-id-" * 6, "c-2"):
        said = {"conversation_id": conversation, "surprised": True, "comment": WORDS}
        record(
            source, ended_event(type=payloads.FEEDBACK, time=ago.isoformat(), data=said), now=ago
        )
    visitor.go("/feedback")
    visitor.check()
    visitor.page.get_by_role("link", name="Without a cutoff").click()
    visitor.check()
    visitor.page.get_by_role("button", name="Read c-2").click()
    expect(visitor.page.get_by_text(WORDS.strip())).to_be_visible()
    visitor.check()


def test_its_alarm_leads_to_the_words_and_back(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.SENIOR, name="Ida"))
    now = timezone.now()
    for conversation in ("conversation-with-a-rather-long-id-" * 6, "c-2"):
        said = {"conversation_id": conversation, "surprised": True, "comment": WORDS}
        event = ended_event(type=payloads.FEEDBACK, time=now.isoformat(), data=said)
        record(make_source("chat") if conversation != "c-2" else make_source(), event, now=now)
    overheard.hear(now=now)
    visitor.go("/on-call")
    visitor.check()
    alarm = Alarm.objects.exclude(conversation_external_id="c-2").get()
    visitor.go(f"/on-call/alarms/{alarm.pk}")
    visitor.check()
    visitor.page.get_by_role("link", name="To the words").click()
    visitor.check()
    expect(visitor.page.get_by_text("c-2")).to_have_count(0)
    visitor.page.get_by_role("button", name="Read").click()
    expect(visitor.page.get_by_text(WORDS.strip())).to_be_visible()
    visitor.page.get_by_role("link", name="To the alarm").click()
    visitor.page.get_by_role("button", name="Acknowledge").click()
    expect(visitor.page.get_by_text("Acknowledged by Ida")).to_be_visible()
    visitor.check()
