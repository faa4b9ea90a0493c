"""Lineage, holds and keeping in a browser: accessible, by keyboard, without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from accounts.ledger import Actor
from accounts.roles import Role
from conversations import payloads, tasks
from conversations.models import LegalHold, Source
from conversations.services import erasure, holds, rehearsal
from reviews.models import Case
from reviews.services.enrichment import enrich
from tests.browser.conftest import Visitor
from tests.factories import NOW, ended_event, make_case, make_source, make_user, record

pytestmark = pytest.mark.django_db(transaction=True)


def thread(source: Source, name: str, parent: str = "", user: str = "u-1") -> Case:
    """An enriched case of conversation *name*, which branched off *parent*."""
    said: dict[str, Any] = {"id": name, "user_id": user}
    if parent:
        said |= {"parent_id": parent, "branched_from_message_id": "m3"}
    case = make_case(source, conversation=said)
    enrich(cutoff_ids=[case.pk])
    return case


def branches(source: Source, number: int, parent: str) -> None:
    """So many open branches."""
    for place in range(number):
        event = ended_event(conversation={"id": f"thread-{parent}-{place}", "parent_id": parent})
        event["data"]["conversation"]["branched_from_message_id"] = "m3"
        event["data"] = {"conversation": event["data"]["conversation"]}
        record(source, event | {"type": payloads.BRANCHED})


def family(source: Source) -> Case:
    """A case with a parent, siblings, more branches than are shown, and other threads."""
    thread(source, "thread-7d21-parent")
    case = thread(source, "thread-7d21-here", "thread-7d21-parent")
    thread(source, "thread-7d21-sibling", "thread-7d21-parent", "u-2")
    thread(source, "thread-7d21-child", "thread-7d21-here", "u-2")
    branches(source, 25, "thread-7d21-here")
    thread(source, "thread-0c11-other")
    return case


def hold(case: Case) -> LegalHold:
    """A hold on *case*, and one on its subject."""
    now = timezone.now()
    common: dict[str, Any] = {
        "matter": "2026-CV-0417",
        "reason": "Preservation letter of 2 June, file kept by the legal team",
        "expires_at": now + timedelta(days=200),
        "user": make_user(Role.SENIOR, name="Sara"),
        "now": now,
    }
    subject = case.cutoff.conversation.subject
    holds.place_on_subject(source=case.cutoff.source, subject=subject, **common)
    return holds.place_on_case(cutoff=case.cutoff, **common)


def test_a_case_among_its_relatives_in_each_look(visitor: Visitor) -> None:
    source = make_source("web-chat")
    lonely = thread(source, "lonely", user="u-9")
    case = family(source)
    hold(case)
    visitor.sign_in(make_user(Role.SENIOR, name="Ida"))
    visitor.go(f"/cases/{lonely.number}")
    visitor.check()
    page = visitor.go(f"/cases/{case.number}")
    page.locator("summary", has_text="The subject’s other threads").click()
    page.locator("#threads").get_by_role("button").click()
    expect(page.get_by_text("thread-0c11-other")).to_be_visible()
    visitor.check()


def test_the_holds_pages_in_each_look(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.SENIOR, name="Ida"))
    visitor.go("/holds")
    visitor.check()
    case = thread(make_source("web-chat"), "here")
    kept = hold(case)
    visitor.go("/holds")
    visitor.check()
    page = visitor.go(f"/holds/new?case={case.label}")
    visitor.check()
    page.get_by_label("A person by their id at the source, likewise").check()
    page.get_by_role("button", name="Place it").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    visitor.check()
    for path in (f"/holds/{kept.pk}/extend", f"/holds/{kept.pk}/release", "/holds?state=ended"):
        visitor.go(path)
        visitor.check()


def test_a_hold_is_placed_and_released_by_keyboard(desk: Visitor) -> None:
    case = thread(make_source("web-chat"), "here")
    desk.sign_in(make_user(Role.SENIOR, name="Ida"))
    page = desk.go(f"/cases/{case.number}")
    page.get_by_role("link", name="Place a hold").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Matter").fill("2026-CV-0417")
    page.get_by_label("Reason").fill("Letter")
    page.get_by_label("Until").fill(f"{timezone.now() + timedelta(days=30):%Y-%m-%d}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The hold is in force.")).to_be_visible()
    page.get_by_role("link", name="Release 2026-CV-0417").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Release").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The hold is released.")).to_be_visible()
    assert LegalHold.objects.get().released_at


def full_source() -> Source:
    """A source with something that is over, and erasures."""
    source = make_source("web-chat")
    received = timezone.now() - timedelta(days=201)
    event = ended_event(time=received.isoformat(), conversation={"user_id": "u-1"})
    record(source, event, now=received)
    for number in range(3):
        asked = erasure.request_erasure(
            source=source,
            user_id=f"u-{number}",
            reason="Letter",
            actor=Actor.task("test"),
            now=timezone.now(),
        )
        if number:
            erasure.run(request_id=asked.pk, now=NOW)
    return source


def test_keeping_and_deleting_in_each_look(visitor: Visitor) -> None:
    cache.clear()
    source = full_source()
    visitor.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    token = rehearsal.ask(source=source, actor=Actor.task("test"), now=timezone.now())
    page = visitor.go("/sources/web-chat")
    expect(page.get_by_text("Counting …")).to_be_visible()
    visitor.check()
    tasks.rehearse_retention("web-chat", token)
    # Nobody triggers it: the page asks by itself while it is counted.
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    visitor.check()


def test_terms_are_changed_without_scripts(plain: Visitor) -> None:
    make_source("web-chat")
    plain.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    page = plain.go("/sources/web-chat")
    page.get_by_label("Days for transcripts").fill("365")
    page.get_by_role("button", name="Save the terms").click()
    expect(page.get_by_text("The terms are saved.")).to_be_visible()
    assert Source.objects.get().transcript_days == 365
