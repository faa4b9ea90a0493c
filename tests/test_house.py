"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
APPS: Final = ("accounts", "config", "conversations", "policies", "reviews")
MODULES: Final = sorted(
    path
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and path.stat().st_size
)
MOST_LINES: Final = 400


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_modules_are_found() -> None:
    assert {"reviews/transitions.py", "policies/evaluation.py"} <= {*map(name_of, MODULES)}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_whatever_is_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    silent = [] if ast.get_docstring(tree) else ["the module"]
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef | ast.Module):
            continue
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            continue
        silent += [
            f"{inner.name}, line {inner.lineno}"
            for inner in node.body
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and _public(inner.name)
            and not ast.get_docstring(inner)
        ]
    assert silent == []


def _public(name: str) -> bool:
    """Meta and dunder methods say by their name what they are."""
    return not name.startswith("_") and name != "Meta"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if "services" in path.parts or path.stem == "services"],
    ids=name_of,
)
def test_services_never_import_tasks(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    assert not {name for name in imported if "tasks" in name.split(".") or "celery" in name}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_texts_are_marked_by_names_that_makemessages_knows(path: Path) -> None:
    given = [
        alias.asname
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name.startswith(("gettext", "ngettext")) and alias.asname
    ]
    assert {*given} <= {"_"}


def test_no_file_names_a_place_on_this_machine() -> None:
    """Texts and code must hold anywhere."""
    written = [*MODULES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert [name_of(path) for path in written if f"{ROOT}/" in path.read_text("utf-8")] == []
