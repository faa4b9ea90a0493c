"""The whole way of a user who reads Arabic, on a phone whose browser runs no scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone, translation
from django.utils.translation import gettext
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.roles import Role
from reviews.models import Feedback
from reviews.reply_texts import TEXTS, Canned
from reviews.services import replies
from reviews.services.enrichment import enrich
from tests.factories import give_verdict, make_case, make_user, settle

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}
FIRST = "كانت مسرحية بين شخصين."
THEN = "كانت مسرحية بين شخصين، ولم أكن غاضبًا."
ANSWER = "قرأنا المسرحية كلها، وكنت على حق."


def ar(text: str) -> str:
    """*text* as the pages say it in Arabic: another one than in English."""
    with translation.override("ar"):
        said = gettext(text)
    assert said != text
    return said


@contextmanager
def phone(browser: Browser, *, scripts: bool) -> Iterator[Page]:
    """A page on a phone."""
    context = browser.new_context(viewport=PHONE, locale="ar", java_script_enabled=scripts)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """What the user sees."""
    with phone(browser, scripts=False) as page:
        yield page


@pytest.fixture
def check(browser: Browser, page: Page) -> Iterator[Callable[[], None]]:
    """Check what *page* shows: its direction, its width, and by axe.

    Axe is a script: it looks at the same markup and styles, and nothing else that runs.
    """
    with phone(browser, scripts=True) as looked_at:

        def checked() -> None:
            page.wait_for_load_state("load")
            root = page.locator("html")
            expect(root).to_have_attribute("dir", "rtl")
            expect(root).to_have_attribute("lang", "ar")
            assert root.evaluate("page => page.scrollWidth") <= PHONE["width"]
            looked_at.route(
                page.url,
                lambda route: route.fulfill(
                    body=page.content(), content_type="text/html; charset=utf-8"
                ),
            )
            looked_at.goto(page.url)
            found = Axe().run(looked_at)
            assert found.violations_count == 0, found.generate_report()
            looked_at.unroute(page.url)

        yield checked


def test_from_the_notice_to_the_answer(
    page: Page, check: Callable[[], None], live_server: LiveServer
) -> None:
    case, ana = make_case(conversation={"locale": "ar-EG"}), make_user(Role.REVIEWER)
    enrich(cutoff_ids=[case.pk])

    page.goto(f"{live_server.url}/n/{case.cutoff.notice_token}")
    expect(page.get_by_role("heading", level=1)).to_have_text(ar("This conversation was ended"))
    check()

    page.get_by_role("link", name=ar("Tell us"), exact=True).click()
    check()
    page.get_by_label(ar("In your words")).fill(FIRST)
    page.get_by_role("button", name=ar("Send")).click()
    expect(page.get_by_text(ar("Please say yes or no."))).to_be_visible()
    expect(page.get_by_label(ar("In your words"))).to_have_value(FIRST)
    check()
    page.get_by_label(ar("Yes, I did not see it coming")).check()
    page.get_by_role("button", name=ar("Send")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ar("Thank you"))
    check()

    page.get_by_role("link", name=ar("What came of it")).click()
    expect(page.get_by_text(ar("You told us"))).to_be_visible()
    expect(page.get_by_text(ar("You asked for another look."))).to_have_count(0)
    check()

    page.get_by_role("link", name=ar("Back to the notice")).click()
    page.get_by_role("link", name=ar("Tell us"), exact=True).click()
    expect(page.get_by_label(ar("In your words"))).to_have_value(FIRST)
    page.get_by_label(ar("In your words")).fill(THEN)
    page.get_by_label(ar("Please have somebody look at this again")).check()
    page.get_by_role("button", name=ar("Send")).click()
    page.get_by_role("link", name=ar("What came of it")).click()
    expect(page.get_by_text(ar("You asked for another look."))).to_be_visible()
    check()

    given = Feedback.objects.select_related("words").get()
    assert (given.surprised, given.appeal, given.words.comment) == (True, True, THEN)
    case.refresh_from_db()
    now = timezone.now()
    give_verdict(case, ana, "overturn", now=now)
    replies.write(case=case, user=ana, canned=Canned.REOPENED, words=ANSWER, now=now)
    settle(case, now=now)
    page.reload()
    expect(page.get_by_text(ar("It should not have been ended"), exact=True)).to_be_visible()
    answered = page.get_by_role("region", name=ar("What we answer you"))
    with translation.override("ar"):
        expect(answered).to_contain_text(str(TEXTS[Canned.REOPENED]))
    expect(answered).to_contain_text(ANSWER)
    check()
