"""What a rule says, a constraint holds: each one is violated here, past all services.

The last test lists every constraint and trigger of the models and fails on one without a test.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from accounts.models import LedgerEntry
from conversations.models import (
    AuditSettings,
)
from policies.models import PolicyVersion
from tests.factories import (
    make_case,
    make_user,
)
from tests.policies import asked
from tests.policies import violations as of_policies
from tests.violating import APPEND_ONLY, GUARDED, VIOLATIONS, kept_tables

APPS = ("accounts", "conversations", "policies", "reviews")

pytestmark = pytest.mark.django_db

for _module in sorted(Path(__file__).parent.glob("*/violations*.py")):
    import_module(f"tests.{_module.parent.name}.{_module.stem}")
VIOLATIONS.update(asked.VIOLATIONS)


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_refused_by_its_constraint(name: str) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        VIOLATIONS[name]()
    diagnosis = getattr(refused.value.__cause__, "diag", None)
    assert diagnosis is not None
    stands_for = {diagnosis.constraint_name, _of_the_field(diagnosis.constraint_name or "")}
    assert name in stands_for, diagnosis.constraint_name


def _of_the_field(constraint: str) -> str:
    """The ``table.column`` of a constraint that the field's ``unique`` made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass || '.' || a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
            " WHERE c.conname = %s AND cardinality(c.conkey) = 1",
            [constraint],
        )
        row = cursor.fetchone()
    return row[0] if row else ""


def _rows_of_append_only_tables() -> dict[str, Callable[[], models.Model]]:
    return {
        "ledger": lambda: make_user() and LedgerEntry.objects.latest("id"),
        "audit_settings": AuditSettings.objects.get,
        "policy_version": lambda: PolicyVersion.objects.get(number=1),
        "guard_reading": of_policies.guard_reading,
        "selection": lambda: make_case(signals={"warnings": 0}).selections.get(reason="breach"),
        **APPEND_ONLY,
    }


@pytest.mark.parametrize("name", _rows_of_append_only_tables())
def test_rows_of_append_only_tables_stay_as_they_are(name: str) -> None:
    row = _rows_of_append_only_tables()[name]()
    table, key = row._meta.db_table, row._meta.pk.column
    for statement in (
        f"UPDATE {table} SET {key} = {key} WHERE {key} = %s",  # noqa: S608 - from the model
        f"DELETE FROM {table} WHERE {key} = %s",  # noqa: S608 - likewise
    ):
        with (
            pytest.raises(DatabaseError, match="Cannot update or delete"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [row.pk])
    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("name", GUARDED)
def test_what_a_trigger_guards_is_refused(name: str) -> None:
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
        GUARDED[name]()


@pytest.mark.parametrize(
    "name", [*_rows_of_append_only_tables(), *of_policies.KEPT, *kept_tables()]
)
def test_append_only_tables_are_not_emptied_where_it_is_no_test(name: str) -> None:
    """The trigger lets a test database through: its own words are read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(t.oid), p.prosrc FROM pg_trigger t"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname LIKE %s",
            [f"pgtrigger_{name}_no_truncate%"],
        )
        ((definition, body),) = cursor.fetchall()
    assert "BEFORE TRUNCATE" in definition
    assert "left(current_database(), 5) <> 'test_'" in body
    assert "RAISE EXCEPTION" in body


def test_every_constraint_of_the_models_is_violated_here() -> None:
    stated = set()
    triggers = set()
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            stated |= {constraint.name for constraint in model._meta.constraints}
            stated |= {
                f"{model._meta.db_table}.{field.column}"
                for field in model._meta.concrete_fields
                if field.unique and not field.primary_key
            }
            triggers |= {trigger.name for trigger in getattr(model._meta, "triggers", [])}
    assert stated == set(VIOLATIONS)
    append_only = _rows_of_append_only_tables()
    assert triggers == {
        f"{name}_{what}" for name in append_only for what in ("append_only", "no_truncate")
    } | {f"{name}_{what}" for name in of_policies.KEPT for what in of_policies.GUARDS} | {
        # Retention deletes them; tests/policies/test_evaluations.py tries to change one.
        "asked_evaluation_read_only"
    } | {*GUARDED} | {f"{name}_no_truncate" for name in kept_tables()}
