"""Monthly partitions of the tables that grow with every event.

A partition is made apart and then attached: ATTACH takes a lock on the parent that lets reads
and writes go on, and ``lock_timeout`` keeps a busy moment from queueing everybody behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from conversations.keys import lowest
from conversations.retention import APPEAL_WINDOW_DAYS, may_be_dropped

PARTITIONED = ("conversations_transcript", "conversations_eventremainder")
LOCK_TIMEOUT = "2s"
_ADVISORY_KEY = 0x5EC0_0253

_known: set[tuple[str, str]] = set()


def next_month(month: datetime) -> datetime:
    """The first moment of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def ensure(months: Iterable[datetime]) -> None:
    """Make the partitions of *months* (first moments, UTC) that are not there yet.

    What this process has seen once is not asked for again, unless retention may have dropped
    it meanwhile. The name of the database belongs to what was seen: tests change it under a
    running process.
    """
    database = str(connection.settings_dict["NAME"])
    for month in sorted(set(months)):
        key = (database, f"{month:%Y%m}")
        if key in _known:
            continue
        if not _is_there(month):
            _make(month)
        if not may_be_dropped(
            next_month(month), now=timezone.now(), longest_days=APPEAL_WINDOW_DAYS
        ):
            transaction.on_commit(partial(_known.add, key))


def _is_there(month: datetime) -> bool:
    names = [f"{table}_{month:%Y%m}" for table in PARTITIONED]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(to_regclass(name) IS NOT NULL)"
            " FROM unnest(%s::text[]) AS wanted (name)",
            [names],
        )
        return bool(cursor.fetchone() == (True,))


def _make(month: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Two processes that meet the same new month: the second waits here, then finds it.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])
        for table in PARTITIONED:
            name = f"{table}_{month:%Y%m}"
            # Not to_regclass: it may remember from before the wait that there was none.
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_class WHERE relname = %s AND relispartition)", [name]
            )
            if cursor.fetchone() == (False,):
                _attach(cursor, table, name, month)


def _attach(cursor: CursorWrapper, table: str, name: str, month: datetime) -> None:
    """Names and bounds come from a date alone, so they may stand in the statement."""
    cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    cursor.execute(
        f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
        " INCLUDING STORAGE INCLUDING COMPRESSION)"
    )
    cursor.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {name}"
        f" FOR VALUES FROM ('{lowest(month)}') TO ('{lowest(next_month(month))}')"
    )
