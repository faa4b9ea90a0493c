"""The secrets of an installation that generates its own: those of `make demo`.

An installation in production sets them as environment variables instead.
"""

import json
import os
import secrets
from pathlib import Path

NAMES = ("RECOURSE_SECRET_KEY", "RECOURSE_SUBJECT_KEY", "RECOURSE_AUDIT_SALT")


def generate() -> dict[str, str]:
    """Return fresh secrets, one for each of NAMES."""
    return {name: secrets.token_urlsafe(48) for name in NAMES}


def read(directory: Path) -> dict[str, str]:
    """Return the secrets kept in `directory`, or none when nobody generated any there."""
    try:
        kept: dict[str, str] = json.loads((directory / "secrets.json").read_text())
    except FileNotFoundError:
        return {}
    return kept


def ensure(directory: Path) -> dict[str, str]:
    """Return the secrets kept in `directory`; generate them, readable by the owner only, if absent.

    The caller must be the only one to write there: the supervisor, which holds the lock.
    """
    kept = read(directory)
    if kept:
        return kept
    directory.mkdir(parents=True, exist_ok=True)
    fresh = generate()
    draft = directory / "secrets.json.new"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(fresh, file)
    draft.replace(directory / "secrets.json")
    return fresh
