"""A kept backtest says which code computed it."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

from policies.services import code_version
from policies.services.code_version import MODULES, digest_of

ROOT = Path(__file__).parents[2]
#: What figures are computed from, not what computes them; and what only names types.
NOT_COUNTED = {"policies.models"}


def imported(path: Path) -> Iterator[str]:
    """The modules of policies that the source at *path* imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("policies"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                as_file = ROOT / f"{whole.replace('.', '/')}.py"
                yield whole if as_file.exists() else str(node.module)


def closure(names: set[str]) -> set[str]:
    """*names* and all that they import, as files."""
    found: set[str] = set()
    while names:
        name = names.pop()
        path = f"{name.replace('.', '/')}.py"
        if name not in NOT_COUNTED and path not in found:
            found.add(path)
            names |= set(imported(ROOT / path))
    return found


def test_every_module_that_has_a_say_in_figures_is_counted() -> None:
    assert closure({"policies.backtest_sums", "policies.services.backtest_scan"}) == set(MODULES)


def test_any_change_of_any_of_them_is_another_version(tmp_path: Path) -> None:
    for name in MODULES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    assert digest_of(tmp_path) == code_version.code_version().rpartition("/")[2]
    seen = {digest_of(tmp_path)}
    for name in MODULES:
        with (tmp_path / name).open("a") as source:
            source.write("#\n")
        seen.add(digest_of(tmp_path))
    assert len(seen) == len(MODULES) + 1
