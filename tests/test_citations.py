"""Whoever follows a page that the code cites finds it, and the heading that is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = (
    *("accounts", "bench", "config", "conversations", "policies", "reviews"),
    *("templates", "tests", "tools"),
)
#: A line goes on, and in a comment begins anew.
_BREAK: Final = re.compile(r"\s*\n\s*(?:#:? )?")
_CITED: Final = re.compile(r'(?<![\w/.-])(docs/[\w/-]+\.md|[A-Z]+\.md)(?:, "([^"]+)")?')


def _citations() -> Iterator[tuple[str, str, str]]:
    """The page, the heading or nothing, and where they are cited."""
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")):
        if path.suffix in {".py", ".html", ".txt"}:
            for page, heading in _CITED.findall(_BREAK.sub(" ", path.read_text("utf-8"))):
                yield page, heading, str(path.relative_to(ROOT))


CITATIONS: Final = sorted(_citations())


def test_citations_are_found() -> None:
    found = {(page, heading) for page, heading, _ in CITATIONS}
    assert ("docs/explanation/estimation.md", "Surprise, and missed crises") in found
    assert ("docs/evidence.md", "") in found


@pytest.mark.parametrize("page", sorted({page for page, *_ in CITATIONS}))
def test_what_is_cited_is_there(page: str) -> None:
    cited = [(heading, where) for name, heading, where in CITATIONS if name == page]
    assert (ROOT / page).is_file(), cited
    headings = re.findall("^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert [one for one in cited if one[0] not in {"", *headings}] == []
