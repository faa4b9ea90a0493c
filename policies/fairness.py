"""Whether ending a conversation is wrong more often for some than for others
(docs/explanation/estimation.md, "Fairness").

Pure. Groups differ in what they are ended for, and categories differ in how often ending is
wrong. So each group's rate is directly standardised: its rates by harm category, weighed by the
mix of categories in the whole window. The rest of the window is weighed alike, and the two are
compared by what each subject does to both (policies/rate_differences.py).

The mix is itself of the sample. The variance treats it as the group's own, which errs to the
wide side: a group never has more cutoffs of a category than the window.

Sources: direct standardisation as in M. P. Fay and E. J. Feuer, Statistics in Medicine 16 (1997),
whose interval was made for it; Y. Benjamini and Y. Hochberg, "Controlling the false discovery
rate: a practical and powerful approach to multiple testing", Journal of the Royal Statistical
Society B 57 (1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from policies.estimation import NEEDED_COMPLETION, Rate, completion
from policies.rate_differences import RateDifference, difference_within
from policies.weighting import Codes, Flags, Floats, Sample

#: Under so many audited cutoffs a group, or the rest without it, has no figure.
LEAST_AUDITED: Final = 30
#: How many of the differences that are called real may be none, 0 to 1.
FALSE_DISCOVERIES: Final = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """A group's standardised rate beside that of everybody else.

    ``audited`` and ``others`` are counts of audited cutoffs, decided or not, of the group and of
    the rest. ``difference`` is None where either is under :data:`LEAST_AUDITED`, or no category
    is common to both. ``missing`` are the categories over which the group cannot be standardised,
    since it or the rest has no audited cutoff there: both rates are standardised over the others
    alone. ``covered`` is the share of the window's mix, 0 to 1, that these make up. ``p`` is None
    while there are bounds in place of estimates.
    """

    audited: int
    others: int
    difference: RateDifference | None
    missing: tuple[int, ...]
    covered: float
    p: float | None

    @property
    def rate(self) -> Rate | None:
        """The group's own rate."""
        return self.difference.first if self.difference else None

    @property
    def rest(self) -> Rate | None:
        """That of the rest of the window over the same categories."""
        return self.difference.second if self.difference else None


def compare(sample: Sample, category: Codes, group: Flags) -> Compared:
    """The cutoffs of *sample* where *group* is true beside all others.

    *category* numbers the harm categories from 0, in the order of the sample's cutoffs.
    """
    audited, others = int(group.sum()), int((~group).sum())
    if min(audited, others) < LEAST_AUDITED:
        return Compared(audited, others, None, (), 0.0, None)
    mix = mix_of(sample, category)
    shared = _common(category, group, mix)
    if not shared.any():
        return Compared(audited, others, None, _places(mix), 0.0, None)
    weighed = standardised(sample, category, group, mix * shared)
    drawn = [weighed[0].where(side) for side in weighed[1:]]
    done = [completion(side) for side in drawn]
    if min(done) >= NEEDED_COMPLETION:
        # Of what is decided, weighed anew: the few verdicts that are missing do not shift the mix.
        chosen = sample.decided
        decided, of, side = sample.where(chosen), category[chosen], group[chosen]
        shared &= _common(of, side, mix)
        weighed = standardised(decided, of, side, mix * shared)
    found = difference_within(*weighed)
    if found.fit:
        found = replace(
            found,
            first=replace(found.first, audited=len(drawn[0]), completion=done[0]),
            second=replace(found.second, audited=len(drawn[1]), completion=done[1]),
        )
    missing = _places(mix * ~shared)
    return Compared(audited, others, found, missing, float(mix[shared].sum()), found.p)


def mix_of(sample: Sample, category: Codes) -> Floats:
    """The weighted share of each category, decided or not; they sum to 1."""
    weights = np.bincount(category, sample.weight).astype(np.float64)
    return np.asarray(weights / weights.sum(), np.float64)


def standardised(
    sample: Sample, category: Codes, group: Flags, mix: Floats
) -> tuple[Sample, Flags, Flags]:
    """The cutoffs of the categories in *mix*, so weighed that the group has that mix, and the rest
    has it; which of them are the group's, and which are not.

    *mix* is a weight for each category, 0 where it is to be left out; both sides must have cutoffs
    of all others.
    """
    chosen = mix[category] > 0
    part, of, side = sample.where(chosen), category[chosen], group[chosen]
    weight = np.empty(len(part))
    for one in (side, ~side):
        held = np.bincount(of[one], part.weight[one], minlength=mix.size)
        weight[one] = part.weight[one] * (mix / np.where(held > 0, held, 1))[of[one]]
    return replace(part, weight=weight), side, ~side


def q_values(p_values: Sequence[float | None]) -> list[float | None]:
    """Each p-value adjusted for all of them by Benjamini and Hochberg's procedure; None stays.

    Calling real what is at most q, 0 to 1, keeps the expected share of mistakes among what is
    called real at most q.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 1.0
    for rank in range(len(known), 0, -1):
        p, place = known[rank - 1]
        least = min(least, p * len(known) / rank)
        adjusted[place] = least
    return adjusted


def _common(category: Codes, group: Flags, mix: Floats) -> Flags:
    """The categories of which both the group and the rest have cutoffs."""
    own = np.bincount(category[group], minlength=mix.size)
    other = np.bincount(category[~group], minlength=mix.size)
    return np.asarray((own > 0) & (other > 0), np.bool_)


def _places(weights: Floats) -> tuple[int, ...]:
    """Where *weights* are not 0."""
    return tuple(int(place) for place in np.flatnonzero(weights))
