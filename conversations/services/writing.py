"""Writing the rows of events that are new, each table with one statement."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from conversations import bulk, rows
from conversations.models import (
    Conversation,
    Cutoff,
    Enrichment,
    Event,
    EventRemainder,
    RelayedFeedback,
    Transcript,
)

# The latest cutoff is the one that counts, by time and then id, in whatever order they arrive.
_NEWER = (
    "excluded.ended_at IS NOT NULL AND (stored.ended_at IS NULL OR"
    " (excluded.ended_at, excluded.latest_cutoff_id)"
    " > (stored.ended_at, stored.latest_cutoff_id))"
)

_MERGE = f"""
ON CONFLICT (source_id, external_id) DO UPDATE SET
    subject = coalesce(nullif(stored.subject, ''), excluded.subject),
    parent_external_id = coalesce(nullif(stored.parent_external_id, ''),
                                  excluded.parent_external_id),
    branched_from_message_id = coalesce(nullif(stored.branched_from_message_id, ''),
                                        excluded.branched_from_message_id),
    started_at = coalesce(stored.started_at, excluded.started_at),
    state = CASE WHEN {_NEWER} THEN excluded.state ELSE stored.state END,
    latest_cutoff_id = CASE WHEN {_NEWER}
                       THEN excluded.latest_cutoff_id ELSE stored.latest_cutoff_id END,
    ended_at = CASE WHEN {_NEWER} THEN excluded.ended_at ELSE stored.ended_at END
"""


def write_events(events: list[rows.EventRow]) -> set[UUID]:
    """Write those events that are new, in the caller's transaction; their keys.

    An event that another transaction is writing is waited for.
    """
    written = bulk.insert(
        Event,
        events,
        order_by="ce_source, ce_id",
        on_conflict="ON CONFLICT (source_id, ce_source, ce_id) DO NOTHING",
        returning="id",
    )
    return {row[0] for row in written}


def write(fresh: list[rows.Prepared]) -> list[UUID]:
    """Write all rows but the events themselves, in the caller's transaction; the new cutoffs."""
    conversations = _write_conversations(item.conversation for item in fresh if item.conversation)
    cutoffs = [item.cutoff for item in fresh if item.cutoff]
    for item in fresh:
        if item.cutoff:
            item.cutoff.conversation_id = conversations[item.event.conversation_external_id]
    bulk.insert(Cutoff, cutoffs)
    for transcripts in bulk.pieces(item.transcript for item in fresh if item.transcript):
        bulk.insert(Transcript, transcripts)
    for remainders in bulk.pieces(item.remainder for item in fresh if item.remainder):
        bulk.insert(EventRemainder, remainders)
    bulk.insert(RelayedFeedback, [item.feedback for item in fresh if item.feedback])
    bulk.insert(Enrichment, [rows.EnrichmentRow(cutoff.id) for cutoff in cutoffs])
    return [cutoff.id for cutoff in cutoffs]


def _write_conversations(sent: Iterable[rows.ConversationRow]) -> dict[str, UUID]:
    """Insert conversations or bring them forward; their ids by the source's own id."""
    merged: dict[str, rows.ConversationRow] = {}
    for row in sent:
        merged[row.external_id] = rows.merge(merged.get(row.external_id), row)
    written = bulk.insert(
        Conversation,
        list(merged.values()),
        order_by="external_id",
        on_conflict=_MERGE,
        returning="external_id, id",
    )
    return dict(written)
