"""The pages of alarms in a browser: accessible in each look, and a drill without scripts."""

from __future__ import annotations

import pytest
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import expect

from accounts.roles import Role
from conversations.models import Enrichment
from reviews.danger_models import Alarm
from reviews.services import danger, on_call
from tests.browser.conftest import Visitor
from tests.factories import make_case, make_user
from tests.reviews.alarms import BREACH, call_people, on_duty

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_pages_in_each_look(visitor: Visitor) -> None:
    ida = make_user(Role.SENIOR, Role.ADMINISTRATOR, name="Ida")
    visitor.sign_in(ida)
    visitor.go("/on-call")
    visitor.check()
    on_duty(name="Ben")
    on_call.add_pager(url="https://pager.example.com/" + "hook/" * 12, by=ida, now=timezone.now())
    case = make_case(**BREACH)
    make_case(**BREACH)
    first = Alarm.objects.earliest("pk")
    with override_settings(EMAIL_HOST="mail.example.com"):
        call_people(timezone.now())
    danger.answer(alarm=first, user=ida, now=timezone.now())
    danger.drill(user=ida, now=timezone.now())
    for path in ("/on-call", f"/on-call/alarms/{first.pk}", f"/cases/{case.number}"):
        visitor.go(path)
        visitor.check()
    expect(visitor.page.get_by_text("1 alarm waits for somebody.")).to_be_visible()
    for alarm in Alarm.objects.exclude(pk=first.pk).order_by("pk"):
        visitor.go(f"/on-call/alarms/{alarm.pk}")
        visitor.check()


def test_the_overview_in_each_look(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    expect(visitor.page.get_by_role("heading", name="Overview")).to_be_visible()
    make_case(**BREACH)
    cutoff = make_case().cutoff
    found = Enrichment.objects.filter(pk=cutoff.pk)
    found.update(parked_at=timezone.now(), failure="ValueError")
    for path in ("/overview", "/overview/not-read"):
        visitor.go(path)
        visitor.check()
    visitor.page.get_by_role("button", name="Try all again").click()
    expect(visitor.page.get_by_text("They are tried again now.")).to_be_visible()


def test_hours_a_refusal_and_a_drill(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.SENIOR, name="Ida"))
    visitor.go("/on-call")
    page = visitor.page
    page.get_by_label("Called as number").fill("1")
    page.get_by_label("From").fill("08:00")
    page.get_by_label("Until").fill("08:00")
    page.get_by_label("Person").select_option(index=1)
    page.get_by_role("button", name="Add to the rota").click()
    expect(page.get_by_text("The hours are in the rota.")).to_be_visible()
    page.get_by_role("button", name="Start a drill").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Nothing has happened. Ida tries")).to_be_visible()
    with override_settings(EMAIL_HOST="mail.example.com"):
        call_people(timezone.now())
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged by Ida, on the page")).to_be_visible()
    expect(page.get_by_text("has not proven")).to_have_count(0)
    expect(page.get_by_text("waits for somebody")).to_have_count(0)
    visitor.go("/on-call")
    expect(page.get_by_text("Last proven by a drill that Ida acknowledged")).to_be_visible()
