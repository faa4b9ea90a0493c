"""The sources pages in a browser: accessible, live while seen, and without scripts."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.ledger import Actor
from accounts.roles import Role
from conversations.models import ParkedEvent, Source, SourceKey
from conversations.services import sources
from conversations.vocabulary import Mode
from tests.browser.conftest import Visitor
from tests.factories import ended_event, make_key, make_source, make_user, record

pytestmark = pytest.mark.django_db(transaction=True)


def send(source: Source, *, number: int = 1, **changes: object) -> None:
    """Have events stored now, or refused."""
    events = [ended_event(**changes) for _ in range(number)]
    for event in events:
        del event["time"]
    record(source, *events, now=timezone.now())


def post(key: str, body: bytes) -> None:
    """Post *body* as a batch."""
    batch = "application/cloudevents-batch+json"
    bearer = {"Authorization": f"Bearer {key}"}
    Client().generic("POST", "/api/v1/events", body, batch, headers=bearer)


def full_source() -> Source:
    """A source with everything on its page."""
    source = make_source("web-chat", Mode.ENFORCING)
    send(source, number=12)
    send(source, transcript={"format": "telepathy"})
    key = make_key(source)
    post(key, b"{")
    again = json.dumps([ended_event()]).encode()
    for _ in range(3):
        post(key, again)
    sources.revoke_key(key=SourceKey.objects.get(), now=timezone.now(), actor=Actor.task("test"))
    make_key(source)
    sources.create_secret(source=source, name="spring", actor=Actor.task("test"))
    ParkedEvent.objects.create(
        source=source, ce_source="/chat", ce_id="stuck-1", raw=b"{}", failure="ValueError"
    )
    return source


def test_the_sources_pages_in_each_look(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    visitor.go("/sources")
    visitor.check()
    make_source("quiet")
    full_source()
    visitor.go("/sources")
    visitor.check()
    visitor.go("/sources/new")
    visitor.page.get_by_role("button", name="Make it").click()
    visitor.check()
    visitor.go("/sources/quiet")
    visitor.check()
    page = visitor.go("/sources/web-chat")
    expect(page.locator("#tail-rows")).to_contain_text("2 times; this is the last.")
    for name in ("As a table", "New API key", "New secret, to rotate", "Python", "TypeScript"):
        page.locator("summary", has_text=name).click()
    visitor.check()
    page.get_by_role("link", name="Revoke").first.click()
    visitor.check()


def test_a_key_is_made_shown_once_and_revoked_by_keyboard(desk: Visitor) -> None:
    make_source("chat")
    desk.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    page = desk.go("/sources/chat")
    page.get_by_label("Name").first.focus()
    page.keyboard.type("backend")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_have_value(re.compile("rk_.{60}"))
    desk.check()
    desk.go("/sources/chat")
    expect(page.locator("#made")).to_have_count(0)
    page.get_by_role("link", name="Revoke backend").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Revoke").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The key is revoked.")).to_be_visible()


def test_the_tail_follows_while_the_page_is_seen(desk: Visitor) -> None:
    source = make_source("chat")
    send(source, id="first")
    desk.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    page = desk.go("/sources/chat")
    rows = page.locator("#tail-rows tbody tr")
    expect(rows).to_have_count(1)
    with page.expect_response("**/sources/chat/tail*") as unchanged:
        page.locator("[data-live]").dispatch_event("live")
    assert unchanged.value.status == 204
    send(source, id="second")
    # Nobody triggers it: the page asks by itself every five seconds.
    expect(rows).to_have_count(2, timeout=10_000)
    expect(rows.first).to_contain_text("second")
    key = make_key(source)
    for _ in range(2):
        post(key, b"[]")
        page.locator("[data-live]").dispatch_event("live")
        expect(rows.first).to_contain_text("empty_batch")
        expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("2 times")
    page.get_by_label("Live").uncheck()
    send(source, id="third")
    page.wait_for_timeout(6_000)
    expect(rows).to_have_count(3)


def test_everything_works_without_scripts(plain: Visitor) -> None:
    plain.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    page = plain.go("/sources/new")
    page.get_by_label("Name", exact=True).fill("Chat")
    page.get_by_label("Short name").fill("chat")
    page.get_by_label("Enforcing").check()
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="Send a test event").click()
    expect(page.get_by_text("The test event was accepted.")).to_be_visible()
    page.get_by_label("Events a second").fill("50")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The settings are saved.")).to_be_visible()
    page.locator("summary", has_text="New secret").click()
    page.locator("[name=secret-name]").fill("spring")
    page.get_by_role("button", name="Make a secret").click()
    expect(page.locator("#made")).to_have_value(re.compile("whsec_.+"))
    page.get_by_role("link", name="Revoke spring").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The secret is revoked.")).to_be_visible()
    assert Source.objects.get().events_per_second == 50
