"""Where the focus is: never lost to an answer, a field or a dialog; and what keyboards are told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from reviews.services import claims
from tests.browser.conftest import Visitor
from tests.browser.test_pages import full_case
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(desk: Visitor) -> Page:
    """A case that somebody holds, open before them."""
    ana, case = make_user(Role.REVIEWER, name="Ana"), full_case()
    claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    return desk.go(f"/cases/{case.number}")


def test_what_is_swapped_in_has_the_focus_of_what_went(page: Page) -> None:
    page.locator("#turn-1").get_by_role("button", name="Show").press("Enter")
    expect(page.locator("#turn-1 .shown-text")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#turn-1 .hidden-text")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-walk-item]").nth(1)).to_be_focused()
    page.locator(".folded a").first.press("Enter")
    expect(page.locator("#turn-2")).to_be_focused()
    page.locator(".ask-severity button").press("Enter")
    expect(page.get_by_role("row", name=re.compile("^Severity"))).to_be_focused()


def test_a_control_that_comes_back_has_it_again(page: Page) -> None:
    page.keyboard.press("m")
    page.keyboard.type("Mind it.")
    button = page.get_by_role("button", name="Leave a note")
    button.press("Enter")
    expect(page.locator("#notes .words")).to_have_text("Mind it.")
    expect(button).to_be_focused()
    expect(button).to_be_in_viewport()


def test_escape_leads_from_a_field_back_to_the_turn(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("w")
    page.keyboard.type("It went")
    page.keyboard.press("Escape")
    expect(page.locator("#turn-1")).to_be_focused()
    expect(page.locator("[name=rationale]")).to_have_value("It went")


def test_a_dialog_gives_the_focus_back_though_nothing_had_it(page: Page) -> None:
    page.keyboard.press("s")
    expect(page.locator("#way-skip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Skip", exact=True)).to_be_focused()
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(page.locator("#main")).to_be_focused()


def test_the_verdict_is_one_step_away(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the verdict")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Uphold", exact=True)).to_be_focused()


def test_without_single_keys_no_hint_and_no_line_of_one(desk: Visitor, page: Page) -> None:
    page.keyboard.press("?")
    keys = page.locator("#shortcuts dd")
    assert keys.count() > 20
    desk.context.add_cookies([{"name": "shortcuts", "value": "off", "url": desk.server}])
    page.reload()
    expect(page.locator("kbd:visible")).to_have_text(["Ctrl ↵"])
    page.locator(".who-menu summary").click()
    page.get_by_role("button", name="Keys").click()
    expect(keys).to_have_text(["Ctrl Enter "])
    expect(page.locator("#shortcuts")).to_contain_text("Single keys are switched off.")
    desk.check()


def test_times_are_exact_for_whoever_has_no_pointer(page: Page) -> None:
    entry = page.locator(".timeline time").last
    expect(entry).to_have_text("just now")
    page.locator(".who-menu summary").click()
    page.get_by_label("Exact times").check()
    expect(entry).to_have_text(re.compile(r"\d{4}, \d"))
    page.reload()
    expect(entry).to_have_text(re.compile(r"\d{4}, \d"))


def test_the_count_of_what_is_found_is_said_and_no_list(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("says something")
    page.keyboard.press("Enter")
    said = page.get_by_role("status").filter(has_text="hits")
    expect(said).to_have_text("30 hits in 30 turns:")
