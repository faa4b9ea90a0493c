"""How long words and signals are kept: terms, their bounds, and what is over at a moment.

A term counts from the moment at which an event was received, not from its own time: history that
is loaded later is kept for as long as what came at once. Days are days of 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

#: How long the user of a chat can appeal: half a year. No term is shorter.
APPEAL_WINDOW_DAYS: Final = 183
#: What a new source begins with.
TRANSCRIPT_DAYS: Final = 200
SIGNAL_DAYS: Final = 730
#: What fits the column; some 89 years.
LONGEST_DAYS: Final = 32_767

#: When beat has what is over deleted.
NIGHTLY: Final = time(3, 20, tzinfo=UTC)

#: Intake takes events from a clock that is so much ahead (docs/reference/api.md, "Time and text").
CLOCK_AHEAD: Final = timedelta(minutes=5)


class TermOutOfBounds(ValueError):
    """A term shorter than the appeal window, or longer than can be kept."""


@dataclass(frozen=True)
class Terms:
    """How many days a source's words and its signals are kept.

    Raises :class:`TermOutOfBounds` for less than :data:`APPEAL_WINDOW_DAYS` or more than
    :data:`LONGEST_DAYS`.
    """

    transcript_days: int = TRANSCRIPT_DAYS
    signal_days: int = SIGNAL_DAYS

    def __post_init__(self) -> None:
        for name, days in (("Transcripts", self.transcript_days), ("Signals", self.signal_days)):
            if not APPEAL_WINDOW_DAYS <= days <= LONGEST_DAYS:
                raise TermOutOfBounds(
                    f"{name} are kept from {APPEAL_WINDOW_DAYS} days, for as long as a user can"
                    f" appeal, to {LONGEST_DAYS} days."
                )


def received_before(now: datetime, days: int) -> datetime:
    """What was received before this moment has been kept for *days*, and its term is over."""
    return now - timedelta(days=days)


def happened_before(now: datetime, days: int) -> datetime:
    """What a term is over for happened before this moment: the clocks differ by so much at most."""
    return received_before(now, days) + CLOCK_AHEAD


def next_run(now: datetime) -> datetime:
    """The moment of the next nightly run after *now*."""
    today = datetime.combine(now.astimezone(UTC), NIGHTLY)
    return today if today > now else today + timedelta(days=1)


def may_be_dropped(month_end: datetime, *, now: datetime, longest_days: int) -> bool:
    """Whether a month that ended at *month_end* can hold no word whose term still runs.

    *longest_days* is the longest term of all sources. History that was loaded late may still
    stand in it: whoever drops the month looks for rows first.
    """
    return month_end <= received_before(now, longest_days)
