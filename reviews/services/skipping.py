"""Passing a case on without a judgement: skipped for oneself, or hard to judge by the policy.

Neither is a review. An audit that was skipped waits for somebody else and is missing from every
estimate until that person has decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext

from accounts.models import User
from conversations.vocabulary import Category
from reviews.models import Case, Skip, UnclearSignal
from reviews.services.leaving import end_claim, held, note, words
from reviews.vocabulary import Doubt, SkipReason

#: What is unclear is counted over this time.
COUNTED_FOR: Final = timedelta(days=90)
MOST_GROUPS: Final = 50


@transaction.atomic
def skip(*, case: Case, user: User, now: datetime, reason: str = "") -> None:
    """Give *case* back for somebody else: *user* is not dealt it again, but may claim it.

    Raises ``HeldByAnother`` or ``NotHeld``, ``ValidationError`` for an unknown reason.
    """
    if reason and reason not in SkipReason.values:
        raise ValidationError({"reason": gettext("Choose one of the reasons, or none.")})
    found = held(case, user)
    _pass_on(found, user, now, reason)
    note(found, "case.skipped", user=user, now=now)


def _pass_on(case: Case, user: User, now: datetime, reason: str = "") -> None:
    """Note it, end the claim, and let nobody's assignment keep the case from others."""
    Skip.objects.update_or_create(case=case, reviewer=user, defaults={"reason": reason, "at": now})
    end_claim(case)
    if case.assignee_id == user.pk:
        case.assignee = None
        case.save(update_fields=["assignee"])


@transaction.atomic
def signal_unclear(
    *, case: Case, user: User, doubt: str, now: datetime, text: str = "", pass_on: bool = False
) -> UnclearSignal:
    """Say that the policy leaves *case* hard to judge; with *pass_on* somebody else judges it.

    Said again, it replaces what *user* said before. Raises as :func:`skip` does.
    """
    if doubt not in Doubt.values:
        raise ValidationError({"doubt": gettext("Say what is unclear.")})
    kept = words(text, field="note")
    found = held(case, user)
    signal, _ = UnclearSignal.objects.update_or_create(
        case=found,
        reviewer=user,
        defaults={
            "doubt": doubt,
            "note": kept,
            "category": found.category,
            "policy_version": found.policy_version,
            "at": now,
        },
    )
    if pass_on:
        _pass_on(found, user, now)
    note(found, "case.unclear", user=user, now=now, doubt=doubt, passed_on=pass_on)
    return signal


@dataclass(frozen=True)
class Unclear:
    """How often one category was hard to judge by one policy version, and for which doubts."""

    category: Category
    policy_version: int
    signals: int
    doubts: list[tuple[str, int]]


def unclear_counts(*, user: User, now: datetime) -> list[Unclear]:
    """What was unclear in the last 90 days, the most frequent first, of what *user* may know."""
    groups: Any = (
        UnclearSignal.objects.filter(at__gt=now - COUNTED_FOR)
        .filter(case__in=Case.objects.listed_for(user))
        .values("category", "policy_version")
        .annotate(
            signals=Count("pk"),
            **{f"n_{doubt.value}": Count("pk", filter=Q(doubt=doubt)) for doubt in Doubt},
        )
        .order_by("-signals", Lower("category"), "-policy_version")[:MOST_GROUPS]
    )
    return [
        Unclear(
            category=Category(group["category"]),
            policy_version=group["policy_version"],
            signals=group["signals"],
            doubts=[
                (doubt.label, group[f"n_{doubt.value}"])
                for doubt in Doubt
                if group[f"n_{doubt.value}"]
            ],
        )
        for group in groups
    ]
