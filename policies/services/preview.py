"""The figures of a draft while it is edited, and the cases behind each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from policies.backtest import ANSWERS, END, MODEL, NEAR_MISS, NOT, UNKNOWN, Answer, Question
from policies.backtest_figures import Figures
from policies.backtest_sql import MASK_FROM, Parameters, answers, flipped, pair
from policies.backtest_sums import figures
from policies.feedback_rates import ANSWER_WINDOW
from policies.services import backtest_scan
from policies.services.recent_threads import RecentThreads

#: How many cases a page of them has.
PAGE: Final = 50

#: How many segments stand beside the editor, the largest first; a kept backtest has more.
SEGMENTS: Final = 8

Name = Literal[
    "made",
    "kept",
    "ended",
    "spared",
    "allowed",
    "refused",
    "cannot_tell",
    "not_ended",
    "may_be_ended",
    "unknown",
]

_recent_threads: Final = RecentThreads(backtest_scan.look_up_threads)

_ALL: Final = range(ANSWERS)
#: Which pairs of answers, the candidate's and the baseline's, a figure counts.
_PAIRS: Final[dict[Name, frozenset[int]]] = {
    "made": frozenset(pair(one, other) for one in _ALL for other in _ALL),
    "kept": frozenset({pair(END, END)}),
    "ended": frozenset(pair(END, other) for other in _ALL),
    "spared": frozenset({pair(NOT, END)}),
    "allowed": frozenset({pair(END, NOT)}),
    "refused": frozenset({pair(NOT, NOT)}),
    "cannot_tell": frozenset(
        pair(one, other) for one in _ALL for other in _ALL if UNKNOWN in (one, other)
    ),
    "not_ended": frozenset(pair(NOT, other) for other in _ALL),
    "may_be_ended": frozenset({pair(END, UNKNOWN), *(pair(UNKNOWN, other) for other in _ALL)}),
    "unknown": frozenset(pair(UNKNOWN, other) for other in _ALL),
}

_SURPRISED: Final = f"cutoff.surprised_at <= cutoff.at + interval '{ANSWER_WINDOW.days} days'"
_UNSURPRISED: Final = f"cutoff.unsurprised_at <= cutoff.at + interval '{ANSWER_WINDOW.days} days'"
#: What users said, as the scan tells it; of those who may still answer, nothing is asked.
_SAID: Final = {
    Answer.SURPRISED: f"({_SURPRISED}) IS TRUE",
    Answer.UNSURPRISED: f"({_SURPRISED}) IS NOT TRUE AND ({_UNSURPRISED}) IS TRUE",
    Answer.SILENT: f"({_SURPRISED}) IS NOT TRUE AND ({_UNSURPRISED}) IS NOT TRUE",
}
_LATER: Final = (
    "(SELECT thread.ended_at > cutoff.at FROM conversations_conversation thread"
    " WHERE thread.id = cutoff.conversation_id)"
)


@dataclass(frozen=True)
class Chosen:
    """One number of the figures.

    ``near_miss``: of the near misses; otherwise of the cutoffs *by* the model, a user or staff.
    ``review`` is a ``FirstReview``, 0 for undecided, None for all; ``answer`` is what the user
    said, None for all. ``test`` is the test that must have flipped. ``later``: the conversation
    was ended afterwards, or was not. ``segment`` is a version, model and prompt version.
    ``audited`` are those that a rate rests on: drawn for the audit, and of near misses those
    whose sampling is known; ``decided`` those of them that have a first review.
    """

    name: Name
    near_miss: bool = False
    by: str = MODEL
    segment: tuple[int, str, str] | None = None
    audited: bool = False
    decided: bool = False
    review: int | None = None
    test: str = ""
    answer: Answer | None = None
    later: bool | None = None


@dataclass(frozen=True)
class Flipped:
    """A case, and the tests that came out differently for it."""

    cutoff_id: UUID
    candidate: int
    baseline: int
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Cases, newest first; ``after`` is the key to go on from, None on the last page."""

    cases: tuple[Flipped, ...]
    after: UUID | None


def preview(question: Question) -> Figures:
    """The figures of *question*, computed now and kept nowhere."""
    groups = backtest_scan.scan(question, threads=_recent_threads)
    return figures(groups, most_segments=SEGMENTS)


def cases(
    question: Question, chosen: Chosen, *, after: UUID | None = None, size: int = PAGE
) -> Page:
    """One page of the cases that a number counts, newest first."""
    found: list[Flipped] = []
    for piece in reversed(backtest_scan.pieces(question)):
        if chosen.answer and piece.open != (chosen.answer == Answer.OPEN):
            continue
        for source in backtest_scan.sources(question, piece):
            found += _page(source, chosen, after=after, size=size + 1)
        if len(found) > size:
            break
    found.sort(key=lambda one: one.cutoff_id, reverse=True)
    shown = tuple(found[:size])
    return Page(shown, shown[-1].cutoff_id if len(found) > size else None)


def _page(
    source: backtest_scan.Rowset, chosen: Chosen, *, after: UUID | None, size: int
) -> list[Flipped]:
    bound = source.bound
    pairs = bound.bind(sorted(_PAIRS[chosen.name]), "int[]")
    clauses = [
        source.where,
        f"cutoff.initiator = {bound.bind(NEAR_MISS if chosen.near_miss else chosen.by, 'text')}",
        f"({source.flags} & {(1 << MASK_FROM) - 1}) = ANY({pairs})",
        *_narrowed(source, chosen, after, bound),
    ]
    rows: list[tuple[Any, ...]] = backtest_scan.run(
        f"SELECT cutoff.id, {source.flags} FROM conversations_cutoff cutoff {source.joins}"
        f" WHERE {' AND '.join(clauses)} ORDER BY cutoff.id DESC LIMIT {bound.bind(size, 'int')}",
        bound,
        sort=True,
    )
    return [Flipped(key, *answers(marks), flipped(marks)) for key, marks in rows]


def _narrowed(
    source: backtest_scan.Rowset, chosen: Chosen, after: UUID | None, bound: Parameters
) -> list[str]:
    clauses = []
    if chosen.review is not None:
        clauses.append(f"coalesce(cutoff.first_review, 0) = {bound.bind(chosen.review, 'int')}")
    if chosen.test:
        clauses.append(f"{source.flags} & {bound.bind(source.bit(chosen.test), 'int')} <> 0")
    if chosen.answer in _SAID:
        clauses.append(_SAID[chosen.answer])
    if chosen.later is not None:
        clauses.append(f"{_LATER} IS {'' if chosen.later else 'NOT '}TRUE")
    if chosen.segment is not None:
        version, model, prompt = chosen.segment
        clauses.append(source.held_against(version))
        clauses.append(f"cutoff.model = {bound.bind(model, 'text')}")
        clauses.append(f"cutoff.prompt_version = {bound.bind(prompt, 'text')}")
    if chosen.audited or chosen.decided:
        clauses.append("cutoff.in_audit")
        if chosen.near_miss:
            clauses.append("cutoff.sampling_probability IS NOT NULL")
    if chosen.decided:
        clauses.append("coalesce(cutoff.first_review, 0) <> 0")
    if after is not None:
        clauses.append(f"cutoff.id < {bound.bind(after, 'uuid')}")
    return clauses
