"""The ledger in a browser: accessible in each look, narrowed in place and by its own links."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from tests.browser.conftest import Visitor
from tests.factories import make_user
from tests.reviews.gold_made import settled

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_narrowed_in_each_look(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.AUDITOR, name="Uwe"))
    case = settled()
    settled()
    page = visitor.go("/ledger")
    visitor.check()
    page.get_by_label("Kind of thing").select_option("case")
    page.wait_for_url("**object_type=case**")
    expect(page.locator("#lines td.what").first).to_contain_text("case")
    expect(page.locator("#lines td.what", has_text="person")).to_have_count(0)
    page.get_by_role("link", name=f"history case CO-{case.number}").first.click()
    page.wait_for_url(f"**object_id={case.number}**")
    others = page.locator("#lines td.what").filter(has_not_text=f"CO-{case.number}")
    expect(others).to_have_count(0)
    page.get_by_role("link", name="Zoe").first.click()
    page.wait_for_url("**actor=**")
    expect(page.locator("#lines td.who").first).to_have_text("Zoe")
    page.get_by_label("Action, or how it begins").fill("decided")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="These filters cannot be used")).to_be_visible()
    visitor.check()
