"""Which code computed figures: kept with them, so that two that differ can be told apart."""

from __future__ import annotations

import hashlib
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

from policies.backtest_figures import SCHEMA

_ROOT: Final = Path(__file__).parents[2]
#: Everything that has a say in the figures of a backtest: what reads the window, and the pure
#: modules that it and the figures are made of.
MODULES: Final = (
    "policies/backtest.py",
    "policies/backtest_figures.py",
    "policies/backtest_sql.py",
    "policies/backtest_sums.py",
    "policies/criteria_sql.py",
    "policies/estimation.py",
    "policies/evaluation.py",
    "policies/feedback_rates.py",
    "policies/intervals.py",
    "policies/rate_differences.py",
    "policies/scopes.py",
    "policies/services/backtest_scan.py",
    "policies/services/backtest_window.py",
    "policies/thresholds.py",
    "policies/weighting.py",
)
#: Characters of the digest that are kept: 48 bits.
_KEPT: Final = 12


@lru_cache(maxsize=1)
def code_version() -> str:
    """The version of the program, the form of the figures, and the first digits of the SHA-256 of
    :data:`MODULES`: ``0.1.0/1/3f9a1c02b7de``. Computed once in a process.
    """
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())
    return f"{project['project']['version']}/{SCHEMA}/{digest_of(_ROOT)}"


def digest_of(root: Path) -> str:
    """That of the modules as they lie below *root*: each name, the length of its text, the text."""
    found = hashlib.sha256()
    for name in MODULES:
        text = (root / name).read_bytes()
        found.update(f"{name}\0{len(text)}\0".encode())
        found.update(text)
    return found.hexdigest()[:_KEPT]
