"""A user says that it was wrong, appeals, and reads the answer: on a phone, without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from accounts.roles import Role
from reviews.reply_texts import TEXTS, Canned
from reviews.services import addresses, replies
from tests.browser.conftest import Visitor
from tests.factories import give_verdict, hear, make_case, make_user, settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _mail(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example.com"


def test_from_the_form_to_the_answer_without_scripts(plain: Visitor) -> None:
    plain.page.set_viewport_size({"width": 390, "height": 844})
    case, ana = make_case(), make_user(Role.REVIEWER)
    page = plain.go(f"/n/{case.cutoff.notice_token}/feedback")
    page.get_by_label("Yes, I did not see it coming").check()
    page.get_by_label("In your words").fill("It was a play.")
    page.get_by_label("Please have somebody look at this again").check()
    page.get_by_label("Send me the answer by e-mail").fill("somebody@example.com")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("We have sent a link to your address.")).to_be_visible()

    addresses.send_due(now=timezone.now())
    link = re.search(r"/answers/\S+", str(mail.outbox[-1].body))
    assert link is not None
    plain.go(link[0])
    page.get_by_role("button", name="Yes, send it there").click()
    expect(page.get_by_text("The answer will come to your address.")).to_be_visible()

    plain.go(f"/n/{case.cutoff.notice_token}/feedback")
    expect(page.get_by_label("In your words")).to_have_value("It was a play.")
    page.get_by_label("In your words").fill("It was a play by two people.")
    page.get_by_role("button", name="Send").click()

    case.refresh_from_db()
    give_verdict(case, ana, "overturn", now=timezone.now())
    replies.write(case=case, user=ana, canned=Canned.REOPENED, words="", now=timezone.now())
    settle(case, now=timezone.now())
    plain.go(f"/n/{case.cutoff.notice_token}/status")
    expect(page.get_by_text(str(TEXTS[Canned.REOPENED]))).to_be_visible()
    assert page.locator("html").evaluate("page => page.scrollWidth <= window.innerWidth")


def test_the_users_pages_are_accessible(visitor: Visitor) -> None:
    case, ana = make_case(), make_user(Role.REVIEWER)
    pages = f"/n/{case.cutoff.notice_token}"
    visitor.go(f"{pages}/feedback")
    visitor.check()
    hear(case, appeal=True, comment="It was a play.", now=timezone.now())
    addresses.ask(cutoff=case.cutoff, address="somebody@example.com", now=timezone.now())
    addresses.send_due(now=timezone.now())
    give_verdict(case, ana, "uphold", now=timezone.now())
    replies.write(case=case, user=ana, canned=Canned.STANDS, words="Be well.", now=timezone.now())
    settle(case, now=timezone.now())
    link = re.search(r"/answers/\S+", str(mail.outbox[-1].body))
    assert link is not None
    for address in (f"{pages}/feedback", f"{pages}/thanks", f"{pages}/status", link[0]):
        visitor.go(address)
        visitor.check()


def test_the_staffs_pages_are_accessible(visitor: Visitor) -> None:
    case, ana = make_case(), make_user(Role.REVIEWER)
    hear(case, comment="It was a play.", now=timezone.now())
    give_verdict(case, ana, "uphold", now=timezone.now())
    visitor.sign_in(ana)
    visitor.go("/feedback")
    visitor.check()
    page = visitor.go(f"/cases/{case.number}/reply")
    page.get_by_label("In your words").fill("Be well.")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="As the user will read it")).to_be_visible()
    visitor.check()
