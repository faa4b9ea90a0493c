"""The slider of a draft's editor in a real browser: from its release to the new figures."""

from __future__ import annotations

import shutil
from typing import Any

from bench import harness
from bench.browsing import Person

#: Moves the slider, lets it go, and tells how many milliseconds later the answer was painted.
_RELEASE = """
async ([name, value]) => {
  const slider = document.querySelector(`[data-slides="${name}"]`);
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const began = performance.now();
  const settled = new Promise((done) => {
    document.addEventListener("htmx:afterSettle", function heard(event) {
      if (event.target.id !== "preview") return;
      document.removeEventListener("htmx:afterSettle", heard);
      done();
    });
  });
  slider.dispatchEvent(new Event("change", { bubbles: true }));
  await settled;
  // The frame that shows it has been drawn once the next one begins.
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - began;
}
"""
_HEADLINE = "#preview .headline"


def releases(port: int, person: Person, number: int, values: list[float]) -> list[float] | None:
    """Milliseconds for each of *values* of draft *number*'s severity; None without Chromium.

    Raises ``SystemExit`` where the figures stay as they were.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        harness.say("  No Chromium here: not measured.")
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        address = f"http://127.0.0.1:{port}"
        context.add_cookies([{"name": "sessionid", "value": person.session, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/policies/{number}/edit")
        page.wait_for_selector(_HEADLINE, timeout=60_000)
        said, took = set[str](), list[float]()
        for value in values:
            took.append(_released(page, value))
            said.add(page.locator(_HEADLINE).inner_text())
        browser.close()
    if len(said) < len(values) / 2:
        raise SystemExit("The figures did not follow the slider.")
    return took


def _released(page: Any, value: float) -> float:
    took: float = page.evaluate(_RELEASE, ["default-severity", str(value)])
    return took
