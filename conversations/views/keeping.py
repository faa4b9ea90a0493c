"""What the page of a source says of keeping and deleting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from conversations.models import ErasureRequest, ErasureState, Source
from conversations.permissions import can_place_hold
from conversations.retention import APPEAL_WINDOW_DAYS, next_run
from conversations.services import erasure, rehearsal

#: How many erasure requests are listed.
LISTED: Final = 20


@dataclass(frozen=True)
class Erasure:
    """An erasure request as its reader may know it; ``counts`` are rows by kind, in words."""

    asked: ErasureRequest
    state: ErasureState
    counts: list[tuple[str, int]]


def retention_of(source: Source, user: User | AnonymousUser, now: datetime) -> dict[str, Any]:
    """What the page of *source* says of keeping and deleting."""
    requests = ErasureRequest.objects.filter(source=source).order_by("-requested_at")
    return {
        "appeal_days": APPEAL_WINDOW_DAYS,
        "days_to_decide": source.transcript_days - APPEAL_WINDOW_DAYS,
        "next_run": next_run(now),
        "rehearsal": rehearsal.latest(source=source, now=now),
        "erasures": [_erasure(asked, user) for asked in requests[:LISTED]],
    }


def _erasure(asked: ErasureRequest, user: User | AnonymousUser) -> Erasure:
    """That a hold keeps a part is for those alone who may place one; to others it goes on."""
    knows = isinstance(user, User) and can_place_hold(user)
    hidden = asked.state == ErasureState.HELD and not knows
    return Erasure(
        asked,
        ErasureState.RUNNING if hidden else ErasureState(asked.state),
        [
            (kind.replace("_", " "), number)
            for kind, number in sorted(asked.counts.items())
            if number and (kind not in erasure.OF_HOLDS or (knows and kind == erasure.HELD))
        ],
    )
