"""The case page in a browser: ways to turns, finding, citing, what is missing, dead keys."""

from __future__ import annotations

import re
import threading

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, CaseNote, Verdict
from reviews.services import canned, claims
from tests.browser.conftest import Visitor
from tests.browser.test_pages import full_case
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana() -> User:
    """A reviewer."""
    return make_user(Role.REVIEWER, name="Ana")


def held(desk: Visitor, ana: User) -> tuple[Case, Page]:
    """A case that *ana* holds, open before her."""
    case = full_case()
    claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    return case, desk.go(f"/cases/{case.number}")


def test_a_deep_link_opens_the_fold_that_holds_its_turn(desk: Visitor, ana: User) -> None:
    case = full_case()
    desk.sign_in(ana)
    page = desk.go(f"/cases/{case.number}#turn-12")
    expect(page.locator("#turn-12")).to_be_focused()
    expect(page.locator("#turn-12")).to_be_in_viewport()


def test_a_criterion_marks_the_turns_that_prove_it(desk: Visitor, ana: User) -> None:
    _, page = held(desk, ana)
    row = page.locator("[data-proved-by]").first
    expect(page.locator("#turn-6")).to_have_count(0)
    row.locator("[data-proof]").first.press("Enter")
    expect(page.locator("#turn-6.proving")).to_be_focused()
    expect(row).to_have_class(re.compile("proven"))
    row.locator("td").first.click()
    expect(page.locator(".proving")).to_have_count(0)
    desk.check()


def test_words_are_found_in_folded_and_hidden_turns(desk: Visitor, ana: User) -> None:
    _, page = held(desk, ana)
    page.keyboard.press("/")
    page.keyboard.type("says something")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("30 hits")
    expect(page.locator("#turn-1")).to_be_focused()
    assert "Turn 0 says" not in page.content()
    page.keyboard.press(".")
    expect(page.locator("#turn-2")).to_be_focused()
    page.keyboard.press(",")
    page.keyboard.press(",")
    expect(page.locator("#turn-30")).to_be_focused()
    desk.check()


def test_selected_words_are_cited_with_one_key(desk: Visitor, ana: User) -> None:
    case, page = held(desk, ana)
    page.evaluate(
        """() => {
            const words = document.querySelector("#turn-30 [data-words]").firstChild;
            getSelection().setBaseAndExtent(words, 0, words, 7);
        }"""
    )
    expect(page.get_by_role("button", name="Cite these words")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("[data-evidence]")).to_contain_text("Turn 30, characters 0 to 7")
    desk.check()
    for key in ("u", "1", "p", "w"):
        page.keyboard.press(key)
    page.keyboard.type("It went on.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your verdict is in.")).to_be_visible()
    assert Verdict.objects.get(case=case).evidence == [
        {"turn": 30, "message_id": "m29", "start": 0, "end": 7}
    ]


def test_nothing_is_sent_while_something_is_missing(desk: Visitor, ana: User) -> None:
    _, page = held(desk, ana)
    posted: list[str] = []
    page.on("request", lambda sent: posted.append(sent.url) if "verdict" in sent.url else None)
    page.keyboard.press("o")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#missing")).to_have_text(
        "Still missing: a reason, whether the policy was followed, your words."
    )
    expect(page.locator("#rationale-errors")).to_have_text("Write why, in a sentence or two.")
    desk.check()
    page.keyboard.press("p")
    expect(page.locator("#missing")).to_have_text("Still missing: a reason, your words.")
    assert [url for url in posted if url.endswith("/verdict")] == []


def test_a_kept_text_that_fits_is_put_in_with_one_key(desk: Visitor, ana: User) -> None:
    now = timezone.now()
    for title, code in (("A", "roleplay"), ("B", "no_prior_warning"), ("C", "")):
        canned.keep(
            user=ana, title=title, text=f"{title}!", reason_code=code, shared=False, now=now
        )
    _, page = held(desk, ana)
    for key in ("o", "1", "t", "t"):
        page.keyboard.press(key)
    expect(page.locator("[name=rationale]")).to_have_value("B!\nC!")


def test_a_note_is_left_without_losing_what_is_typed(desk: Visitor, ana: User) -> None:
    _, page = held(desk, ana)
    page.locator("[name=rationale]").fill("Half a sentence")
    page.locator("#notes textarea").last.fill("Mind it.")
    page.get_by_role("button", name="Leave a note").click()
    expect(page.locator("#notes .words")).to_have_text("Mind it.")
    expect(page.locator("[name=rationale]")).to_have_value("Half a sentence")
    assert CaseNote.objects.get().words.text == "Mind it."
    desk.check()


def test_keys_are_dead_while_the_next_case_loads(desk: Visitor, ana: User) -> None:
    first, page = held(desk, ana)
    second = full_case()
    for key in ("u", "1", "p", "w"):
        page.keyboard.press(key)
    page.keyboard.type("It went on.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your verdict is in.")).to_be_visible()
    asked, answer = threading.Event(), threading.Event()

    def slowly(route: Route) -> None:
        asked.set()
        while not answer.is_set():
            page.wait_for_timeout(20)
        route.continue_()

    page.route("**/review/claim-next", slowly)
    page.keyboard.press("n")
    for _ in range(100):
        if asked.is_set():
            break
        page.wait_for_timeout(20)
    for key in ("z", "o", "1", "Control+Enter"):
        page.keyboard.press(key)
    answer.set()
    page.wait_for_url(f"**/cases/{second.number}")
    expect(page.locator("#verdict-form")).to_be_visible()
    expect(page.locator("#verdict-form :checked:not(option)")).to_have_count(0)
    assert Verdict.objects.filter(withdrawal=None).values_list("case", flat=True)[0] == first.pk


def test_single_keys_can_be_switched_off(desk: Visitor, ana: User) -> None:
    case, _ = held(desk, ana)
    desk.context.add_cookies([{"name": "shortcuts", "value": "off", "url": desk.server}])
    page = desk.go(f"/cases/{case.number}")
    page.keyboard.press("u")
    expect(page.locator("#verdict-form :checked:not(option)")).to_have_count(0)


def test_at_twice_the_size_everything_is_there(desk: Visitor, ana: User) -> None:
    desk.page.set_viewport_size({"width": 720, "height": 450})
    _, page = held(desk, ana)
    desk.check()
    page.keyboard.press("o")
    expect(page.locator("[data-for=overturn]")).to_be_visible()
    desk.check()


def test_who_does_not_see_the_page_is_told_where_things_are(desk: Visitor, ana: User) -> None:
    _, page = held(desk, ana)
    for name in ("What the policy asked for and what was there", "Transcript", "Verdict", "Notes"):
        expect(page.get_by_role("region", name=name, exact=True)).to_have_count(1)
    expect(page.get_by_role("article", name="Turn 30, Model, ended here")).to_have_count(1)
    expect(page.get_by_role("radio", name="Overturn", exact=True)).to_have_attribute(
        "aria-keyshortcuts", "o"
    )
    expect(page.get_by_role("status").filter(has_text="Still missing")).to_have_count(1)
