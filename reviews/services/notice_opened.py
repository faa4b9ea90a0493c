"""That somebody opened the notice of a cutoff: what stands beside the surprise rate."""

from __future__ import annotations

from datetime import datetime

from conversations.models import Cutoff
from reviews.models import NoticeOpening


def note_opened(*, cutoff: Cutoff, now: datetime) -> None:
    """Keep the first moment at which a notice was opened; whoever knows the link may have."""
    NoticeOpening.objects.bulk_create([NoticeOpening(cutoff=cutoff, at=now)], ignore_conflicts=True)
