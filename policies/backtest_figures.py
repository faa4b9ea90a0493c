"""The figures of a backtest, as they are kept, exported and shown.

Counts are of cutoffs or near misses, rates run from 0 to 1. What they mean is told by
``policies/backtest.py`` and, in sentences, by ``policies/backtest_words.py``.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

#: The form of these figures; a kept record says which one it has.
SCHEMA: Final = 1


class Verdicts(Struct, frozen=True):
    """Counts of first reviews. Tuning on overturns for procedure alone would be circular."""

    upheld: int
    overturned: int
    overturned_for_procedure: int
    undecided: int


class Feedback(Struct, frozen=True):
    """What users said: counts. ``open``: the seven days are not over."""

    surprised: int
    unsurprised: int
    silent: int
    open: int


class Part(Struct, frozen=True):
    """Some cutoffs, split twice; the two splits are never mixed."""

    count: int
    verdicts: Verdicts
    feedback: Feedback


class Range(Struct, frozen=True):
    """A count as far as it can be told: both ends included."""

    low: int
    high: int


class Share(Struct, frozen=True):
    """A rate from the audit; the fields are those of :class:`policies.estimation.Rate`."""

    kind: str
    estimate: float | None
    low: float
    high: float
    audited: int
    decided: int
    events: int
    completion: float | None
    words: str


class Overturns(Struct, frozen=True):
    """The overturn rate, and its two parts: on the merits, and for procedure alone."""

    all: Share
    merits: Share
    procedure: Share


class Change(Struct, frozen=True):
    """The rate of those kept less that of those made, -1 to 1."""

    kind: str
    estimate: float | None
    low: float
    high: float


class Cutoffs(Struct, frozen=True):
    """Cutoffs by the model. ``made`` is the sum of the five parts after it.

    ``kept``: both policies end. ``spared``: only the baseline does. ``allowed``: only the
    candidate does. ``refused``: neither does, and it was ended all the same. ``spared_range``
    counts those of ``cannot_tell`` in or out.
    """

    made: Part
    kept: Part
    spared: Part
    allowed: Part
    refused: Part
    cannot_tell: Part
    spared_range: Range
    flipped: dict[str, int]
    overturns_made: Overturns
    overturns_kept: Overturns
    overturns_kept_range: Share
    change: Change
    change_on_merits: Change


class Weighted(Struct, frozen=True):
    """How many near misses those seen stand for, by their sampling probabilities."""

    estimate: float
    low: float
    high: float


class NearMisses(Struct, frozen=True):
    """Near misses, which the candidate may have ended: counts of those recorded.

    ``new``: ended by the candidate alone. ``earlier``: the same, but the conversation was ended
    later anyhow. ``alike``: the baseline would have ended them too. ``weighted`` is for ``new``
    and leaves out the ``unknown_sampling`` ones among them. ``right_to_continue`` is the share
    of those ended by the candidate alone that reviewers found right to continue.
    """

    recorded: int
    new: int
    earlier: int
    alike: int
    not_ended: int
    cannot_tell: int
    new_range: Range
    flipped: dict[str, int]
    unknown_sampling: int
    weighted: Weighted | None
    right_to_continue: Share


class Apart(Struct, frozen=True):
    """Endings that are not the model's. The candidate would not allow those ``refused``."""

    count: int
    refused: int
    cannot_tell: int


class Segment(Struct, frozen=True):
    """Cutoffs by the model under one version, model and prompt version."""

    version: int
    model: str
    prompt_version: str
    made: int
    kept: int
    spared: int
    cannot_tell: int
    overturns_made: Share
    overturns_kept: Share


class Figures(Struct, frozen=True):
    """All that a backtest tells."""

    schema: int
    cutoffs: Cutoffs
    near_misses: NearMisses
    by_user: Apart
    by_operator: Apart
    advisory: int
    enforcing: int
    segments: tuple[Segment, ...]
    segments_left_out: int
