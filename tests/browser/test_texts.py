"""Writing words for notices in a browser: in each look, by keyboard, and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from reviews.services import text_drafts
from reviews.text_models import NoticeDraft, NoticeText, TextState
from reviews.texts import NoticeKind
from tests.browser.conftest import Visitor
from tests.factories import make_case, make_source, make_user
from tests.reviews.texts_made import EVERYBODY, NOTHING, make_draft, make_waiting, put_in_force

pytestmark = pytest.mark.django_db(transaction=True)

_ARABIC = EVERYBODY._replace(kind=NoticeKind.TO_MINOR, language="ar")
_WORDS: dict[str, Any] = {
    "what_happened": "Our assistant ended this chat.\n\nIt seldom does that.",
    "not_meant": "Your account stays as it is.",
    "can_do": "Take a walk.",
}


def test_the_pages_look_well(visitor: Visitor) -> None:
    put_in_force(heading="Your chat was closed", **_WORDS)
    text = put_in_force(what_happened="Our assistant closed this chat.")
    source = make_source("a-source-of-a-name-that-is-as-long-as-names-of-sources-are")
    of_source = EVERYBODY._replace(source_id=source.pk, category="harassment_of_model")
    waiting = make_waiting(of_source, **_WORDS)
    draft = make_draft(_ARABIC, what_happened="أنهى المساعد هذه المحادثة.", can_do="خذ استراحة.")
    visitor.sign_in(make_user(Role.ADMINISTRATOR, name="Ada"))
    for path in (
        "/notices",
        "/notices/texts",
        "/notices/texts?state=all",
        "/notices/texts/new",
        f"/notices/texts/{text.pk}",
        f"/notices/texts/{waiting.pk}",
        f"/notices/texts/{waiting.pk}/preview",
        f"/notices/drafts/{draft.pk}",
        f"/notices/drafts/{draft.pk}/preview",
    ):
        page = visitor.go(path)
        if page.locator(".text-rules").count():
            page.locator(".text-rules summary").click()
        visitor.check()
    expect(visitor.page.locator("html")).to_have_attribute("dir", "rtl")
    expect(visitor.page.get_by_text("Preview, for staff")).to_be_visible()


def test_what_is_refused_and_what_clashes_look_well(visitor: Visitor) -> None:
    ada = make_user(Role.ADMINISTRATOR, name="Ada")
    draft = make_draft(by=ada, **_WORDS)
    visitor.sign_in(ada)
    page = visitor.go(f"/notices/drafts/{draft.pk}")
    page.get_by_label("What happened").fill("See https://example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("No addresses of pages or mail")).to_be_visible()
    visitor.check()
    text_drafts.save(
        draft_id=draft.pk,
        revision=draft.revision,
        words=NOTHING._replace(what_happened="Ben has written this."),
        why="",
        user=make_user(Role.ADMINISTRATOR, name="Ben"),
        now=draft.updated_at,
    )
    page.get_by_label("What happened").fill("Ada has written this.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Ben saved this draft while you were writing")).to_be_visible()
    expect(page.get_by_label("What happened")).to_have_value("Ada has written this.")
    visitor.check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert NoticeDraft.objects.get().what_happened == "Ada has written this."


def test_two_people_bring_a_text_in_force_without_scripts(plain: Visitor) -> None:
    case = make_case()
    plain.sign_in(make_user(Role.ADMINISTRATOR, name="Ada"))
    page = plain.go("/notices")
    page.get_by_role("link", name="Texts of your own").click()
    page.get_by_role("link", name="New draft").first.click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("What happened").fill("Our assistant ended this chat.")
    page.get_by_role("button", name="Save and preview").click()
    expect(page.get_by_role("complementary", name="Preview")).to_be_visible()
    expect(page.get_by_text("Our assistant ended this chat.")).to_be_visible()
    page.get_by_role("link", name="Back to the text").click()
    page.get_by_role("button", name="Save and submit for approval").click()
    expect(page.get_by_text("You had a hand in this version")).to_be_visible()
    address = page.url.removeprefix(plain.server)
    plain.context.clear_cookies()
    plain.sign_in(make_user(Role.ADMINISTRATOR, name="Ben"))
    page = plain.go(address)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("It is in force")).to_be_visible()
    assert NoticeText.objects.get().state == TextState.IN_FORCE
    page = plain.go(f"/n/{case.cutoff.notice_token}")
    expect(page.get_by_text("Our assistant ended this chat.")).to_be_visible()
    expect(page.get_by_role("complementary", name="Preview")).to_have_count(0)


def test_deleting_a_draft_asks_first(desk: Visitor) -> None:
    ada = make_user(Role.ADMINISTRATOR, name="Ada")
    draft = make_draft(by=ada, **_WORDS)
    desk.sign_in(ada)
    page = desk.go(f"/notices/drafts/{draft.pk}")
    page.get_by_role("button", name="Delete the draft").click()
    page.get_by_role("button", name="Cancel").click()
    assert NoticeDraft.objects.exists()
    page.get_by_role("button", name="Delete the draft").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("The draft is deleted.")).to_be_visible()
    assert not NoticeDraft.objects.exists()
