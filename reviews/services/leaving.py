"""What every way out of a case has in common: it begins with holding it, it ends the claim."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from reviews.models import Case, Claim, Reservation
from reviews.services.claims import HeldByAnother, NotHeld, live_claim
from reviews.services.erased import check_fresh
from reviews.vocabulary import CaseState
from reviews.ways_out_models import LONGEST_NOTE

#: For so long a case that came back is dealt to nobody but the person it came back for.
RESERVED_FOR: Final = timedelta(hours=1)


def locked(case: Case) -> Case:
    """*case* as it is now; nobody else changes its state until the caller's transaction ends."""
    return Case.objects.select_for_update(no_key=True).get(pk=case.pk)


def held(case: Case, user: User) -> Case:
    """*case*, locked, which *user* holds. Raises :class:`HeldByAnother` or :class:`NotHeld`.

    Raises ``transitions.Forbidden`` where it was taken from them because its words were erased.
    """
    found = locked(case)
    claim = live_claim(found)
    if claim is None:
        check_fresh(found, user)
        raise NotHeld(_("You do not hold this case any more. Claim it again first."))
    if claim.reviewer_id != user.pk:
        raise HeldByAnother(claim)
    return found


def end_claim(case: Case) -> None:
    """End whatever claim is on a case that the caller has locked."""
    Claim.objects.filter(case=case, ended_at=None).update(ended_at=Now())


def come_back(case: Case, *, state: str, reserved_for: User | None, now: datetime) -> None:
    """Let a locked case wait again in *state*, where one is named first for that person."""
    case.state = CaseState(state)
    case.save(update_fields=["state"])
    if reserved_for:
        Reservation.objects.update_or_create(
            case=case, defaults={"reviewer": reserved_for, "until": now + RESERVED_FOR}
        )


def words(text: str, *, field: str, missing: str = "") -> str:
    """*text* as it is kept. Raises ``ValidationError`` where it is too long, or empty and
    *missing* says what to write.
    """
    kept = text.replace("\x00", "\ufffd").strip()
    if missing and not kept:
        raise ValidationError({field: missing})
    if len(kept) > LONGEST_NOTE:
        raise ValidationError(
            {field: _("At most %(number)s characters.") % {"number": f"{LONGEST_NOTE:,}"}}
        )
    return kept


def note(case: Case, action: str, *, user: User | None, now: datetime, **details: Any) -> None:
    """The ledger's line, by *user* or by the program: codes, ids and times, no words."""
    actor = Actor(user=user) if user else Actor.task("resume_deferred")
    record(actor=actor, action=action, obj="case", object_id=case.pk, details=details, at=now)
