"""Statements that are sent without waiting fail in their transaction, and leave nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from accounts.pipelines import without_waiting
from accounts.plans import kept_plans

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE waited (id integer PRIMARY KEY)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE waited")


def add(*ids: int | str) -> None:
    with connection.cursor() as cursor:
        for each in ids:
            cursor.execute("INSERT INTO waited VALUES (%s)", [each])


def stored() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM waited ORDER BY id")
        return [row[0] for row in cursor]


@kept_plans()
def together(*ids: int | str) -> list[int]:
    with transaction.atomic(), without_waiting():
        add(*ids)
        return stored()


def test_what_is_read_within_has_seen_what_was_sent_before() -> None:
    assert together(1, 2) == [1, 2]
    assert stored() == [1, 2]


def test_an_error_is_djangos_and_nothing_is_left_of_the_rest() -> None:
    with pytest.raises(IntegrityError):
        together(1, 1, 2)
    with pytest.raises(DataError):
        together(3, "no number")
    assert stored() == []
    assert together(4) == [4]


def test_an_error_that_nothing_read_within_is_raised_at_the_end() -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), without_waiting(), kept_plans():
        add(5, 5)
    assert stored() == []
