"""What the scripts say comes from the catalogue: in a language of marked words, it is marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, expect
from pytest_django import Settings

from accounts.roles import Role
from reviews.models import Claim
from reviews.services import claims
from tests.browser.conftest import Visitor
from tests.browser.test_pages import full_case
from tests.factories import make_case, make_user
from tools import catalogues

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPTS: Final = Path(__file__).parents[2] / "static" / "js"
_TEXT: Final = r'"((?:[^"\\]|\\.)*)"'
_CALL: Final = re.compile(rf"\b(?:gettext\(\s*{_TEXT}|ngettext\(\s*{_TEXT},\s*{_TEXT})")
#: The language: no country has this code.
LANGUAGE: Final = "xx"


def _texts() -> Iterator[tuple[str, ...]]:
    """What the scripts say: a text, or one for one and one for many."""
    for path in sorted(SCRIPTS.glob("*.js")):
        for found in _CALL.findall(path.read_text("utf-8")):
            yield tuple(json.loads(f'"{text}"') for text in found if text)


@pytest.fixture(autouse=True)
def _marked(settings: Settings, tmp_path: Path) -> None:
    """Serve everything in a language whose words are ours in brackets."""
    marked = {"\0".join(said): "\0".join(f"⟦{text}⟧" for text in said) for said in _texts()}
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    folder = tmp_path / LANGUAGE / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "djangojs.mo").write_bytes(catalogues.compiled({"": header} | marked))
    # Without one of its own, Django refuses to speak a language by default.
    (folder / "django.mo").write_bytes(catalogues.compiled({"": header}))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [(LANGUAGE, "Marked"), *settings.LANGUAGES]
    settings.LANGUAGE_CODE = LANGUAGE


def is_marked(shown: Locator, words: str) -> None:
    """Fail unless *shown* says *words*, marked as one text."""
    expect(shown).to_have_text(f"⟦{words}⟧")


def test_a_case_speaks_the_language_of_its_page(desk: Visitor) -> None:
    ana, case = make_user(Role.REVIEWER, name="Ana"), full_case()
    claims.claim(case=case, user=ana)
    desk.sign_in(ana)
    desk.page.clock.install()
    page = desk.go(f"/cases/{case.number}")
    claimed = page.locator("li", has_text="Ana claimed it").locator("time")
    is_marked(claimed, "just now")
    page.clock.fast_forward(4 * 60_000)
    is_marked(claimed, "4 min ago")
    page.keyboard.press("o")
    expect(page.locator("#missing")).to_have_text(re.compile("^⟦Still missing: .*⟧$"))
    page.evaluate(
        """() => {
            const words = document.querySelector("#turn-30 [data-words]").firstChild;
            getSelection().setBaseAndExtent(words, 0, words, 7);
        }"""
    )
    is_marked(page.locator(".cite-selection"), "Cite these words")
    page.keyboard.press("x")
    cited = page.locator("[data-evidence] li")
    is_marked(cited.locator("a"), "Turn 30, characters 0 to 7")
    is_marked(cited.locator("button"), "Remove")
    removal = "⟦Remove turn 30, characters 0 to 7⟧"
    expect(cited.locator("button")).to_have_attribute("aria-label", removal)
    page.keyboard.press("?")
    is_marked(page.locator("#shortcuts dt").last, "This list")
    page.keyboard.press("Escape")
    Claim.objects.update(ended_at=timezone.now())
    page.clock.fast_forward(61_000)
    toast = page.locator("#toasts .alert")
    said = "You no longer hold this case. What you wrote is kept as your draft."
    is_marked(toast.locator(".grow"), said)
    is_marked(toast.locator("button"), "Close")


def test_the_queue_does_so_too(desk: Visitor) -> None:
    case = make_case()
    desk.sign_in(make_user(Role.SENIOR, name="Sofia"))
    page = desk.go("/review?state=all")
    page.locator(f"#pick-{case.number}").check()
    is_marked(page.locator("[data-chosen]"), "1 chosen")
    page.locator("[data-arrange] [name=label]").fill("spring")
    page.locator("[data-arrange] [value=label]").click()
    question = "1 case will be labelled “spring”. You can undo it afterwards."
    is_marked(page.locator("#confirm [data-question]"), question)
    page.keyboard.press("Escape")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:timeout', {bubbles: true}))")
    said = "That took too long. It may still have happened: reload the page before you try again."
    is_marked(page.locator("#toasts .grow"), said)
