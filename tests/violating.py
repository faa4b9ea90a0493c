"""Where tests say how each constraint is violated, and which tables only grow.

Every module ``tests/*/violations*.py`` is read by tests/test_constraints.py, which does it all.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db import models

#: By the constraint's name, what it forbids.
VIOLATIONS: dict[str, Callable[[], object]] = {}

#: By the name given to ``append_only``, a row of its table.
APPEND_ONLY: dict[str, Callable[[], models.Model]] = {}


def violates(*names: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Mark a function that does what the constraints *names* forbid."""

    def keep(violation: Callable[[], object]) -> Callable[[], object]:
        assert not VIOLATIONS.keys() & set(names)
        VIOLATIONS.update(dict.fromkeys(names, violation))
        return violation

    return keep


#: By a trigger's name, what it refuses, of tables whose rows stay.
GUARDED: dict[str, Callable[[], object]] = {}


def guarded(*names: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Mark a function that does what the triggers *names* refuse."""

    def keep(attempt: Callable[[], object]) -> Callable[[], object]:
        assert not GUARDED.keys() & set(names)
        GUARDED.update(dict.fromkeys(names, attempt))
        return attempt

    return keep


def kept_tables() -> list[str]:
    """The names given to ``kept`` of the tables whose triggers are tried here."""
    ending = "_not_deleted"
    names = {name.removesuffix(ending) for name in GUARDED if name.endswith(ending)}
    return sorted(name for name in names if f"{name}_read_only" in GUARDED)


def copy(row: models.Model, **changes: Any) -> None:
    """Insert *row* once more, under a new key and with *changes*."""
    if row._meta.pk.attname in changes or isinstance(row._meta.pk, models.UUIDField):
        row.pk = changes.pop(row._meta.pk.attname, uuid.uuid4())
    else:
        row.pk = None
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(force_insert=True)


def update(row: models.Model, **changes: Any) -> None:
    """Change *row* in the database, past its model."""
    assert type(row)._default_manager.filter(pk=row.pk).update(**changes) == 1
