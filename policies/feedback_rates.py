"""What users said, and what was missed: figures that stand beside the overturn rate.

Pure. Feedback is a self-selected sample; it never moves a threshold by itself
(docs/explanation/estimation.md, "Surprise, and missed crises").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext

from policies.estimation import Audited, Rate, overturn_rate
from policies.intervals import clopper_pearson

#: How long a user's answer counts, and how old a cutoff must be to count at all.
ANSWER_WINDOW: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Noticed:
    """A cutoff and what its user did with the notice; None is never.

    ``surprised`` is what the answer said; it means nothing without ``answered``.
    """

    subject: str
    ended: datetime
    opened: datetime | None = None
    answered: datetime | None = None
    surprised: bool = False
    sending: float = 1.0


@dataclass(frozen=True, slots=True)
class SurpriseRate:
    """Cutoffs whose user said "surprised" in time, over all that are old enough.

    ``opened`` and ``answered`` count within the same window. Who said nothing counts as not
    surprised, so the rate is one of statements, not of feelings.
    """

    rate: Rate
    cutoffs: int
    opened: int
    answered: int

    @property
    def words(self) -> str:
        """The figure in a sentence."""
        return gettext(
            "%(surprised)s of %(cutoffs)s users said that they were surprised; %(opened)s opened"
            " the notice, %(answered)s answered."
        ) % {
            "surprised": self.rate.events,
            "cutoffs": self.cutoffs,
            "opened": self.opened,
            "answered": self.answered,
        }


def surprise_rate(
    noticed: Sequence[Noticed], *, now: datetime, confidence: float = 0.95
) -> SurpriseRate:
    """Of the cutoffs at least seven days old at *now*. Its interval is clustered by subject."""
    old = [one for one in noticed if now - one.ended >= ANSWER_WINDOW]
    said = [
        Audited(
            subject=one.subject,
            stratum="all",
            probability=1.0,
            overturned=one.surprised and _in_time(one, one.answered),
            sending=one.sending,
        )
        for one in old
    ]
    return SurpriseRate(
        rate=overturn_rate(said, confidence=confidence),
        cutoffs=len(old),
        opened=sum(_in_time(one, one.opened) for one in old),
        answered=sum(_in_time(one, one.answered) for one in old),
    )


def _in_time(one: Noticed, moment: datetime | None) -> bool:
    return moment is not None and moment - one.ended <= ANSWER_WINDOW


@dataclass(frozen=True, slots=True)
class MissedCrisis:
    """Conversations in which people found a crisis that was missed.

    ``at_most`` is the upper end of the one-sided 95 % interval, 0 to 1.
    """

    found: int
    n: int
    at_most: float

    @property
    def words(self) -> str:
        """The figure in a sentence."""
        if not self.n:
            return gettext("Nobody has looked yet.")
        told = {"found": self.found, "n": self.n, "most": f"{100 * self.at_most:.1f}"}
        return gettext("%(found)s of %(n)s, at most %(most)s %% (95 %%).") % told


def missed_crisis(*, n: int, found: int) -> MissedCrisis:
    """*found* among *n* cases that people looked at.

    The rule of three, 3/n, where nothing was found (J. A. Hanley and A. Lippman-Hand, JAMA 249,
    1983); Clopper and Pearson's upper end otherwise. Raises ``ValueError`` unless 0 <= found <= n.
    """
    if not 0 <= found <= n:
        raise ValueError("What was found must be from 0 to the number of cases.")
    if not found:
        return MissedCrisis(found, n, min(1.0, 3 / n) if n else 1.0)
    return MissedCrisis(found, n, clopper_pearson(found, n, confidence=0.9).high)
