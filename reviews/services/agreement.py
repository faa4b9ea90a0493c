"""How far reviewers agree, where they err, and how they do on gold cases: what the pages show.

From the cutoffs drawn for double review alone, by their first two blind verdicts
(docs/explanation/estimation.md, "Agreement"); escalated ones, tests and gold cases are no part
of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.vocabulary import Category, Kind
from policies.estimation import Rate
from reviews.models import AgreementDraw, Exercise, Verdict
from reviews.permissions import can_see_each
from reviews.quality import (
    Agreement,
    Checked,
    Confusion,
    DoubleReview,
    Errors,
    GoldMatch,
    agreement,
    confusion,
    errors,
    gold_match,
    reasons_shared,
)
from reviews.vocabulary import Judgement, ReasonCode

#: Under so many pairs a figure says nothing, and the page says that.
ENOUGH: Final = 20
#: The same draws of the bootstrap whenever the page is read.
_SEED: Final = 20261121
#: Of the many small tables, fewer: their ends are wide anyway.
_FEWER: Final = 300


@dataclass(frozen=True)
class Pair:
    """One double review with what the page groups it by. ``senior`` is None without a check."""

    case: UUID
    people: tuple[int, int]
    review: DoubleReview
    category: Category
    reasons: tuple[frozenset[str], frozenset[str]]
    senior: bool | None


def pairs_between(since: datetime, until: datetime) -> list[Pair]:
    """The double reviews of the cutoffs that ended in the window, with both verdicts in."""
    given = (
        Verdict.objects.filter(
            case__cutoff__in_double=True,
            case__cutoff__trial=False,
            case__cutoff__kind=Kind.CUTOFF,
            case__at__gte=since,
            case__at__lt=until,
            case__escalations=None,
            round=1,
            withdrawal=None,
        )
        .select_related("case__cutoff__conversation", "reviewer")
        .order_by("case", "at", "id")
    )
    found = (_pair(list(of_case)) for _, of_case in groupby(given, key=lambda one: one.case_id))
    return [pair for pair in found if pair]


def _pair(given: Sequence[Verdict]) -> Pair | None:
    if len(given) < 2 or given[0].reviewer_id == given[1].reviewer_id:
        return None
    one, other = given[:2]
    conversation = one.case.cutoff.conversation
    return Pair(
        case=one.case_id,
        people=(one.reviewer_id, other.reviewer_id),
        review=DoubleReview(
            subject=conversation.subject or str(conversation.pk),
            reviewers=(_name(one.reviewer), _name(other.reviewer)),
            overturned=(_overturned(one), _overturned(other)),
        ),
        category=Category(one.case.category),
        reasons=(frozenset(one.reason_codes), frozenset(other.reason_codes)),
        senior=_overturned(given[2]) if len(given) > 2 else None,
    )


def _name(user: User) -> str:
    """By the address too, since two may have one name."""
    return f"{user.name} ({user.email})"


def _overturned(verdict: Verdict) -> bool:
    return verdict.decision == Judgement.OVERTURN


@dataclass(frozen=True)
class Row:
    """Agreement within one group; ``told`` is empty where there are too few pairs."""

    label: str
    n: int
    told: tuple[str, ...]


@dataclass(frozen=True)
class ReasonRow:
    """One reason: how many pairs gave it at all, and how many of them both gave it."""

    label: str
    given: int
    both: int


@dataclass(frozen=True)
class Report:
    """What the quality page shows of everybody's work, nobody named but in ``people``."""

    agreement: Agreement
    confusion: Confusion
    errors: Errors
    categories: list[Row]
    reasons: list[ReasonRow]

    @property
    def tells(self) -> bool:
        """Whether there are pairs enough to say anything."""
        return self.agreement.n >= ENOUGH


def report(pairs: Sequence[Pair]) -> Report:
    """The figures of *pairs*; the bootstrap is the same each time."""
    reviews = [pair.review for pair in pairs]
    return Report(
        agreement=agreement(reviews, rng=_rng()),
        confusion=confusion(reviews),
        errors=errors(_checks(pairs), rng=_rng()),
        categories=_grouped(pairs, lambda pair: pair.category.label),
        reasons=[
            ReasonRow(str(ReasonCode(code).label), given, both)
            for code, given, both in reasons_shared([pair.reasons for pair in pairs])
        ],
    )


def _rng() -> np.random.Generator:
    return np.random.default_rng(_SEED)


def _checks(pairs: Sequence[Pair]) -> list[Checked]:
    """The pairs that a senior was to check: all that differ, and the drawn ones that agree."""
    draws = dict(
        AgreementDraw.objects.filter(
            case__in=[pair.case for pair in pairs], drawn=True
        ).values_list("case", "probability")
    )
    return [
        Checked(pair.review, draws.get(pair.case, 1.0), pair.senior)
        for pair in pairs
        if len(set(pair.review.overturned)) > 1 or pair.case in draws
    ]


def _grouped(pairs: Sequence[Pair], label: Callable[[Pair], str]) -> list[Row]:
    groups: dict[str, list[DoubleReview]] = {}
    for pair in pairs:
        groups.setdefault(str(label(pair)), []).append(pair.review)
    return [_row(name, groups[name]) for name in sorted(groups)]


