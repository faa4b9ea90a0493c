"""What is known of a conversation by the id that its source gave it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conversations.models import Conversation, Cutoff, Source


@dataclass(frozen=True)
class Known:
    """What the latest cutoff or near miss of a conversation said; an empty text is unknown.

    ``sources`` is how many sources have a conversation of that id; it is the latest of theirs.
    """

    model: str
    surface: str
    locale: str
    at: datetime
    source: str
    sources: int


def known(conversation_id: str) -> Known | None:
    """What is known of a conversation; None where no cutoff or near miss of it is recorded.

    An evaluation that was asked for keeps neither model, surface nor locale.
    """
    # With the sources named, the index conversation_unique_in_source serves it.
    sources = list(Source.objects.values_list("pk", flat=True))
    threads = Conversation.objects.filter(source__in=sources, external_id=conversation_id)
    keys = list(threads.values_list("pk", flat=True))
    latest = (
        Cutoff.objects.filter(conversation__in=keys)
        .select_related("source")
        .order_by("-at", "-pk")
        .first()
    )
    if latest is None:
        return None
    return Known(
        model=latest.model,
        surface=latest.surface,
        locale=latest.locale,
        at=latest.at,
        source=latest.source.slug,
        sources=len(keys),
    )
