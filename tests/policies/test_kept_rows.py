"""Rows that tell what was: never deleted, changed in little, and final once they are over."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, models, transaction

from tests.policies.violations import KEPT

pytestmark = pytest.mark.django_db


def change(row: models.Model, changes: dict[str, Any]) -> None:
    """Change *row* past its model."""
    changes = {name: value() if callable(value) else value for name, value in changes.items()}
    with transaction.atomic():
        type(row)._default_manager.filter(pk=row.pk).update(**changes)


def refused(row: models.Model, changes: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot"):
        change(row, changes)


@pytest.mark.parametrize("name", KEPT)
def test_rows_are_not_deleted(name: str) -> None:
    row = KEPT[name][0]()
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot delete"), transaction.atomic():
        row.delete()


@pytest.mark.parametrize("name", KEPT)
def test_what_was_done_stays_and_what_is_over_is_final(name: str) -> None:
    make, never, ends = KEPT[name]
    row = make()
    refused(row, never)
    change(row, ends)
    refused(row, ends)