def _row(label: str, reviews: list[DoubleReview]) -> Row:
    if len(reviews) < ENOUGH:
        return Row(label, len(reviews), ())
    found = agreement(reviews, rng=_rng(), replicates=_FEWER)
    return Row(label, found.n, (found.percent.words, found.alpha.words))


@dataclass(frozen=True)
class GoldResult:
    """An answer to a gold case, of which its reviewer may know."""

    exercise: Exercise
    match: GoldMatch


def gold_results(*, now: datetime, since: datetime, person: User | None = None) -> list[GoldResult]:
    """The answers to gold cases since *since*, newest first; of one person, or of all."""
    told = Exercise.objects.told(now).filter(answered_at__gte=since)
    if person:
        told = told.filter(person=person)
    found = told.select_related("case__gold", "person", "words").order_by("-answered_at", "pk")
    return [
        GoldResult(
            exercise,
            gold_match(
                exercise.decision,
                exercise.reason_codes,
                accepted=exercise.case.gold.decisions,
                acceptable=exercise.case.gold.reason_codes,
            ),
        )
        for exercise in found
    ]


@dataclass(frozen=True)
class PersonRow:
    """One reviewer: pairs, how often the other said the same, and gold cases decided rightly."""

    name: str
    n: int
    percent: str
    gold: int
    gold_right: int


def people(pairs: Sequence[Pair], results: Iterable[GoldResult]) -> list[PersonRow]:
    """Everybody who took part, by name. No ranking: nothing here is sorted by a figure."""
    reviews: dict[str, list[DoubleReview]] = {}
    for pair in pairs:
        for name in pair.review.reviewers:
            reviews.setdefault(name, []).append(pair.review)
    answered: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for result in results:
        name = _name(result.exercise.person)
        answered[name] += 1
        right[name] += result.match.decision
    return [
        PersonRow(name, len(own), percent_of(own), answered[name], right[name])
        for name in sorted({*reviews, *answered})
        for own in [reviews.get(name, [])]
    ]


def percent_of(reviews: list[DoubleReview]) -> str:
    """How often two said the same, with its interval; empty where there are too few pairs."""
    if len(reviews) < ENOUGH:
        return ""
    return agreement(reviews, rng=_rng(), replicates=_FEWER).percent.words


def own(pairs: Sequence[Pair], user: User) -> list[DoubleReview]:
    """The double reviews in which *user* took part."""
    return [pair.review for pair in pairs if user.pk in pair.people]


@transaction.atomic
def export(*, days: int, user: User, now: datetime) -> list[tuple[object, ...]]:
    """The report of the last *days* as lines of a file; people by name for seniors alone.

    Programs read it: it is English. That *user* took it out is in the ledger.
    """
    since = now - timedelta(days=days)
    pairs = pairs_between(since, now)
    with translation.override("en"):
        named = people(pairs, gold_results(now=now, since=since)) if can_see_each(user) else []
        lines = as_rows(report(pairs), named)
    record(
        actor=Actor(user=user),
        action="quality.exported",
        obj="quality",
        object_id="",
        details={"days": days},
        at=now,
    )
    return lines


def as_rows(found: Report, named: Sequence[PersonRow]) -> list[tuple[object, ...]]:
    """The report as lines of a file: table, name, measure, n, figure."""
    whole, n = found.agreement, found.agreement.n
    lines: list[tuple[object, ...]] = [("table", "name", "measure", "n", "figure")]
    lines += [
        ("agreement", "all", name, n, figure.words)
        for name, figure in (
            ("percent", whole.percent),
            ("alpha", whole.alpha),
            ("on overturns", whole.on_overturns),
            ("on upholds", whole.on_upholds),
        )
    ]
    counts = found.confusion
    lines += [
        ("decisions", "all", "both overturned", n, counts.both_overturned),
        ("decisions", "all", "differed", n, counts.differed),
        ("decisions", "all", "both upheld", n, counts.both_upheld),
    ]
    for name, rate in (("error", found.errors.error), ("agreed error", found.errors.agreed)):
        lines.append(("checks", "all", name, rate.audited, words_of(rate)))
    lines.append(("checks", "all", "shift", found.errors.error.decided, found.errors.shift.words))
    for row in found.categories:
        told = row.told or ("too few", "too few")
        lines += [
            ("category", row.label, measure, row.n, figure)
            for measure, figure in zip(("percent", "alpha"), told, strict=True)
        ]
    lines += [("reason", row.label, "both gave it", row.given, row.both) for row in found.reasons]
    lines += [
        ("pair", " and ".join(pair.reviewers), "kappa", pair.n, pair.kappa.words)
        for pair in (whole.pairs if named else ())
        if pair.n >= ENOUGH
    ]
    for person in named:
        lines.append(("reviewer", person.name, "percent", person.n, person.percent or "too few"))
        lines.append(("reviewer", person.name, "gold right", person.gold, person.gold_right))
    return lines


def words_of(rate: Rate) -> str:
    """A share of checks in words; bounds where too many are missing."""
    if rate.kind == "none":
        return gettext("no check yet")
    if rate.estimate is None:
        return gettext(
            "between %(low).2f and %(high).2f: %(decided)d of %(audited)d checks are in"
        ) % {"low": rate.low, "high": rate.high, "decided": rate.decided, "audited": rate.audited}
    told = {"value": rate.estimate, "low": rate.low, "high": rate.high}
    return gettext("%(value).2f (%(low).2f to %(high).2f)") % told
