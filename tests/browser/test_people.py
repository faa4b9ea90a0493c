"""One's own settings and the people pages in a browser: in each look, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from reviews.models import AccessChange, CareSettings
from reviews.services import claims
from tests.browser.conftest import Visitor
from tests.factories import SIGNALS, make_case, make_user
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_settings_look_well(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.REVIEWER, name="Ana"))
    visitor.go("/profile")
    visitor.check()
    visitor.go("/profile/care")
    visitor.check()


def test_the_people_pages_look_well(visitor: Visitor) -> None:
    ben = make_user(Role.REVIEWER, name="Ben")
    visitor.sign_in(make_user(Role.ADMINISTRATOR, name="Ada"))
    for path in (
        "/people",
        "/people/new",
        f"/people/{ben.pk}",
        f"/people/{ben.pk}/change?what=qualification:child_safety",
    ):
        visitor.go(path)
        visitor.check()


def test_somebody_is_invited_made_a_reviewer_and_given_a_link(desk: Visitor) -> None:
    desk.sign_in(make_user(Role.ADMINISTRATOR, name="Ada"))
    page = desk.go("/people/new")
    page.get_by_label("Name").fill("Eve")
    page.get_by_label("E-mail address").fill("eve@example.com")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("link", name="Give Reviewer", exact=True).click()
    page.get_by_label("Reason").fill("Begins on Monday")
    page.get_by_role("button", name="Give Eve: Reviewer").click()
    expect(page.get_by_text("It is done, and noted.")).to_be_visible()
    desk.check()
    assert AccessChange.objects.filter(name="reviewer", reason="Begins on Monday").exists()
    page.get_by_role("button", name="Show a link").click()
    expect(page.get_by_label("Link", exact=True)).to_have_value(re.compile("/welcome/"))
    desk.check()


def test_what_is_blurred_is_shown_and_hidden_again(visitor: Visitor) -> None:
    ana, case = make_user(Role.REVIEWER, name="Ana"), case_of(6)
    CareSettings.objects.create(user=ana, blurred=[case.category])
    visitor.sign_in(ana)
    page = visitor.go(f"/cases/{case.number}")
    visitor.check()
    expect(page.get_by_text("#0#")).to_have_count(0)
    first = page.locator("article.turn").first
    first.get_by_role("button", name="Show").click()
    expect(page.get_by_text("#0#")).to_be_visible()
    expect(first.locator(".veil")).to_have_count(0)
    visitor.check()
    first.get_by_role("button", name="Hide again").click()
    expect(page.get_by_text("#0#")).to_have_count(0)
    expect(first.locator(".veil")).to_be_visible()


def test_a_pause_is_suggested_and_put_off(desk: Visitor) -> None:
    ana, case = (
        make_user(Role.REVIEWER, name="Ana"),
        make_case(signals=SIGNALS | {"severity": 0.95}),
    )
    claims.claim(case=case, user=ana)
    claims.release(case=case, user=ana)
    desk.sign_in(ana)
    page = desk.go("/profile")
    expect(page.get_by_text("That was a severe one.")).to_be_visible()
    desk.check()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_text("That was a severe one.")).to_have_count(0)
    desk.go("/profile")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("That was a severe one.")).to_have_count(0)


def test_the_settings_work_without_scripts(plain: Visitor) -> None:
    ana = make_user(Role.REVIEWER, name="Ana")
    plain.sign_in(ana)
    page = plain.go("/profile/care")
    page.get_by_label("Hate", exact=True).last.check()
    page.get_by_role("button", name="Save what is dealt").click()
    expect(page.get_by_text("Saved: what you are dealt.")).to_be_visible()
    assert CareSettings.objects.get(user=ana).opted_out == ["hate"]
