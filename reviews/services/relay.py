"""Feedback that a chat service relayed as an event: given to the cutoff that it belongs to.

It belongs to the conversation's latest cutoff at or before its time, else it waits for one
(docs/reference/api.md, "Intake"). Nothing else waits for it: what sounds like a crisis is heard
meanwhile (``overheard.py``).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from conversations.models import Cutoff, RelayedFeedback
from reviews.models import Case
from reviews.services import feedback, overheard
from reviews.vocabulary import PLAIN_REASONS, Channel, ReasonCode

log = structlog.get_logger(__name__)

BATCH = 500

_LINKABLE = """
SELECT relayed.event_id, cutoff.id
FROM conversations_relayedfeedback relayed
JOIN conversations_conversation conversation
  ON conversation.source_id = relayed.source_id
 AND conversation.external_id = relayed.conversation_external_id
JOIN LATERAL (
    SELECT candidate.id
    FROM conversations_cutoff candidate
    WHERE candidate.conversation_id = conversation.id
      AND candidate.kind = 'cutoff'
      AND candidate.at <= relayed.at
    ORDER BY candidate.at DESC, candidate.id DESC
    LIMIT 1
) cutoff ON true
WHERE relayed.linked_at IS NULL
ORDER BY relayed.at, relayed.event_id
LIMIT %s
"""


def link_relayed_feedback(*, now: datetime) -> int:
    """Give what waits to its cutoff, where there is one by now; how many were given."""
    with connection.cursor() as cursor:
        cursor.execute(_LINKABLE, [BATCH])
        linkable = cursor.fetchall()
    return sum(_link(event_id, cutoff_id, now) for event_id, cutoff_id in linkable)


@transaction.atomic
def _link(event_id: UUID, cutoff_id: UUID, now: datetime) -> bool:
    relayed = (
        RelayedFeedback.objects.select_for_update(skip_locked=True)
        .filter(pk=event_id, linked_at=None)
        .first()
    )
    if relayed is None:
        return False
    known = relayed.reason in PLAIN_REASONS or not relayed.reason
    cutoff = Cutoff.objects.get(pk=cutoff_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=cutoff_id)
    told = overheard.hand_over(relayed=relayed, case=case, now=now)
    try:
        feedback.submit(
            cutoff=cutoff,
            surprised=relayed.surprised,
            reason=relayed.reason if known else ReasonCode.OTHER,
            comment=relayed.comment,
            appeal=relayed.appeal and feedback.may_appeal(cutoff, relayed.at),
            channel=Channel.API,
            now=relayed.at,
            told=told,
        )
    except ValidationError:
        # One cutoff takes so much feedback and no more; the rest would be tried for ever.
        log.warning("relay.not_taken", event_id=str(event_id))
    relayed.linked_at, relayed.comment = now, ""
    relayed.save(update_fields=["linked_at", "comment"])
    return True
