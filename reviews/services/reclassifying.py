"""Giving a case another category than the one that was reported. The cutoff keeps the reported."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from conversations.vocabulary import Category
from reviews.hazards import is_severe
from reviews.models import Case, Reclassification, RoutingRule
from reviews.permissions import can_decide
from reviews.routes import Facts, first_met
from reviews.services.exercises import check_stays
from reviews.services.leaving import end_claim, held, note
from reviews.services.routing import rule_of
from reviews.vocabulary import Queue


@transaction.atomic
def reclassify(*, case: Case, user: User, category: str, now: datetime) -> bool:
    """Set the category of *case* and route it again; whether *user* still holds it.

    What goes to a queue that *user* is not qualified for leaves their hands at once; child
    safety leaves their sight.
    Raises ``HeldByAnother`` or ``NotHeld``, or ``ValidationError`` for the same category or an
    unknown one.
    """
    if category not in Category.values:
        raise ValidationError({"category": _("Choose one of the categories.")})
    found = held(case, user)
    check_stays(found, user)
    if category == found.category:
        raise ValidationError({"category": _("That is its category already.")})
    Reclassification.objects.create(
        case=found, by=user, at=now, was=found.category, category=category
    )
    was, found.category = found.category, Category(category)
    _route(found)
    # As everything about a case: raised by what people find, never lowered.
    found.severe |= is_severe(category=category, severity=None, above_ceiling=False)
    found.save(update_fields=["category", "queue", "rule", "severe"])
    note(found, "case.reclassified", user=user, now=now, was=was, category=category)
    stays = can_decide(user, found)
    if not stays:
        end_claim(found)
    return stays


def _route(case: Case) -> None:
    """Send a case where its new category belongs, unless a crisis, appeal or hand placed it."""
    if case.category == Category.CHILD_SEXUAL_EXPLOITATION:
        case.queue, case.rule = Queue.CHILD_SAFETY, None
        return
    restricted = case.queue == Queue.CHILD_SAFETY
    if restricted and case.crisis:
        case.queue = Queue.CRISIS
    elif restricted or case.rule_id or case.queue == Queue.GENERAL:
        case.rule = _rule_for(case)
        case.queue = case.rule.queue_id if case.rule else Queue.GENERAL


def _rule_for(case: Case) -> RoutingRule | None:
    rules = list(RoutingRule.objects.live().order_by("position", "id"))
    facts = Facts(case.category, frozenset(case.flags), case.language, case.source_id)
    place = first_met([rule_of(rule) for rule in rules], facts)
    return None if place is None else rules[place]
