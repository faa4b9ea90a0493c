"""Dropping the partitions of months that nothing is left of but what is on hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import Exists, Max, OuterRef

from conversations.keys import lowest
from conversations.models import Cutoff, EventRemainder, Source, Transcript
from conversations.partitions import LOCK_TIMEOUT, PARTITIONED, next_month
from conversations.retention import may_be_dropped
from conversations.services import holds

log = structlog.get_logger(__name__)

_TRANSCRIPTS: Final = "conversations_transcript"
_MONTH: Final = re.compile(r"_(\d{6})$")

_MOVE: Final = """
INSERT INTO conversations_heldtranscript
    (cutoff_id, format, messages, explanation, rationale, erased_at)
SELECT cutoff_id, format, messages, explanation, rationale, erased_at FROM {partition}
"""


@dataclass(frozen=True)
class _Partition:
    table: str
    name: str
    month: datetime


def drop_empty_months(*, now: datetime) -> list[str]:
    """Drop the partitions whose months are over for every source; their names.

    One that is busy, or in which rows are left whose term still runs (history that was loaded
    late), stays for the next time. Transcripts on hold move to a table for them
    (:class:`conversations.models.HeldTranscript`); remainders on hold keep their partition.
    """
    longest = Source.objects.aggregate(longest=Max("transcript_days"))["longest"]
    if longest is None:
        return []
    over = [
        partition
        for partition in _partitions()
        if may_be_dropped(next_month(partition.month), now=now, longest_days=longest)
    ]
    return [partition.name for partition in over if _drop_or_leave(partition, now)]


def _partitions() -> list[_Partition]:
    """Every partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT parent.relname, child.relname FROM pg_inherits"
            " JOIN pg_class parent ON parent.oid = inhparent"
            " JOIN pg_class child ON child.oid = inhrelid"
            " WHERE parent.relname = ANY(%s) ORDER BY child.relname",
            [list(PARTITIONED)],
        )
        return [
            _Partition(table, name, datetime.strptime(found[1], "%Y%m").replace(tzinfo=UTC))
            for table, name in cursor.fetchall()
            if (found := _MONTH.search(name))
        ]


def _drop_or_leave(partition: _Partition, now: datetime) -> bool:
    # Looked at before the lock is taken, which makes everybody wait, and again under it.
    if not _is_free(partition, now):
        return False
    try:
        return _drop(partition, now)
    except OperationalError:  # the lock was not to be had: somebody is at work in it
        log.info("retention.month_busy", partition=partition.name)
        return False


def _is_free(partition: _Partition, now: datetime) -> bool:
    """Whether nothing is left in it, or nothing but transcripts on hold."""
    low, high = lowest(partition.month), lowest(next_month(partition.month))
    if partition.table != _TRANSCRIPTS:
        return not EventRemainder.objects.filter(pk__gte=low, pk__lt=high).exists()
    held = Cutoff.objects.filter(holds.on_cutoff(now), pk=OuterRef("pk"))
    left = Transcript.objects.filter(pk__gte=low, pk__lt=high)
    return not left.exclude(Exists(held)).exists()


@transaction.atomic
def _drop(partition: _Partition, now: datetime) -> bool:
    """Names come from the catalogue, and end in a month: they may stand in a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        # The table first, as everybody does who stores: the other way round would deadlock.
        cursor.execute(f"LOCK TABLE ONLY {partition.table} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"LOCK TABLE {partition.name} IN ACCESS EXCLUSIVE MODE")
        holds.respect()
        if not _is_free(partition, now):
            return False
        if partition.table == _TRANSCRIPTS:
            cursor.execute(_MOVE.format(partition=partition.name))
        cursor.execute(f"DROP TABLE {partition.name}")
    return True
