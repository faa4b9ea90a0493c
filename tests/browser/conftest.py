"""A real browser on a real server. Every page is checked by axe, and no console may complain."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.factories import PASSWORD

#: How long a busy machine may take, in milliseconds, for a page as for what is expected of it.
_PATIENCE = 10_000
#: Pages that were refused on purpose are noted by the browser as failed loads. A preview that a
#: newer one replaces, or that the page leaves behind, is noted by htmx as aborted; a request that
#: failed or took too long has a line of its own besides.
_EXPECTED = ("the server responded with a status of 4", "htmx:sendAbort", "htmx:afterRequest")


@pytest.fixture(scope="session", autouse=True)
def _database_beside_the_browser() -> Iterator[None]:
    """Playwright runs an event loop in this thread; the database is used here all the same."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("The browser tests need Chromium on the PATH; .ci/run installs Debian's.")
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(autouse=True)
def _no_request_outlives_its_test(browser: Browser, transactional_db: None) -> Iterator[None]:
    """Let the server finish before the tables are emptied.

    A page that is closed leaves its heartbeat or its search to the server's thread; emptying the
    tables beneath it ended in a deadlock. The connections end with the contexts, and the server's
    threads with the connections.
    """
    yield
    for context in browser.contexts:
        context.close()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(_PATIENCE / 1000)
            assert not thread.is_alive(), "a request is still being answered"


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    server: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page of the server."""
        self.page.goto(self.server + path)
        return self.page

    def sign_in(self, user: User) -> None:
        """Sign in as *user*, through the form."""
        self.go("/login")
        self.page.fill("[name=username]", user.email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda url: not url.endswith("/login"))

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what the console complains of: a broken policy, a script that failed."""
        expected = any(words in message.text for words in _EXPECTED)
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fail where axe finds something, or the page is wider than the window.

        A click waits until the next page begins; what axe reads has to be there to its end.
        """
        self.page.wait_for_load_state("load")
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture(params=["1440-light", "390-dark"])
def look(request: pytest.FixtureRequest) -> tuple[int, str]:
    """A width in pixels and a theme."""
    width, theme = request.param.split("-")
    return int(width), theme


def _visitor(
    browser: Browser, server: str, *, width: int, theme: str, scripts: bool
) -> Iterator[Visitor]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        java_script_enabled=scripts,
    )
    context.set_default_timeout(_PATIENCE)
    page = context.new_page()
    visitor = Visitor(server, context, page)
    page.on("console", visitor.hear)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    yield visitor
    context.close()
    assert visitor.complaints == []


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer, look: tuple[int, str]) -> Iterator[Visitor]:
    """A visitor in each look."""
    yield from _visitor(browser, live_server.url, width=look[0], theme=look[1], scripts=True)


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer) -> Iterator[Visitor]:
    """A visitor at a desk."""
    yield from _visitor(browser, live_server.url, width=1440, theme="light", scripts=True)


@pytest.fixture
def plain(browser: Browser, live_server: LiveServer) -> Iterator[Visitor]:
    """A visitor whose browser runs no scripts."""
    yield from _visitor(browser, live_server.url, width=1440, theme="light", scripts=False)
