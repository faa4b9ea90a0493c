"""PostgreSQL keeps the plans of what runs within, and of nothing else."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.plans import kept_plans

pytestmark = pytest.mark.django_db


def kept() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE NOT from_sql")
        return [row[0] for row in cursor]


def test_a_statement_is_planned_once_whatever_its_values() -> None:
    before = kept()
    with kept_plans():
        for name in ("Ana", "Ben"):
            assert not User.objects.filter(name=name, email="plans@example.org").exists()
    (added,) = set(kept()) - set(before)
    assert "Ana" not in added
    assert "$1" in added


def test_nothing_is_kept_of_what_runs_outside_or_has_no_values() -> None:
    before = kept()
    with kept_plans(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_user")
    assert not User.objects.filter(name="Cleo", email="outside@example.org").exists()
    assert kept() == before


def test_it_ends_with_an_error_and_may_stand_within_itself() -> None:
    @kept_plans()
    def fails() -> None:
        with kept_plans():
            assert User.objects.filter(email="within@example.org").count() == 0
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fails()
    before = kept()
    assert User.objects.filter(email="outside again@example.org").count() == 0
    assert kept() == before


def test_what_runs_shows_in_the_log_of_queries() -> None:
    with CaptureQueriesContext(connection) as queries, kept_plans():
        assert not User.objects.filter(email="logged@example.org").exists()
    (only,) = queries
    assert 'FROM "accounts_user"' in only["sql"]
