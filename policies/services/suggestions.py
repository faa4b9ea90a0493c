"""Suggesting thresholds for a target: what is searched, and how often the test half was used.

Source: docs/explanation/estimation.md, "Suggestions"; the tests themselves are
``policies/suggesting.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import msgspec
import numpy as np
from django.conf import settings
from django.db import connection, transaction

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry
from conversations.vocabulary import Category
from policies.backtest import END, Question
from policies.backtest_sql import Parameters, flags
from policies.backtest_sums import ANY_OVERTURN
from policies.evaluation import CRITERIA
from policies.models import BUILT_IN_NUMBER
from policies.services import backtest_scan
from policies.services.backtest_window import where_of
from policies.suggesting import Suggestion, found, half_of, order, suggest
from policies.thresholds import CategoryThresholds, Thresholds
from policies.weighting import Flags, Floats, Sample, codes

#: What a suggestion may change: those that a threshold can sort cutoffs by most finely.
VARIED: Final = ("severity", "refusals", "warnings")
#: How far each is raised in the search; all together 8 · 5 · 4 = 160 candidates.
_RAISED: Final[dict[str, tuple[float, ...]]] = {
    "severity": (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
    "refusals": (0, 1, 2, 3, 4),
    "warnings": (0, 1, 2, 3),
}
#: The ledger's words for one use of the test half.
USED, TEST_HALF = "suggestion.tested", "test_half"
#: The key of the advisory lock under which a use is counted.
_ADVISORY_KEY: Final = 7_265_636_002


class Outcome(msgspec.Struct, frozen=True):
    """A suggestion as the ledger keeps it.

    ``changes`` are the thresholds of the candidate that passed, empty for "cannot tell".
    ``search`` and ``test`` are numbers of audited cutoffs in the halves. Rates run from 0 to 1.
    """

    number: int
    revision: int
    category: str
    target: float
    use: int
    level: float
    words: str
    changes: dict[str, float]
    tested: tuple[dict[str, Any], ...]
    needed: tuple[dict[str, Any], ...]
    search: int
    test: int
    since: str
    until: str


@dataclass(frozen=True)
class _Half:
    """The audited cutoffs of one half: their sample, whether all else holds, and the signals."""

    sample: Sample
    rest: Flags
    signals: dict[str, Floats]

    def keeps(self, candidate: dict[str, float]) -> Flags:
        """Those that the candidate would keep; an unknown signal meets no threshold."""
        met = self.rest
        for name, threshold in candidate.items():
            if threshold > 0:
                met = met & (np.nan_to_num(self.signals[name], nan=-1.0) >= threshold)
        return met


def run(
    *,
    question: Question,
    number: int,
    revision: int,
    category: str,
    target: float,
    actor: Actor,
) -> LedgerEntry:
    """Search stricter thresholds of one category or, where it is empty, of the default; test them.

    Only cutoffs that were made have verdicts, so nothing looser is looked at. Each use of the
    test half is an entry of the ledger, and halves the level of the next one over the same time.
    Raises ``ValueError`` for a target that is not above 0 and below 1.
    """
    if not 0 < target < 1:
        raise ValueError("A target lies above 0 % and below 100 %.")
    candidates = grid(question.candidate.of(category))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])
        use = 1 + _used(question)
        search, test = _halves(question, category)
        suggested = _suggested(candidates, search, test, target=target, use=use)
        outcome = Outcome(
            number=number,
            revision=revision,
            category=category,
            target=target,
            use=use,
            level=suggested.level,
            words=_words(suggested, len(test.sample)),
            changes=candidates[suggested.candidate] if suggested.candidate else {},
            tested=tuple(_tested(one) for one in suggested.tested),
            needed=tuple(
                {"true_rate": one.true_rate, "audits": one.audits} for one in suggested.needed
            ),
            search=len(search.sample),
            test=len(test.sample),
            since=question.since.isoformat(),
            until=question.until.isoformat(),
        )
        return record(
            actor=actor,
            at=question.now,
            action=USED,
            obj="suggestion",
            object_id=TEST_HALF,
            details=msgspec.to_builtins(outcome),
        )


def _suggested(
    candidates: dict[str, dict[str, float]], search: _Half, test: _Half, *, target: float, use: int
) -> Suggestion:
    """What the test half says of the candidates that are best in the search half."""
    searched = [
        found(name, search.sample, search.keeps(values)) for name, values in candidates.items()
    ]
    return suggest(
        order(searched, target=target),
        lambda name: test.sample.where(test.keeps(candidates[name])),
        target=target,
        use=use,
    )


def outcome_of(entry: LedgerEntry) -> Outcome:
    """What a use of the test half came to."""
    return msgspec.convert(entry.details, Outcome)


def grid(present: CategoryThresholds) -> dict[str, dict[str, float]]:
    """Candidates by their names, *present* first; none is looser than it, all are in bounds."""
    steps = [
        sorted({_within(name, getattr(present, name) + more) for more in _RAISED[name]})
        for name in VARIED
    ]
    labels = {one.name: one.label for one in CRITERIA}
    named = {}
    for values in product(*steps):
        chosen = dict(zip(VARIED, values, strict=True))
        name = ", ".join(f"{labels[key]} ≥ {value:g}" for key, value in chosen.items())
        named[name] = chosen
    return named


def _within(name: str, value: float) -> float:
    return min(round(value, 4), 1.0 if name == "severity" else 100)


def _used(question: Question) -> int:
    """How often the test half was used over some of the same time."""
    entries = LedgerEntry.objects.filter(object_type="suggestion", object_id=TEST_HALF)
    spans = entries.values_list("details__since", "details__until")
    since, until = question.since.isoformat(), question.until.isoformat()
    return sum(1 for begun, ended in spans if begun < until and ended > since)


def _tested(one: Any) -> dict[str, Any]:
    return {
        "candidate": one.candidate,
        "passed": one.passed,
        "low": one.rate.low,
        "high": one.rate.high,
        "estimate": one.rate.estimate,
        "audited": one.rate.audited,
        "decided": one.rate.decided,
    }


def _words(suggested: Suggestion, audited: int) -> str:
    """The outcome; of a search that found nothing worth a test, too."""
    if suggested.tested:
        return suggested.words
    return (
        f"Cannot tell: no candidate came below the target in the search half, or none was audited"
        f" there. The test half has {audited:,} audited cutoffs, and none of them was looked at."
    )


def _halves(question: Question, category: str) -> tuple[_Half, _Half]:
    rows = [
        row for piece in backtest_scan.pieces(question) for row in _rows(question, piece, category)
    ]
    of_test = np.array(
        [half_of(row[0], salt=settings.RECOURSE_AUDIT_SALT) == "test" for row in rows], np.bool_
    )
    return _half(rows, ~of_test), _half(rows, of_test)


def _half(rows: list[tuple[Any, ...]], chosen: Flags) -> _Half:
    part = [row for row, is_in in zip(rows, chosen, strict=True) if is_in]
    subject, rest, probability, review, *signals = (
        zip(*part, strict=True) if part else [()] * (4 + len(VARIED))
    )
    chance = np.array(probability, np.float64)
    sample = Sample(
        subject=codes(list(subject)),
        stratum=codes(list(probability)),
        weight=1 / chance,
        outcome=np.array(
            [np.nan if one is None else one in ANY_OVERTURN for one in review], np.float64
        ),
    )
    columns = {
        name: np.array([np.nan if one is None else one for one in column], np.float64)
        for name, column in zip(VARIED, signals, strict=True)
    }
    return _Half(sample, np.array([one == END for one in rest], np.bool_), columns)


def _rows(question: Question, piece: backtest_scan.Piece, category: str) -> list[tuple[Any, ...]]:
    """Audited cutoffs by the model that the thresholds are asked of, a row each."""
    without = _without(question.candidate)
    bound = Parameters()
    written = flags(
        without,
        {BUILT_IN_NUMBER: without},
        otherwise=BUILT_IN_NUMBER,
        version="cutoff.policy_version",
        bound=bound,
    )
    categories = (
        [category]
        if category
        else [name for name in Category.values if name not in question.candidate.categories]
    )
    return backtest_scan.run(
        "SELECT coalesce(nullif(thread.subject, ''), thread.id::text), "
        # Both answers are of the same policy: a pair of equals is four times the answer.
        f"({written}) / 4, cutoff.audit_probability, cutoff.first_review, "
        + ", ".join(f"cutoff.{name}" for name in VARIED)
        + " FROM conversations_cutoff cutoff"
        " JOIN conversations_conversation thread ON thread.id = cutoff.conversation_id"
        f" WHERE {where_of(question, piece, bound)}"
        " AND cutoff.initiator = 'model' AND cutoff.in_audit"
        f" AND cutoff.category = ANY({bound.bind(categories, 'text[]')})"
        " ORDER BY cutoff.id",
        bound,
        sort=True,
    )


def _without(candidate: Thresholds) -> Thresholds:
    """*candidate*, not asking for what is varied: no policy, but all else that must hold."""
    nothing = dict.fromkeys(VARIED, 0)
    return msgspec.structs.replace(
        candidate,
        default=msgspec.structs.replace(candidate.default, **nothing),
        categories={
            name: msgspec.structs.replace(asked, **nothing)
            for name, asked in candidate.categories.items()
        },
    )
