"""The API's page in a browser: Swagger UI under the strict policy, and nothing from elsewhere."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_api_is_browsed_without_another_host(desk: Visitor) -> None:
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    page = desk.go("/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()

    schema = page.request.get(desk.server + "/api/schema")
    document = json.loads(schema.body())
    known = sum(len(operations) for operations in document["paths"].values())
    expect(page.locator(".opblock")).to_have_count(known)
    assert known > 20

    block = page.locator(".opblock", has_text="/api/v1/events").first
    block.locator(".opblock-summary-control").click()
    expect(block.locator(".responses-table").first).to_be_visible()
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(desk.server).netloc}


def test_it_is_accessible_as_far_as_swagger_ui_lets_it(desk: Visitor) -> None:
    """Its headings leave a level out, the first stands by itself; its buttons hold links."""
    page = desk.go("/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    theirs = ("heading-order", "region", "nested-interactive")
    found = Axe().run(page, options={"rules": {rule: {"enabled": False} for rule in theirs}})
    assert found.violations_count == 0, found.generate_report()


def test_the_document_is_linked_and_downloads(desk: Visitor) -> None:
    page = desk.go("/api/docs")
    link = page.locator("a[href$='/api/schema']").first
    expect(link).to_be_visible()
    answer = page.request.get(desk.server + "/api/schema")
    assert (answer.status, json.loads(answer.body())["openapi"][:3]) == (200, "3.1")


def test_without_scripts_the_document_is_linked(plain: Visitor) -> None:
    page = plain.go("/api/docs")
    expect(page.get_by_role("link", name="/api/schema")).to_be_visible()
