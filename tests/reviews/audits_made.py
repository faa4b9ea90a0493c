"""Audited cutoffs that are all decided, many at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from conversations.models import Cutoff, Source
from conversations.vocabulary import FirstReview
from reviews.models import Case
from reviews.vocabulary import CaseState
from tests.factories import NOW, ended_event, record

#: Long enough ago to be counted.
AGO: Final = NOW - timedelta(days=20)


def audited(
    source: Source, n: int, overturned: int, *, at: datetime = AGO, **changes: Any
) -> list[Any]:
    """*n* cutoffs of the audit, all settled, the first *overturned* of them overturned."""
    events = [ended_event(time=at.isoformat(), **changes) for _ in range(n)]
    keys = [result.cutoff_id for result in record(source, *events, now=at)]
    _decide(keys[:overturned], FirstReview.OVERTURNED, "overturned", "reopen")
    _decide(keys[overturned:], FirstReview.UPHELD, "upheld", "keep_locked")
    return keys


def _decide(keys: list[Any], review: FirstReview, standing: str, remedy: str) -> None:
    found = Cutoff.objects.filter(pk__in=keys)
    found.update(
        in_audit=True,
        audit_probability=0.5,
        first_review=review,
        first_reviewed_at=NOW,
        standing=standing,
        remedy=remedy,
        settled_at=NOW,
    )
    Case.objects.filter(pk__in=keys).update(selected=True, state=CaseState.SETTLED)


def _hate(source: Source, model: str, n: int, overturned: int, at: datetime) -> None:
    """Cutoffs by *model* in the category in which ending is wrong more often."""
    audited(
        source, n, overturned, at=at, cutoff={"category": "hate"}, conversation={"model": model}
    )


def _privacy(source: Source, model: str, n: int, overturned: int, at: datetime) -> None:
    """Cutoffs by *model* in the other category."""
    audited(
        source, n, overturned, at=at, cutoff={"category": "privacy"}, conversation={"model": model}
    )


def four_models(source: Source, *, at: datetime = AGO) -> None:
    """Two that err alike, on other mixes; one that errs more often, and one that is rare."""
    _hate(source, "hard", 60, 18, at)
    _privacy(source, "hard", 20, 1, at)
    _hate(source, "easy", 20, 6, at)
    _privacy(source, "easy", 60, 3, at)
    _hate(source, "worse", 40, 32, at)
    _privacy(source, "worse", 40, 12, at)
    _hate(source, "rare", 12, 2, at)
