"""What other thresholds would have done to recorded cutoffs (docs/explanation/estimation.md,
"Backtests").

Pure. Thresholds are applied again at the recorded moment, and no further: whether a spared
conversation would have ended later, and how user and model would have gone on, is not modelled.
An answer is "end", "not" or "cannot tell"; the last where an unknown signal would decide, and it
is bounded both ways. Counts are of cutoffs or near misses; rates run from 0 to 1.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from policies.evaluation import Decision, Observation, evaluate
from policies.thresholds import Thresholds
from policies.weighting import Codes, Flags, Floats

ANSWERS: Final = 3
NOT, UNKNOWN, END = range(ANSWERS)

MODEL, NEAR_MISS, USER, OPERATOR = "model", "", "user", "operator"


class Filters(Struct, frozen=True, forbid_unknown_fields=True):
    """Which cutoffs count: those with one of the values; an empty tuple asks for nothing."""

    category: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    prompt_version: tuple[str, ...] = ()
    surface: tuple[str, ...] = ()
    locale: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


class Question(Struct, frozen=True):
    """One backtest. Without *baseline*, each cutoff is held against the version that was its own.

    The window runs from *since* to before *until*, by when it happened; *now* says which users
    may still answer.
    """

    candidate: Thresholds
    since: datetime
    until: datetime
    now: datetime
    baseline: Thresholds | None = None
    filters: Filters = Filters()


class Answer(StrEnum):
    """What users said within seven days; ``open`` while these are not over."""

    SURPRISED = "surprised"
    UNSURPRISED = "unsurprised"
    SILENT = "silent"
    OPEN = "open"


class Rows(Struct, frozen=True):
    """Audited cutoffs, and near misses that the candidate may end, as columns.

    ``subject`` and ``stratum`` are numbers that stand for whom and for which share of audits.
    ``review`` and ``sending`` are probabilities; that of sending is NaN where it is unknown.
    ``later`` says that the conversation was ended afterwards.
    """

    subject: Codes
    stratum: Codes
    review: Floats
    sending: Floats
    later: Flags

    def __len__(self) -> int:
        return int(self.subject.size)

    def part(self, start: int, stop: int) -> Rows:
        """The rows from *start* to before *stop*."""
        return Rows(
            self.subject[start:stop],
            self.stratum[start:stop],
            self.review[start:stop],
            self.sending[start:stop],
            self.later[start:stop],
        )


NO_ROWS: Final = Rows(
    np.empty(0, np.intp),
    np.empty(0, np.intp),
    np.empty(0, np.float64),
    np.empty(0, np.float64),
    np.empty(0, np.bool_),
)


class Group(Struct, frozen=True):
    """Cutoffs that are alike in all that a backtest asks of them.

    ``flipped`` are the tests that came out differently, known only where the answers differ.
    ``rows`` holds the single ones where an estimate needs them. In a sweep, ``step`` is how many
    steps of the threshold the signal reaches, None where it is unknown.
    """

    initiator: str
    candidate: int
    baseline: int
    flipped: tuple[str, ...]
    review: int | None
    answer: Answer
    audited: bool
    model: str
    prompt_version: str
    version: int
    advisory: bool
    count: int
    rows: Rows = NO_ROWS
    step: int | None = None


def answer(observation: Observation, thresholds: Thresholds) -> int:
    """Whether the policy would have ended: ``END``, ``NOT``, or ``UNKNOWN``.

    Unknown is what some value of the unknown signals would decide. A crisis cue that was found in
    the transcript forbids ending under any policy; one that was not looked for is taken not to
    be there.
    """
    if _ends(observation, thresholds):
        return END
    return UNKNOWN if _ends(_at_best(observation), thresholds) else NOT


def _ends(observation: Observation, thresholds: Thresholds) -> bool:
    return evaluate(observation, thresholds).decision == Decision.END


def _at_best(observation: Observation) -> Observation:
    """*observation* with every unknown at the value that allows most."""
    known = {name: value for name, value in observation.signals.items() if value is not None}
    best: dict[str, float | int | None] = dict.fromkeys(observation.signals, 10_000)
    best |= {"severity": 1.0, "distress": 1.0, "risk_self": 0.0, "risk_others": 0.0}
    confirmed = observation.user_confirmed is not False
    return msgspec.structs.replace(observation, signals=best | known, user_confirmed=confirmed)


def kept(group: Group) -> bool:
    """The candidate would have ended, whatever the baseline says."""
    return group.candidate == END


def spared(group: Group) -> bool:
    """Only the baseline ends."""
    return (group.candidate, group.baseline) == (NOT, END)


def allowed(group: Group) -> bool:
    """Only the candidate ends."""
    return (group.candidate, group.baseline) == (END, NOT)


def untold(group: Group) -> bool:
    """An unknown signal decides under one policy or both."""
    return UNKNOWN in (group.candidate, group.baseline)
