"""What a shift is, read from the claims that are kept anyway: nobody clocks in. Pure.

A shift begins with the first case that somebody takes after a rest. Ending one's shift by hand
releases what one holds, and begins no new one: a cap cannot be clicked away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

#: Without a case for so long, somebody has rested: their next case begins a shift.
REST: Final = timedelta(hours=6)
#: A shift is looked for no further back than this.
LONGEST: Final = timedelta(hours=24)
#: Between two severe cases lies another case that was decided, or this much time.
BETWEEN_SEVERE: Final = timedelta(minutes=15)
#: Without a case for so long, somebody has had a pause.
PAUSE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Span:
    """One claim: on which case, from when to when; by its lease where nobody ended it."""

    case: UUID
    began: datetime
    ended: datetime
    severe: bool


def without_a_gap(spans: Sequence[Span], *, now: datetime, gap: timedelta) -> list[Span]:
    """Those of one person's *spans* that lead up to *now* without a *gap*, oldest first.

    With :data:`REST` for the gap that is their shift; with :data:`PAUSE`, the work since their
    last pause. Empty where the last of them lies a gap before *now*.
    """
    found: list[Span] = []
    reached: datetime | None = None
    for span in sorted(spans, key=lambda span: span.began):
        if reached is not None and span.began - reached >= gap:
            found = []
        found.append(span)
        # Claims may overlap: what begins earlier may end later. A lease may end in the future.
        reached = max(reached or span.ended, span.ended)
    return [] if reached is None or now - reached >= gap else found


def severe_cases(spans: Sequence[Span]) -> int:
    """How many different severe cases *spans* are about."""
    return len({span.case for span in spans if span.severe})
