"""Monthly partitions: made once, whoever comes, and never believed in before they are there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conversations import partitions
from conversations.partitions import PARTITIONED, ensure, next_month
from tests.concurrency import at_once

MONTH = datetime(2016, 2, 1, tzinfo=UTC)
OTHER = datetime(2016, 3, 1, tzinfo=UTC)


def there(month: datetime) -> set[str]:
    """The partitions of *month*, attached to their tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhparent::regclass::text FROM pg_inherits"
            " JOIN pg_class child ON child.oid = inhrelid WHERE child.relname LIKE %s",
            [f"%\\_{month:%Y%m}"],
        )
        return {row[0] for row in cursor.fetchall() if row[0] in PARTITIONED}


@pytest.fixture
def _afterwards() -> Iterator[None]:
    """Take away what a test with committed data made, also out of the memory of this process.

    Before it too: events of other tests may have lain in these months.
    """
    _drop()
    yield
    _drop()


def _drop() -> None:
    with connection.cursor() as cursor:
        for table in PARTITIONED:
            for month in (MONTH, OTHER):
                cursor.execute(f"DROP TABLE IF EXISTS {table}_{month:%Y%m}")
    partitions._known.clear()


def test_the_month_after() -> None:
    assert next_month(datetime(2026, 12, 1, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert next_month(datetime(2024, 1, 31, tzinfo=UTC)) == datetime(2024, 2, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_a_month_has_a_partition_of_each_table_that_compresses_alike() -> None:
    ensure([MONTH, MONTH])
    assert there(MONTH) == set(PARTITIONED)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, attname, attcompression FROM pg_attribute"
            " JOIN pg_class ON pg_class.oid = attrelid WHERE relname IN (%s, %s)"
            " AND attname IN ('messages', 'cutoff_id')",
            ["conversations_transcript", f"conversations_transcript_{MONTH:%Y%m}"],
        )
        compression = {(name, column): kind for name, column, kind in cursor.fetchall()}
    assert (
        compression["conversations_transcript", "messages"]
        == compression[f"conversations_transcript_{MONTH:%Y%m}", "messages"]
    )
    assert len(compression) == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_afterwards")
def test_eight_at_once_make_each_partition_once() -> None:
    outcomes = at_once(*[partial(ensure, [OTHER, MONTH])] * 8)
    assert outcomes == [None] * 8
    assert there(MONTH) == there(OTHER) == set(PARTITIONED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_afterwards")
def test_what_was_rolled_back_is_not_remembered() -> None:
    class Regret(Exception):
        pass

    def make_and_regret() -> None:
        with transaction.atomic():
            ensure([MONTH])
            raise Regret

    with pytest.raises(Regret):
        make_and_regret()
    assert there(MONTH) == set()
    ensure([MONTH])
    assert there(MONTH) == set(PARTITIONED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_afterwards")
def test_what_is_remembered_is_not_asked_for_again(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    this = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ensure([this])
    with django_assert_num_queries(0):
        ensure([this])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_afterwards")
def test_a_month_that_retention_may_drop_is_not_believed_in() -> None:
    ensure([MONTH])
    with connection.cursor() as cursor:
        for table in PARTITIONED:
            cursor.execute(f"DROP TABLE {table}_{MONTH:%Y%m}")
    ensure([MONTH])
    assert there(MONTH) == set(PARTITIONED)
