"""Deleting what stands beside a transcript: search chunks and the remainders of events."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from conversations.models import TranscriptSearch

# An event has its cutoff's time and so nearly its key: it is found beside it, without an index.
_REMAINDERS = """
DELETE FROM conversations_eventremainder remainder
USING unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS wanted (cutoff_id, low, high)
CROSS JOIN LATERAL (
    SELECT event.id FROM conversations_event event
    WHERE event.id >= wanted.low AND event.id < wanted.high
      AND event.cutoff_id = wanted.cutoff_id
    ORDER BY event.id LIMIT 1
) found
WHERE remainder.event_id = found.id
"""

_RANDOM_BITS = 80  # of a UUIDv7, below its milliseconds


def delete_search_chunks(cutoff_ids: Iterable[UUID]) -> int:
    """Make these transcripts unfindable by their words; how many chunks there were."""
    return _chunks(cutoff_ids).delete()[0]


def count_search_chunks(cutoff_ids: Iterable[UUID]) -> int:
    """How many chunks there are of these transcripts."""
    return _chunks(cutoff_ids).count()


def _chunks(cutoff_ids: Iterable[UUID]) -> QuerySet[TranscriptSearch]:
    return TranscriptSearch.objects.filter(cutoff_id__in=sorted(cutoff_ids))


def delete_remainders(cutoff_ids: Iterable[UUID]) -> int:
    """Delete the remainders of the events that told of these cutoffs; how many there were."""
    wanted = sorted(cutoff_ids)
    milliseconds = [key.int >> _RANDOM_BITS for key in wanted]
    low = [UUID(int=moment << _RANDOM_BITS) for moment in milliseconds]
    high = [UUID(int=(moment + 1) << _RANDOM_BITS) for moment in milliseconds]
    with connection.cursor() as cursor:
        cursor.execute(_REMAINDERS, [wanted, low, high])
        return int(cursor.rowcount)
