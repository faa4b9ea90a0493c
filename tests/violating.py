"""Where tests say how each constraint is violated, and which tables only grow.

Every module ``tests/*/violations*.py`` is read by tests/test_constraints.py, which does it all.
"""

from __future__ import annotations

from collections.abc import Callable

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
