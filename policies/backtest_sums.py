"""From the groups of a window to the figures of a backtest. Pure."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from conversations.vocabulary import FirstReview
from policies import estimation, rate_differences
from policies.backtest import (
    END,
    MODEL,
    NEAR_MISS,
    NO_ROWS,
    NOT,
    OPERATOR,
    UNKNOWN,
    USER,
    Answer,
    Group,
    allowed,
    kept,
    spared,
    untold,
)
from policies.backtest_figures import (
    SCHEMA,
    Apart,
    Change,
    Cutoffs,
    Feedback,
    Figures,
    NearMisses,
    Overturns,
    Part,
    Range,
    Segment,
    Share,
    Verdicts,
    Weighted,
)
from policies.weighting import Flags, Sample

#: How many segments are kept, the largest first.
MOST_SEGMENTS: Final = 50

Chosen = Callable[[Group], bool]
Events = frozenset[int]

MERITS: Final[Events] = frozenset({FirstReview.OVERTURNED.value})
PROCEDURE: Final[Events] = frozenset({FirstReview.OVERTURNED_FOR_PROCEDURE.value})
ANY_OVERTURN: Final[Events] = MERITS | PROCEDURE
CONTINUED: Final[Events] = frozenset({FirstReview.RIGHT_TO_CONTINUE.value})


def figures(groups: Iterable[Group], *, most_segments: int = MOST_SEGMENTS) -> Figures:
    """The figures of a window from its groups, which may be many and in any order.

    Of the segments, the *most_segments* largest.
    """
    by: dict[str, list[Group]] = {MODEL: [], NEAR_MISS: [], USER: [], OPERATOR: []}
    for group in groups:
        by[group.initiator].append(group)
    made = by[MODEL]
    segments = _by_segment(made)
    return Figures(
        schema=SCHEMA,
        cutoffs=_cutoffs(made),
        near_misses=_near_misses(by[NEAR_MISS]),
        by_user=_apart(by[USER]),
        by_operator=_apart(by[OPERATOR]),
        advisory=count(made, lambda group: group.advisory),
        enforcing=count(made, lambda group: not group.advisory),
        segments=tuple(_segment(key, part) for key, part in segments[:most_segments]),
        segments_left_out=max(len(segments) - most_segments, 0),
    )


def count(groups: Iterable[Group], chosen: Chosen) -> int:
    """How many cutoffs are in the *chosen* groups."""
    return sum(group.count for group in groups if chosen(group))


def _possibly(first: int, second: int) -> Chosen:
    """The answers may have been *first* by the candidate and *second* by the baseline."""
    return lambda group: group.candidate in (first, UNKNOWN) and group.baseline in (second, UNKNOWN)


def _cutoffs(made: Sequence[Group]) -> Cutoffs:
    audit = Audit(made)
    only_kept = audit.overturns(kept)
    return Cutoffs(
        made=_part(made),
        kept=_part(group for group in made if (group.candidate, group.baseline) == (END, END)),
        spared=_part(filter(spared, made)),
        allowed=_part(filter(allowed, made)),
        refused=_part(group for group in made if (group.candidate, group.baseline) == (NOT, NOT)),
        cannot_tell=_part(filter(untold, made)),
        spared_range=Range(count(made, spared), count(made, _possibly(NOT, END))),
        flipped=_flipped(filter(spared, made)),
        overturns_made=audit.overturns(lambda _: True),
        overturns_kept=only_kept,
        overturns_kept_range=_united(
            only_kept.all, audit.rate(lambda group: group.candidate != NOT, ANY_OVERTURN)
        ),
        change=audit.change(ANY_OVERTURN),
        change_on_merits=audit.change(MERITS),
    )


def _part(groups: Iterable[Group]) -> Part:
    reviews: Counter[int | None] = Counter()
    answers: Counter[Answer] = Counter()
    for group in groups:
        reviews[group.review] += group.count
        answers[group.answer] += group.count
    return Part(
        count=answers.total(),
        verdicts=Verdicts(
            upheld=reviews[FirstReview.UPHELD.value],
            overturned=reviews[FirstReview.OVERTURNED.value],
            overturned_for_procedure=reviews[FirstReview.OVERTURNED_FOR_PROCEDURE.value],
            undecided=reviews[None],
        ),
        feedback=Feedback(**{said.value: answers[said] for said in Answer}),
    )


def _flipped(groups: Iterable[Group]) -> dict[str, int]:
    """How many each test flipped; a cutoff that several flipped counts for each."""
    by_test: Counter[str] = Counter()
    for group in groups:
        by_test.update(dict.fromkeys(group.flipped, group.count))
    return dict(by_test.most_common())


class Audit:
    """The single audited rows of some groups whose sampling is known, side by side once."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups = [group for group in groups if group.audited and len(group.rows)]
        rows = [group.rows for group in self._groups] or [NO_ROWS]
        of = np.repeat(np.arange(len(self._groups)), [len(group.rows) for group in self._groups])
        sending = np.concatenate([one.sending for one in rows])
        known = ~np.isnan(sending)
        weight = 1 / (np.concatenate([one.review for one in rows]) * sending)[known]
        self._of = of[known].astype(np.intp)
        self._all = Sample(
            subject=np.concatenate([one.subject for one in rows])[known],
            stratum=np.concatenate([one.stratum for one in rows])[known],
            weight=weight,
            outcome=np.full(weight.size, np.nan),
        )

    def overturns(self, chosen: Chosen) -> Overturns:
        """The overturn rate of the *chosen* cutoffs, and its parts."""
        return Overturns(
            all=self.rate(chosen, ANY_OVERTURN),
            merits=self.rate(chosen, MERITS),
            procedure=self.rate(chosen, PROCEDURE),
        )

    def rate(self, chosen: Chosen, events: Events) -> Share:
        """The share of *events* among the first reviews of the *chosen* cutoffs."""
        return _share(self._sample(events).where(self._rows(chosen)))

    def change(self, events: Events) -> Change:
        """The rate of those kept less that of all."""
        chosen = self._rows(kept)
        if not chosen.any():
            return Change("none", None, -1.0, 1.0)
        found = rate_differences.difference_within(
            self._sample(events), chosen, np.ones(chosen.size, np.bool_)
        )
        return Change(found.kind, found.estimate, found.low, found.high)

    def _rows(self, chosen: Chosen) -> Flags:
        by_group: Flags = np.array([chosen(group) for group in self._groups], np.bool_)
        return np.asarray(by_group[self._of], np.bool_)

    def _sample(self, events: Events) -> Sample:
        outcomes = [
            np.nan if group.review is None else float(group.review in events)
            for group in self._groups
        ]
        return dataclasses.replace(self._all, outcome=np.array(outcomes, np.float64)[self._of])


