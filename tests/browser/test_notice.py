"""The user's pages on a phone, without JavaScript, dark, and from right to left."""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ViewportSize
from pytest_django.live_server_helper import LiveServer

from reviews.services.enrichment import enrich
from tests.factories import make_case

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ("", "/feedback", "/thanks", "/status", "/statement")
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    ("language", "dark", "scripts"), [("ar", True, True), ("de", False, False), ("ar", True, False)]
)
def test_they_hold_on_a_phone(
    browser: Browser, live_server: LiveServer, language: str, dark: bool, scripts: bool
) -> None:
    case = make_case(
        conversation={"locale": language, "country": "DE", "age_band": "minor"},
        cutoff={"category": "hate"},
    )
    enrich(cutoff_ids=[case.pk])
    context = browser.new_context(
        viewport=PHONE, color_scheme="dark" if dark else "light", java_script_enabled=scripts
    )
    page = context.new_page()
    for name in PAGES:
        page.goto(f"{live_server.url}/n/{case.cutoff.notice_token}{name}")
        if folder := os.environ.get("NOTICE_PICTURES"):
            page.screenshot(path=f"{folder}/{language}{name.replace('/', '-')}.png", full_page=True)
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        widest = page.locator("main").bounding_box()
        assert widest is not None
        assert widest["width"] <= PHONE["width"]
        for link in page.locator("main a, main button, footer a").all():
            box = link.bounding_box()
            if box:
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= PHONE["width"]
        if scripts:
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
    page.goto(f"{live_server.url}/n/{case.cutoff.notice_token}")
    page.click("footer a[hreflang=fr]")
    page.click("main .actions a:nth-child(2)")
    assert page.locator("html").get_attribute("lang") == "fr"
    context.close()
