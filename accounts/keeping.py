"""What keeps rows: triggers for tables that only grow, and keys of people who outlive nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """The triggers that let rows of a table only ever be added.

    TRUNCATE is refused too, but in a database whose name begins with ``test_``: a test run
    empties its tables that way.
    """
    return [
        pgtrigger.Protect(
            name=f"{name}_append_only", operation=pgtrigger.Update | pgtrigger.Delete
        ),
        pgtrigger.Trigger(
            name=f"{name}_no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func=f"""
                IF left(current_database(), 5) <> 'test_' THEN
                    RAISE EXCEPTION '{name} is append-only: TRUNCATE is refused';
                END IF;
                RETURN NULL;
            """,
        ),
    ]


def staff(*, null: bool = False) -> models.ForeignKey[Any, Any]:
    """Somebody of the staff; they outlive nothing that they did."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, null=null, blank=null, on_delete=models.PROTECT, related_name="+"
    )


def both_or_neither(one: str, other: str) -> Q:
    """Two fields that are known together."""
    unknown = Q(**{f"{one}__isnull": True, f"{other}__isnull": True})
    return unknown | Q(**{f"{one}__isnull": False, f"{other}__isnull": False})


def kept(name: str, *, changing: Sequence[str]) -> list[pgtrigger.Trigger]:
    """The triggers of a table whose rows stay, and change in nothing but *changing*."""
    return [
        pgtrigger.ReadOnly(name=f"{name}_read_only", exclude=list(changing)),
        pgtrigger.Protect(name=f"{name}_not_deleted", operation=pgtrigger.Delete),
        append_only(name)[1],
    ]


def final(name: str, *ends: str) -> pgtrigger.Trigger:
    """The trigger that keeps a row as it is once one of the times *ends* is known."""
    condition = pgtrigger.Q()
    for end in ends:
        condition |= pgtrigger.Q(**{f"old__{end}__isnull": False})
    return pgtrigger.Protect(name=f"{name}_final", operation=pgtrigger.Update, condition=condition)