def rate(groups: Iterable[Group], events: Events) -> Share:
    """The share of *events* among the first reviews of the audited cutoffs of *groups*."""
    return Audit(groups).rate(lambda _: True, events)


def _share(drawn: Sample) -> Share:
    """A rate as it is kept and shown."""
    found = estimation.overturn_rate(drawn)
    return Share(
        kind=found.kind,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        audited=found.audited,
        decided=found.decided,
        events=found.events,
        completion=found.completion,
        words=found.words,
    )


def _united(one: Share, other: Share) -> Share:
    """Bounds that hold whichever of the two is right."""
    if "none" in (one.kind, other.kind):
        return one if other.kind == "none" else other
    low, high = min(one.low, other.low), max(one.high, other.high)
    return msgspec.structs.replace(
        one, kind="bounds", estimate=None, low=low, high=high,
        words=f"Between {100 * low:.1f} % and {100 * high:.1f} %, unknown signals either way.",
    )  # fmt: skip


def _near_misses(seen: Sequence[Group]) -> NearMisses:
    ended = [group for group in seen if allowed(group)]
    earlier = sum(int(group.rows.later.sum()) for group in ended)
    new = count(ended, lambda _: True) - earlier
    possible = [group for group in seen if _possibly(END, NOT)(group)]
    later = sum(int(group.rows.later.sum()) for group in possible)
    unknown = sum(int((np.isnan(group.rows.sending) & ~group.rows.later).sum()) for group in ended)
    return NearMisses(
        recorded=count(seen, lambda _: True),
        new=new,
        earlier=earlier,
        alike=count(seen, lambda group: (group.candidate, group.baseline) == (END, END)),
        not_ended=count(seen, lambda group: group.candidate == NOT),
        cannot_tell=count(seen, lambda group: untold(group) and group.candidate != NOT),
        new_range=Range(new, count(possible, lambda _: True) - later),
        flipped=_flipped(ended),
        unknown_sampling=unknown,
        weighted=_weighted(ended),
        right_to_continue=rate(ended, CONTINUED),
    )


def _weighted(ended: Sequence[Group]) -> Weighted | None:
    """How many new endings those recorded stand for; None where no sampling is known."""
    if not ended:
        return None
    sending = np.concatenate([group.rows.sending for group in ended])
    chosen = ~np.isnan(sending) & ~np.concatenate([group.rows.later for group in ended])
    if not chosen.any():
        return None
    drawn = Sample(
        subject=np.concatenate([group.rows.subject for group in ended])[chosen],
        stratum=np.unique(sending[chosen], return_inverse=True)[1],
        weight=1 / sending[chosen],
        outcome=np.ones(int(chosen.sum())),
    )
    found = estimation.weighted_total(drawn)
    return Weighted(found.estimate, found.low, found.high)


def _apart(groups: Sequence[Group]) -> Apart:
    return Apart(
        count=count(groups, lambda _: True),
        refused=count(groups, lambda group: group.candidate == NOT),
        cannot_tell=count(groups, lambda group: group.candidate == UNKNOWN),
    )


_Key = tuple[int, str, str]


def _by_segment(made: Sequence[Group]) -> list[tuple[_Key, list[Group]]]:
    """Each version, model and prompt version, largest first; none where there is only one."""
    by: dict[_Key, list[Group]] = {}
    for group in made:
        by.setdefault((group.version, group.model, group.prompt_version), []).append(group)
    if len(by) < 2:
        return []
    return sorted(by.items(), key=lambda item: (-count(item[1], lambda _: True), item[0]))


def _segment(key: _Key, groups: Sequence[Group]) -> Segment:
    version, model, prompt_version = key
    audit = Audit(groups)
    return Segment(
        version=version,
        model=model,
        prompt_version=prompt_version,
        made=count(groups, lambda _: True),
        kept=count(groups, kept),
        spared=count(groups, spared),
        cannot_tell=count(groups, untold),
        overturns_made=audit.rate(lambda _: True, ANY_OVERTURN),
        overturns_kept=audit.rate(kept, ANY_OVERTURN),
    )
