"""Which overturns have a high impact, and wait for a second reviewer before they settle.

Pure. An overturn is high impact where being wrong about it can hurt somebody, or costs what
cannot be had back: the one place that says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from reviews.vocabulary import Judgement


@dataclass(frozen=True)
class Stakes:
    """What hangs on a case.

    ``restricted``: child safety. ``crisis``: a crisis cue in the transcript. ``breach``: flagged
    as ended against a rule without a switch. ``escalated``: a team was asked about it.
    ``held``: under a legal hold, on the case or on its subject.
    """

    restricted: bool = False
    crisis: bool = False
    breach: bool = False
    escalated: bool = False
    held: bool = False

    @property
    def are_high(self) -> bool:
        """Whether an overturn would be one of high impact: any of them will do."""
        return self.restricted or self.crisis or self.breach or self.escalated or self.held

    @property
    def need_a_senior(self) -> bool:
        """Whether only a senior may have the thread reopened (docs/explanation/ending.md,
        "Verdict and remedy").
        """
        return self.restricted or self.escalated or self.held


def needs_second_look(decision: str, stakes: Stakes) -> bool:
    """Whether a first verdict of *decision* waits for another's, which is given blind.

    A near miss has no such overturn: nothing follows from its verdict.
    """
    return decision == Judgement.OVERTURN and stakes.are_high
