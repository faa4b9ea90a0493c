"""How often ending was wrong, at first sight and in the end, and whether more often for some
(docs/explanation/estimation.md, "Finally overturned" and "Fairness").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.core.cache import cache
from django.db.models import CharField, F, Func, Value
from django.db.models.functions import Coalesce, Lower, NullIf

from conversations.vocabulary import Category, FirstReview, Standing
from policies.estimation import Rate, overturn_rate
from policies.fairness import Compared, compare, q_values
from policies.feedback_rates import ANSWER_WINDOW
from policies.weighting import Sample, codes
from reviews.services.surprise import FRESH, MOST_COUNTED, made_between
from reviews.vocabulary import CaseState

#: No more groups are compared by each trait, those with the most audited cutoffs.
MOST_GROUPS: Final = 20
_KEY: Final = "reviews.fairness."
_OVERTURNED: Final = (FirstReview.OVERTURNED, FirstReview.OVERTURNED_FOR_PROCEDURE)

#: What a trait is read from. The language is the one detected, or else that of the locale.
TRAITS: Final[dict[str, Any]] = {
    "model": F("model"),
    "surface": F("surface"),
    "language": Coalesce(
        NullIf(F("case__language"), Value("")),
        Lower(
            Func(F("locale"), Value("-"), Value(1), function="split_part", output_field=CharField())
        ),
    ),
    "source": F("source__slug"),
    "age": F("age_band"),
}


@dataclass(frozen=True)
class Group:
    """Cutoffs alike in a trait, beside the rest; *name* is empty where nobody said.

    ``missing`` are the categories over which it cannot be standardised. ``q`` is the p-value
    adjusted for all comparisons of the report, 0 to 1; None where there is none.
    """

    name: str
    found: Compared
    missing: tuple[Category, ...]
    q: float | None


@dataclass(frozen=True)
class Fairness:
    """The figures of the cutoffs by the model after ``since`` and up to ``until``.

    ``first`` is the overturn rate, ``finally_overturned`` the share that stands overturned.
    ``left_out`` says by trait how many smaller groups were not compared. ``looks`` is how many
    comparisons there are, by all traits. ``capped``: there were more audited cutoffs, and the
    newest were read.
    """

    since: datetime
    until: datetime
    first: Rate
    finally_overturned: Rate
    groups: dict[str, list[Group]]
    left_out: dict[str, int]
    looks: int
    capped: bool


def fairness(*, days: int, now: datetime) -> Fairness:
    """The figures of *days* that ended a week ago, when audits are due; ten minutes old at most."""
    known: Fairness | None = cache.get(f"{_KEY}{days}")
    if known is None:
        until = now - ANSWER_WINDOW
        known = _fairness(until - timedelta(days=days), until)
        cache.set(f"{_KEY}{days}", known, FRESH)
    return known


#: Of each audited cutoff, beside its traits.
_COLUMNS: Final = (
    "conversation_id",
    "conversation__subject",
    "audit_probability",
    "category",
    "first_review",
    "standing",
    "case__state",
)


def _fairness(since: datetime, until: datetime) -> Fairness:
    audited = made_between(since, until).filter(in_audit=True).order_by("-pk")
    rows = audited.values_list(*_COLUMNS, *TRAITS.values())[: MOST_COUNTED + 1]
    counted = list(rows)[:MOST_COUNTED]
    columns = list(zip(*counted, strict=True)) or [()] * (len(_COLUMNS) + len(TRAITS))
    conversations, subjects, shares, categories, reviews, standings, states, *traits = columns
    sample = Sample.of(
        subject=[subject or str(key) for subject, key in zip(subjects, conversations, strict=True)],
        stratum=shares,
        probability=shares,
        outcome=[np.nan if review is None else review in _OVERTURNED for review in reviews],
    )
    stands = map(_stands, standings, states)
    groups = {
        trait: _groups(sample, categories, values)
        for trait, values in zip(TRAITS, traits, strict=True)
    }
    return Fairness(
        since=since,
        until=until,
        first=overturn_rate(sample),
        finally_overturned=overturn_rate(replace(sample, outcome=np.array([*stands], np.float64))),
        groups=_adjusted(groups),
        left_out={
            trait: max(len(set(values)) - MOST_GROUPS, 0)
            for trait, values in zip(TRAITS, traits, strict=True)
        },
        looks=sum(one.found.p is not None for of in groups.values() for one in of),
        capped=len(rows) > MOST_COUNTED,
    )


def _stands(standing: str, state: str) -> float:
    """1 for a cutoff that stands overturned, 0 for one upheld; NaN where somebody has yet to
    decide, on an appeal too, whatever it stood as before.
    """
    settled = state == CaseState.SETTLED and standing
    return float(standing == Standing.OVERTURNED) if settled else np.nan


def _groups(sample: Sample, categories: Sequence[str], values: Sequence[str]) -> list[Group]:
    """The cutoffs by one trait, each group beside the rest, the largest first."""
    # Numbers are given in the order of first sight.
    kinds, names = list(dict.fromkeys(categories)), list(dict.fromkeys(values))
    category, trait = codes(categories), codes(values)
    sizes = np.bincount(trait, minlength=len(names))
    found = []
    order = sorted(range(len(names)), key=lambda place: (-sizes[place], names[place]))
    for place in order[:MOST_GROUPS]:
        one = compare(sample, category, trait == place)
        missing = tuple(Category(kinds[kind]) for kind in one.missing)
        found.append(Group(names[place], one, missing, None))
    return found


def _adjusted(groups: dict[str, list[Group]]) -> dict[str, list[Group]]:
    """*groups* with their p-values adjusted for all of them, whatever the trait."""
    adjusted = iter(q_values([one.found.p for of in groups.values() for one in of]))
    return {trait: [replace(one, q=next(adjusted)) for one in of] for trait, of in groups.items()}
