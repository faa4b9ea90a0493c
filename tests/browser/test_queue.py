"""The list of cases in a real browser: by keyboard, with many chosen, kept up to date, narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, CaseLabel
from reviews.services import claims
from tests.browser.conftest import Visitor
from tests.factories import make_case, make_source, make_user
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sofia() -> User:
    """A senior."""
    return make_user(Role.SENIOR, name="Sofia")


def cases(count: int) -> list[Case]:
    """Cases that wait, the first of them first in the order of work."""
    source = make_source()
    made = [make_case(source) for _ in range(count)]
    for place, case in enumerate(made):
        Case.objects.filter(pk=case.pk).update(priority=500 - place, queue="general")
    return made


def tell(page: Page) -> None:
    """What the clock of the page does every five seconds."""
    page.evaluate("document.querySelector('[data-live]').dispatchEvent(new CustomEvent('live'))")


def test_every_state_holds_in_every_look(visitor: Visitor, sofia: User) -> None:
    visitor.sign_in(sofia)
    expect(visitor.page.get_by_text("Nothing waits")).to_be_visible()
    visitor.check()
    made = cases(3)
    case_of([{"role": "user", "content": "a purple giraffe"}], signals={"severity": 0.2})
    claims.claim(case=made[1], user=make_user(Role.REVIEWER, name="Tom"))
    page = visitor.go("/review?state=all")
    visitor.check()
    page.locator(f"#pick-{made[0].number}").check()
    expect(page.locator(".arranging")).to_be_visible()
    visitor.check()
    page.locator(f"#pick-{made[0].number}").uncheck()
    page.locator(".why button").first.focus()
    expect(page.locator(".explained").first).to_be_visible()
    visitor.check()
    visitor.go("/review?state=all&q=giraffe")
    expect(page.locator("mark")).to_have_text("giraffe")
    visitor.check()
    visitor.go("/review?category=hate")
    expect(page.get_by_text("No case is like that")).to_be_visible()
    page.get_by_text("Views", exact=True).click()
    visitor.check()


def test_by_keyboard_alone(desk: Visitor, sofia: User) -> None:
    first, second, _ = cases(3)
    desk.sign_in(sofia)
    page = desk.page
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("#cases [name=case]:checked")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.locator("[name=q]")).to_be_focused()
    page.locator(f"#open-{second.number}").focus()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_contain_text("Choose or leave out the case")
    page.keyboard.press("Escape")
    page.locator(f"#open-{second.number}").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{second.number}")
    assert first.number != second.number


def test_many_are_labelled_after_a_question_and_it_is_undone(desk: Visitor, sofia: User) -> None:
    cases(2)
    desk.sign_in(sofia)
    page = desk.page
    page.get_by_label("Choose all on this page").check()
    page.locator("#arrange-label").fill("Refund")
    page.locator("#arrange-label").press("Enter")
    expect(page.locator("#confirm")).to_contain_text("2 cases will be labelled “Refund”.")
    page.locator("#confirm").get_by_role("button", name="Go on").click()
    expect(page.get_by_text("2 cases labelled “Refund”.")).to_be_visible()
    assert CaseLabel.objects.count() == 2
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 cases put back as before.")).to_be_visible()
    assert not CaseLabel.objects.exists()


def test_without_scripts_a_page_asks(plain: Visitor, sofia: User) -> None:
    case, _ = cases(2)
    plain.sign_in(sofia)
    page = plain.page
    page.locator(f"#pick-{case.number}").check()
    page.locator("#arrange-label").fill("Refund")
    page.get_by_role("button", name="Label", exact=True).click()
    expect(page.get_by_text("1 case will be labelled “Refund”.")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("1 case labelled “Refund”.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 case put back as before.")).to_be_visible()


def test_a_change_comes_without_a_reload_and_disturbs_nothing(desk: Visitor, sofia: User) -> None:
    first, second, _ = cases(3)
    desk.sign_in(sofia)
    page = desk.page
    page.locator(f"#pick-{first.number}").check()
    page.locator(f"#open-{second.number}").focus()
    claims.claim(case=second, user=make_user(Role.REVIEWER, name="Tom"))
    tell(page)
    expect(page.locator(f"[data-case='{second.number}']")).to_contain_text("Tom until")
    expect(page.locator(f"#open-{second.number}")).to_be_focused()
    expect(page.locator(f"#pick-{first.number}")).to_be_checked()


def test_rows_move_only_when_nobody_is_at_them(desk: Visitor, sofia: User) -> None:
    first, second, _ = cases(3)
    desk.sign_in(sofia)
    page = desk.page
    page.locator(f"#open-{second.number}").focus()
    Case.objects.filter(pk=second.pk).update(priority=5_000)
    tell(page)
    anew = page.get_by_role("button", name="The list has changed")
    expect(anew).to_be_visible()
    rows = page.locator("[data-case]")
    expect(rows.first).to_have_attribute("data-case", str(first.number))
    anew.click()
    expect(rows.first).to_have_attribute("data-case", str(second.number))


def test_why_a_case_stands_there_is_told_within_the_window(visitor: Visitor, sofia: User) -> None:
    """However far to the right its number stands: what is before it has no width of its own."""
    visitor.sign_in(sofia)
    cases(1)
    page = visitor.go("/review?state=all")
    number = page.locator(".why button").first
    number.evaluate("one => { one.closest('td').style.paddingInlineStart = '14rem' }")
    number.focus()
    expect(page.locator(".explained").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
