"""Work cases of a running Recourse by keyboard alone, and count what it takes.

    make demo                                   # in another terminal
    python tools/keyboard_reviewer.py --cases 200

Reads the addresses and the reviewer's login from ``.recourse/demo.json``. Every case is taken
with ``n``, read, decided and sent by keys. Each time keys are also struck while the next page is
on its way: none may do anything. A landing is wrong where a verdict stands on another case than
the one that was shown, or says something else than was struck there, or where a page begins with
something chosen already. Decisions alternate, so that a verdict that went astray shows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
_FORM: Final = "#verdict-form"
_CHOSEN: Final = "#verdict-form :checked:not(option)"
#: What a hasty reviewer strikes before the next case is there.
_HASTY: Final = ("o", "1", "p", "Control+Enter", "z")


@dataclass
class Tally:
    """What was counted: keys and typed letters a decision, and what landed wrong."""

    keys: list[int] = field(default_factory=list)
    letters: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def report(self) -> str:
        """The figures, one a line."""
        if not self.keys:
            return "No case was dealt."
        return "\n".join(
            (
                f"decisions             {len(self.keys)}",
                (
                    f"keys a decision       median {statistics.median(self.keys):g},"
                    f" at most {max(self.keys)}"
                ),
                f"letters of rationale  median {statistics.median(self.letters):g}",
                f"wrong landings        {len(self.wrong)}",
                *self.wrong,
            )
        )


class Reviewer:
    """Somebody at a keyboard. Only :meth:`sign_in` uses anything else."""

    def __init__(self, page: Page, words: str) -> None:
        self.page, self.words = page, words
        self.tally = Tally()
        self._struck = 0

    def sign_in(self, url: str, login: dict[str, str]) -> None:
        """Sign in; what follows begins at the list of cases."""
        self.page.goto(f"{url}/login")
        self.page.fill("[name=username]", login["email"])
        self.page.fill("[name=password]", login["password"])
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/review")

    def work(self, *, most: int) -> None:
        """Decide up to *most* cases, or as many as are dealt."""
        before = self.page.url
        for turn in range(most):
            self._struck = 0
            self._strike("n", then=_HASTY)
            if not self._dealt(before):
                return
            self._decide(uphold=turn % 2 == 0)
            before = self.page.url

    def _strike(self, key: str, then: Sequence[str] = ()) -> None:
        self._struck += 1
        self.page.keyboard.press(key)
        for hasty in then:
            self.page.keyboard.press(hasty)

    def _dealt(self, before: str) -> bool:
        """Whether another case is there to be decided; it must begin with nothing chosen."""
        try:
            self.page.wait_for_url(lambda url: url != before and "/cases/" in url)
            self.page.wait_for_selector(_FORM)
        except Exception:  # noqa: BLE001 - Playwright's timeout: nothing was dealt
            if self.page.locator("[data-key=c]").count():
                self.tally.wrong.append(f"{self.page.url} was taken back by a hasty key")
            return False
        if chosen := self.page.locator(_CHOSEN).count():
            self.tally.wrong.append(f"{self.page.url} began with {chosen} things chosen")
        return True

    def _decide(self, *, uphold: bool) -> None:
        shown = self.page.locator("h1").inner_text()
        decision = self.page.locator("[name=decision]").nth(0 if uphold else 1)
        wanted = decision.locator("xpath=..").inner_text().split("\n")[0].strip()
        wanted = wanted.removesuffix(" u").removesuffix(" o").strip()
        for key in ("u" if uphold else "o", "1", "p", "w"):
            self._strike(key)
        self.page.keyboard.type(self.words)
        self._strike("Control+Enter")
        self.page.wait_for_selector(f"{_FORM}", state="detached")
        self.tally.keys.append(self._struck)
        self.tally.letters.append(len(self.words))
        self._check(shown, wanted)

    def _check(self, shown: str, wanted: str) -> None:
        landed = self.page.locator("h1").inner_text()
        given = self.page.locator(".verdict details.fold summary").last.inner_text()
        if landed != shown or not given.startswith(wanted):
            self.tally.wrong.append(f"{wanted} on {shown} landed on {landed} as {given!r}")


def main() -> None:
    """Work, and print what was counted; 1 where anything landed wrong."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cases", type=int, default=20, help="how many at most")
    arguments.add_argument("--demo", type=Path, default=ROOT / ".recourse" / "demo.json")
    arguments.add_argument("--role", default="reviewer", help="whose login of the demo")
    arguments.add_argument("--words", default="I have read it in full.")
    asked = arguments.parse_args()
    demo: dict[str, Any] = json.loads(asked.demo.read_text())
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        reviewer = Reviewer(browser.new_page(), asked.words)
        reviewer.sign_in(demo["url"], demo["logins"][asked.role])
        reviewer.work(most=asked.cases)
        browser.close()
    print(reviewer.tally.report())
    sys.exit(bool(reviewer.tally.wrong))


if __name__ == "__main__":
    main()
