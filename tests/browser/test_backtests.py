"""What would have happened, in a browser: the preview follows the slider; backtests and sweeps."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from conversations.vocabulary import FirstReview
from policies.models import Backtest, Draft
from policies.services import backtests, drafts
from tests.browser.conftest import Visitor
from tests.factories import make_user
from tests.policies.backtests import LAX, asking, make_cutoff, make_near_miss
from tests.policies.lifecycle import approved

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ida() -> User:
    """A policy admin."""
    return make_user(Role.POLICY_ADMIN, name="Ida")


@pytest.fixture
def draft(ida: User) -> Draft:
    """A draft over a short history: of ten cutoffs, a severity of 0.7 spares two."""
    now = timezone.now()
    lax = approved(msgspec.to_builtins(LAX))
    reviews = [FirstReview.UPHELD, FirstReview.OVERTURNED, None]
    for number in range(10):
        make_cutoff(
            0.5 + number / 10 if number < 5 else 0.95,
            policy_version=lax.number,
            review=reviews[number % 3],
            at=now - timedelta(days=9, hours=number),
            model=("m1", "m2")[number % 2],
        )
    make_near_miss(0.45, at=now - timedelta(days=2))
    return drafts.create_draft(
        user=ida, now=now, content=msgspec.to_builtins(asking(0.7)), based_on=lax
    )


def test_the_preview_follows_the_slider(visitor: Visitor, ida: User, draft: Draft) -> None:
    visitor.sign_in(ida)
    page = visitor.go(f"/policies/{draft.number}/edit")
    headline, said = page.locator("#preview .headline b"), page.locator("#preview-said")
    expect(headline).to_have_text("2")
    slider = page.locator("[data-slides=default-severity]")
    slider.focus()
    slider.press("End")
    expect(headline).to_have_text("10")
    expect(said).to_contain_text("10 of 10 cutoffs spared")
    visitor.check()

    page.locator("#default-severity").fill("1.4")
    page.locator("#default-refusals").focus()
    expect(page.locator("#preview-fault")).to_contain_text(
        "Default: severity: A number from 0 to 1."
    )
    expect(page.locator(".outdated")).to_be_visible()
    expect(headline).to_have_text("10")
    expect(said).to_contain_text("The figures are outdated.")
    visitor.check()

    page.locator("#default-severity").fill("0.4")
    page.locator("#default-refusals").focus()
    expect(headline).to_have_text("0")
    expect(page.locator(".outdated")).to_be_hidden()
    expect(said).to_contain_text("1 near miss ended anew.")
    assert page.url.endswith("/edit")


def test_return_in_a_filter_asks_and_does_not_save(desk: Visitor, ida: User, draft: Draft) -> None:
    desk.sign_in(ida)
    page = desk.go(f"/policies/{draft.number}/edit")
    expect(page.locator("#preview .headline")).to_contain_text("of 10 cutoffs")
    page.get_by_text("Only some cutoffs").click()
    desk.check()
    page.get_by_label("Model (optional)").fill("m1")
    page.keyboard.press("Enter")
    expect(page.locator("#preview .headline")).to_contain_text("of 5 cutoffs")
    draft.refresh_from_db()
    assert draft.revision == 1


def test_a_number_opens_its_cases_beside_what_is_typed(
    desk: Visitor, ida: User, draft: Draft
) -> None:
    desk.sign_in(ida)
    page = desk.go(f"/policies/{draft.number}/edit")
    with desk.context.expect_page() as opened:
        page.get_by_role("link", name="Spared, All: 2").first.click()
    cases = opened.value
    cases.wait_for_load_state()
    expect(cases.get_by_role("row")).to_have_count(3)
    cases.keyboard.press("j")
    cases.keyboard.press("Enter")
    expect(cases.get_by_role("heading", level=1)).to_contain_text("CO-")
    assert page.url.endswith("/edit")


def test_without_scripts_a_button_previews(plain: Visitor, ida: User, draft: Draft) -> None:
    plain.sign_in(ida)
    page = plain.go(f"/policies/{draft.number}/edit")
    page.locator("#default-severity").fill("1")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview .headline b")).to_have_text("10")
    expect(page.locator("#default-severity")).to_have_value("1")


def test_backtests_are_listed_followed_and_read(visitor: Visitor, ida: User, draft: Draft) -> None:
    visitor.sign_in(ida)
    page = visitor.go("/policies/backtests")
    visitor.check()
    visitor.go(f"/policies/backtests/new?of={draft.number}")
    page.get_by_text("Only some cutoffs").click()
    visitor.check()
    now = timezone.now()
    found = backtests.request(
        candidate=asking(0.7),
        candidate_number=draft.number,
        since=now - timedelta(days=30),
        until=now,
        now=now,
        actor=Actor(user=ida),
    )
    visitor.go("/policies/backtests")
    visitor.check()
    page.get_by_role("link", name=f"Policy {draft.number}").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    visitor.check()
    backtests.run(backtest_id=found.pk)
    expect(page.locator(".headline b")).to_have_text("2")
    expect(page.locator("#backtest-said")).to_contain_text("2 of 10 cutoffs spared")
    expect(page.get_by_role("link", name="As CSV")).to_be_visible()
    page.get_by_text("Every figure by its name").click()
    visitor.check()
    visitor.go(f"/policies/{draft.number}")
    visitor.check()


def test_a_backtest_is_cancelled_in_a_dialog(desk: Visitor, ida: User, draft: Draft) -> None:
    now = timezone.now()
    found = backtests.request(
        candidate=asking(0.7),
        candidate_number=draft.number,
        since=now - timedelta(days=30),
        until=now,
        now=now,
        actor=Actor(user=ida),
    )
    desk.sign_in(ida)
    page = desk.go(f"/policies/backtests/{found.pk}")
    page.get_by_role("link", name="Cancel…").click()
    desk.check()
    page.get_by_role("button", name="Cancel the backtest").click()
    expect(page.get_by_text("It kept no figures.")).to_be_visible()
    assert Backtest.objects.get(pk=found.pk).state == "cancelled"
    desk.check()


def test_a_point_of_the_curve_goes_into_the_draft(
    visitor: Visitor, ida: User, draft: Draft
) -> None:
    visitor.sign_in(ida)
    page = visitor.go(f"/policies/{draft.number}/sweep")
    visitor.check()
    # Nobody scrolls to the end of a row to take its value, however narrow the window is.
    button = page.locator("button[value='0.85']")
    button.evaluate("one => one.scrollIntoView({block: 'center', inline: 'nearest'})")
    page.locator(".scroll:has(.points)").evaluate("one => { one.scrollLeft = 0 }")
    expect(button).to_be_in_viewport(ratio=1)
    button.click()
    page.wait_for_url("**/edit")
    expect(page.locator("#default-severity")).to_have_value("0.85")
    page = visitor.go(f"/policies/{draft.number}/sweep")
    curve = page.locator(".curve").first
    box = curve.bounding_box()
    assert box is not None
    curve.click(position={"x": box["width"] * 0.4, "y": 50})
    page.wait_for_url("**/edit")
    expect(page.locator("#default-severity")).to_have_value("0.4")


def test_thresholds_are_suggested_or_cannot_be_told(
    visitor: Visitor, ida: User, draft: Draft
) -> None:
    visitor.sign_in(ida)
    page = visitor.go(f"/policies/{draft.number}/suggest")
    visitor.check()
    page.get_by_role("button", name="Search and test").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cannot tell")
    visitor.check()
