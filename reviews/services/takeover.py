"""A senior takes a case out of somebody's hands; the former holder's page learns at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.models import Case, Claim, Takeover
from reviews.services.claims import claim, live_claim, lock_person
from reviews.services.leaving import locked, note, words
from reviews.transitions import Forbidden


def can_take_over(user: User) -> bool:
    """Seniors may."""
    return user.has_perm("reviews.adjudicate_case")


@transaction.atomic
def take_over(*, case: Case, user: User, reason: str, now: datetime) -> Claim:
    """End the claim on *case* and claim it for *user*. What its holder wrote stays their draft.

    Whoever holds it already keeps it. Raises ``PermissionDenied`` for nobody senior,
    ``ValidationError`` without a reason, ``transitions.Forbidden`` where nobody holds the case or
    *user* may not decide it.
    """
    if not can_take_over(user):
        raise PermissionDenied(_("Only a senior reviewer takes over a case."))
    kept = words(
        reason, field="reason", missing=_("Say why you take it over; its holder reads it.")
    )
    lock_person(user)
    found = locked(case)
    current = live_claim(found)
    if current is None:
        raise Forbidden(_("Nobody holds this case any more: claim it."))
    if current.reviewer_id == user.pk:
        return current
    # A heartbeat at the same moment waits for this row, and then finds the claim ended.
    Claim.objects.filter(pk=current.pk).update(ended_at=Now())
    Takeover.objects.create(claim=current, by=user, at=now, reason=kept)
    note(found, "case.taken_over", user=user, now=now, claim=current.pk)
    return claim(case=found, user=user)


@dataclass(frozen=True)
class Lost:
    """How somebody lost a case. ``takeover`` where a senior took it, ``holder`` who has it now."""

    takeover: Takeover | None
    holder: Claim | None


def lost(*, case: Case, user: User) -> Lost | None:
    """How *user* lost *case*; None while they hold it, or where they never did."""
    last = Claim.objects.filter(case=case, reviewer=user).order_by("-claimed_at", "-pk").first()
    holder = live_claim(case)
    if last is None or (holder and holder.pk == last.pk):
        return None
    takeover = Takeover.objects.filter(claim=last).select_related("by").first()
    return Lost(takeover, holder)
