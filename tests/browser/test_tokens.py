"""The page of personal tokens in a browser: in each look, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from tests.browser.conftest import Visitor
from tests.factories import make_token, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_token_is_made_seen_once_and_revoked(visitor: Visitor) -> None:
    visitor.sign_in(make_user(Role.REVIEWER, name="Ana"))
    page = visitor.go("/profile/tokens")
    visitor.check()
    page.get_by_label("Name").fill("Weekly report")
    page.get_by_label("cases:read").check()
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#made")).to_have_value(re.compile("^rp_"))
    visitor.check()
    page.get_by_role("link", name="Tokens", exact=True).click()
    expect(page.locator("#made")).to_have_count(0)
    page.get_by_role("link", name="Revoke Weekly report").click()
    visitor.check()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The token is revoked.")).to_be_visible()
    visitor.check()


def test_an_administrator_ends_those_of_somebody_without_scripts(plain: Visitor) -> None:
    ben = make_user(Role.REVIEWER, name="Ben")
    make_token(ben)
    plain.sign_in(make_user(Role.ADMINISTRATOR, name="Ada"))
    page = plain.go(f"/people/{ben.pk}")
    page.get_by_role("link", name="Revoke all tokens").click()
    page.get_by_role("button", name="Revoke all").click()
    expect(page.get_by_text("1 token is revoked.")).to_be_visible()
    assert ben.tokens.get().revoked_at is not None
