"""What staff read is marked for translation: nothing bare, and no label made small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.test_house import MODULES, ROOT, name_of

#: Besides views, forms and permissions, modules whose words people read on pages. Another one that
#: says something belongs here.
ALSO: Final = {
    "policies/backtest_words.py",
    "policies/conformance.py",
    "policies/differences.py",
    "policies/feedback_rates.py",
    "policies/services/reading.py",
    "reviews/danger_vocabulary.py",
    "reviews/hazards.py",
    "reviews/headlines.py",
    "reviews/ledger_words.py",
    "reviews/outcome_vocabulary.py",
    "reviews/phrases.py",
    "reviews/priorities.py",
    "reviews/quality.py",
    "reviews/services/proving.py",
    "reviews/services/verdict_problems.py",
    "reviews/sight.py",
    "reviews/summaries.py",
    "reviews/transitions.py",
    "reviews/turns.py",
    "reviews/vocabulary.py",
}
#: HTML for lists that no template can write fast enough, whose words come from elsewhere, and
#: programs to be copied.
CODE: Final = {"conversations/views/snippets.py", "reviews/views/row_html.py"}


def _speaks(path: Path) -> bool:
    on_pages = "views" in path.parts or path.stem.endswith(("views", "forms", "permissions"))
    return name_of(path) in ALSO or (on_pages and name_of(path) not in CODE)


SPOKEN: Final = [path for path in MODULES if _speaks(path)]
#: Refusals that pages show: what they are raised with is said to people.
REFUSALS: Final = {"PermissionDenied", "NotPossible", "NotStricter", "Forbidden", "OtherBacktest"}

_MARKS: Final = {"_", "gettext", "gettext_noop", "gettext_lazy", "ngettext", "ngettext_lazy"}
#: Read by programmers, whoever speaks what.
_NOT_SPOKEN: Final = {"AssertionError", "LookupError", "RuntimeError", "TypeError", "ValueError"}
#: Two words with a space between them, and no HTML around them: no code, no key, no path.
_WORDS: Final = re.compile(r"^[^<]*[^\W\d_]{2,}[,:]? [^\W\d_]{2,}")


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _bare(node: ast.AST) -> Iterator[ast.Constant]:
    """The words below *node* that no mark surrounds."""
    if isinstance(node, ast.Call) and _name(node) in _MARKS | _NOT_SPOKEN:
        return
    if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        # A docstring, or one of a field.
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WORDS.search(node.value):
        yield node
    # Keys are codes.
    inside = node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node)
    for inner in inside:
        yield from _bare(inner)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@pytest.mark.parametrize("path", SPOKEN, ids=name_of)
def test_whatever_is_said_is_marked(path: Path) -> None:
    found = [f"line {one.lineno}: {one.value!r}" for one in _bare(_parsed(path))]
    assert found == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if not path.stem.startswith("api")], ids=name_of
)
def test_a_refusal_is_marked(path: Path) -> None:
    calls = (node for node in ast.walk(_parsed(path)) if isinstance(node, ast.Call))
    refused = [call for call in calls if _name(call) in REFUSALS]
    bare = [one for call in refused for argument in call.args for one in _bare(argument)]
    assert [f"line {one.lineno}: {one.value!r}" for one in bare] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_label_is_made_small(path: Path) -> None:
    """Within a sentence stands a phrase of its own (reviews/phrases.py)."""
    source = path.read_text("utf-8")
    assert re.findall(r"(?:label|_display\(\)|_label_)\)?\.lower\(\)", source) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name
)
def test_nor_is_one_in_a_template(path: Path) -> None:
    assert re.findall(r"(?:label|display|verdict)\|lower", path.read_text("utf-8")) == []


def test_what_is_bare_is_found() -> None:
    """The check itself: a constant, a part of an f-string, and none that is marked."""
    found = _bare(
        ast.parse('"""Of a module."""\na = "Two words"\nb = f"{a} and more"\nc = _("Two words")\n')
    )
    assert [one.value for one in found] == ["Two words", " and more"]
