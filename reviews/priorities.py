"""What makes a case urgent, in numbers that the screen can explain.

A case's priority is the sum of the weights of what holds for it. Due times are counted from
the moment at which the case was opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext

from policies.thresholds import DueHours
from reviews.phrases import REASONS, within
from reviews.vocabulary import Reason

#: What every selected case has, for whatever reason: a weight of its own for audits would let
#: the sum tell which cases are audits.
SELECTED_WEIGHT: Final = 100

#: Weights add up; a breach outweighs everything that is not one.
WEIGHTS: Final[dict[Reason, int]] = {
    Reason.BREACH: 1000,
    Reason.CUE: 800,
    Reason.APPEAL: 300,
    Reason.FEEDBACK: 200,
    Reason.AUDIT: 0,
    Reason.DOUBLE: 0,
    Reason.GOLD: 0,
    Reason.HELD: 0,
    Reason.CHOSEN: 0,
}

#: A service that does not know its risks ends blindly: a little more urgent than others.
RISK_UNKNOWN_WEIGHT: Final = 20

#: Reasons that would tell which cases are audits, or on hold: shown as one, "Selected".
UNSEEN: Final = frozenset({Reason.AUDIT, Reason.DOUBLE, Reason.GOLD, Reason.HELD, Reason.CHOSEN})


def due_in(reason: Reason | None, hours: DueHours) -> timedelta:
    """How soon somebody should have looked; without a reason, or for one that is not named, when
    any other case is due.
    """
    named = {
        Reason.BREACH: hours.breach,
        Reason.CUE: hours.cue,
        Reason.APPEAL: hours.appeal,
        Reason.FEEDBACK: hours.feedback,
    }
    return timedelta(hours=named.get(reason, hours.other) if reason else hours.other)


@dataclass(frozen=True)
class Part:
    """One part of a priority, as the screen explains it: ``breach +1000``."""

    label: str
    weight: int


def parts(*, reasons: frozenset[Reason], risk_unknown: bool) -> list[Part]:
    """What a priority is made of, heaviest first."""
    found = [
        Part(within(REASONS, reason), WEIGHTS[reason]) for reason in reasons if WEIGHTS[reason]
    ]
    if reasons:
        found.append(Part(gettext("selected"), SELECTED_WEIGHT))
    if risk_unknown:
        found.append(Part(gettext("risk unknown"), RISK_UNKNOWN_WEIGHT))
    return sorted(found, key=lambda part: -part.weight)
