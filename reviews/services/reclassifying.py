"""Giving a case another category than the one that was reported. The cutoff keeps the reported."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from conversations.vocabulary import Category
from reviews.hazards import is_severe
from reviews.models import Case, Reclassification
from reviews.services.exercises import check_stays
from reviews.services.leaving import end_claim, held, note
from reviews.vocabulary import Queue


@transaction.atomic
def reclassify(*, case: Case, user: User, category: str, now: datetime) -> bool:
    """Set the category of *case* and route it again; whether *user* still holds it.

    What becomes child safety leaves the sight of the unqualified at once, with their claim.
    Raises ``HeldByAnother`` or ``NotHeld``, or ``ValidationError`` for the same category or an
    unknown one.
    """
    if category not in Category.values:
        raise ValidationError({"category": "Choose one of the categories."})
    found = held(case, user)
    check_stays(found, user)
    if category == found.category:
        raise ValidationError({"category": "That is its category already."})
    Reclassification.objects.create(
        case=found, by=user, at=now, was=found.category, category=category
    )
    was, found.category = found.category, Category(category)
    _route(found)
    # As everything about a case: raised by what people find, never lowered.
    found.severe |= is_severe(category=category, severity=None, above_ceiling=False)
    found.save(update_fields=["category", "queue", "severe"])
    note(found, "case.reclassified", user=user, now=now, was=was, category=category)
    stays = Case.objects.listed_for(user).filter(pk=found.pk).exists()
    if not stays:
        end_claim(found)
    return stays


def _route(case: Case) -> None:
    if case.category == Category.CHILD_SEXUAL_EXPLOITATION:
        case.queue = Queue.CHILD_SAFETY
    elif case.queue == Queue.CHILD_SAFETY:
        case.queue = Queue.CRISIS if case.crisis else Queue.GENERAL
