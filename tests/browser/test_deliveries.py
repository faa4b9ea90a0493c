"""The pages of outcomes in a browser: accessible in each look, and done without scripts."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.roles import Role
from conversations.models import Source
from reviews.models import Delivery, Endpoint
from reviews.outcome_vocabulary import DeliveryState
from reviews.services import endpoints, outcomes
from tests.browser.conftest import Visitor
from tests.factories import make_cutoff, make_source, make_user
from tests.receiver import Reply, receiving
from tests.reviews.outcomes import deliver, listening, make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)


def full_source() -> Source:
    """A source with an endpoint in each state, and a delivery in each."""
    source, admin = make_source("chat"), make_user(Role.ADMINISTRATOR)
    with receiving() as receiver:
        live = listening(receiver, source)
        receiver.answer = lambda got: Reply(
            500 if "flagged" in got.payload["type"] else 204, body=b"out of order"
        )
        make_cutoff(source, signals={"warnings": 0})
        outcomes.policy_paused(scope="everything", now=timezone.now())
        outcomes.policy_resumed(scope="everything", now=timezone.now())
        deliver(receiver)
    last = Delivery.objects.latest("id")
    Delivery.objects.filter(pk=last.pk).update(
        state=DeliveryState.DEAD, dead_at=timezone.now(), delivered_at=None, failure="timeout"
    )
    endpoints.rotate(endpoint=live, user=admin, now=timezone.now())
    paused, _ = make_endpoint(source, url="https://paused.example.com/outcomes")
    endpoints.pause(endpoint=paused, user=admin, now=timezone.now())
    gone, _ = make_endpoint(source, url="https://gone.example.com/" + "outcomes/" * 9)
    Endpoint.objects.filter(pk=gone.pk).update(disabled_at=timezone.now())
    return source


def test_the_pages_in_each_look(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    visitor.go("/deliveries")
    visitor.check()
    make_source("quiet")
    visitor.go("/sources/quiet/outcomes")
    visitor.check()
    full_source()
    page = visitor.go("/sources/chat/outcomes")
    page.locator("summary", has_text="Change what it is sent").first.click()
    visitor.check()
    page.get_by_role("link", name="Revoke").first.click()
    visitor.check()
    visitor.go("/deliveries")
    visitor.check()
    page = visitor.go(f"/deliveries/{Delivery.objects.earliest('id').pk}")
    page.locator("summary", has_text="Response").first.click()
    visitor.check()
    visitor.go("/deliveries/replay?state=dead")
    visitor.check()


def test_an_endpoint_is_added_and_tested_by_keyboard(desk: Visitor) -> None:
    make_source("chat")
    desk.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    page = desk.go("/sources/chat/outcomes")
    page.get_by_label("Address").focus()
    page.keyboard.type("https://chat.example.com/outcomes")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_have_value(re.compile("whsec_.{44}"))
    desk.check()
    page.get_by_role("button", name="Send a test").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Test", exact=True)).to_be_visible()
    expect(page.locator("#state")).to_contain_text("Next attempt")


def test_the_page_of_one_follows_by_itself(desk: Visitor) -> None:
    source = make_source("chat")
    make_endpoint(source)
    make_cutoff(source, signals={"warnings": 0})
    desk.sign_in(make_user(Role.ADMINISTRATOR, name="Ida"))
    row = Delivery.objects.get()
    page = desk.go(f"/deliveries/{row.pk}")
    Delivery.objects.update(state=DeliveryState.DELIVERED, delivered_at=timezone.now())
    expect(page.locator("#state")).to_contain_text("The receiver took it", timeout=10_000)
