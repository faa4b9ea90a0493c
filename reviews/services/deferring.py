"""Putting a case off until a time, and bringing it back when that has come."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from accounts.models import User
from reviews.models import Case, Deferral
from reviews.services.exercises import check_stays
from reviews.services.leaving import come_back, end_claim, held, locked, note, words
from reviews.transitions import Action, Forbidden, check
from reviews.vocabulary import CaseState
from reviews.ways_out_models import LONGEST_DEFERRAL

log = structlog.get_logger(__name__)

BATCH = 500


@transaction.atomic
def defer(*, case: Case, user: User, until: datetime, now: datetime, text: str = "") -> Deferral:
    """Put *case* off until *until*, at most fourteen days ahead; then *user* is dealt it first.

    Raises ``HeldByAnother`` or ``NotHeld``, ``transitions.Forbidden``, or ``ValidationError``
    for another time.
    """
    if not now < until <= now + LONGEST_DEFERRAL:
        raise ValidationError(
            {
                "until": gettext("Choose a time within the next %(number)s days.")
                % {"number": LONGEST_DEFERRAL.days}
            }
        )
    kept = words(text, field="note")
    found = held(case, user)
    check_stays(found, user)
    check(found.state, Action.DEFER)
    end_claim(found)
    return put_off(found, user, until=until, now=now, text=kept)


def put_off(case: Case, user: User, *, until: datetime, now: datetime, text: str) -> Deferral:
    """Defer a locked case that nobody holds."""
    deferral = Deferral.objects.create(
        case=case, reviewer=user, at=now, until=until, note=text, state_before=case.state
    )
    case.state = CaseState.DEFERRED
    case.save(update_fields=["state"])
    note(case, "case.deferred", user=user, now=now, until=until.isoformat())
    return deferral


def may_resume(user: User, deferral: Deferral) -> bool:
    """Whoever put it off brings it back early, or a senior."""
    return deferral.reviewer_id == user.pk or user.has_perm("reviews.adjudicate_case")


@transaction.atomic
def resume(*, case: Case, user: User, now: datetime) -> None:
    """Bring *case* back early, for *user* first. Raises ``transitions.Forbidden``."""
    found = locked(case)
    check(found.state, Action.RESUME)
    deferral = Deferral.objects.get(case=found, ended_at=None)
    if not may_resume(user, deferral):
        raise Forbidden(
            gettext("%(name)s has put this case off.") % {"name": deferral.reviewer.name}
        )
    end(deferral, found, by=user, reserved_for=user, now=now)


def end(
    deferral: Deferral,
    case: Case,
    *,
    by: User | None,
    reserved_for: User | None,
    now: datetime,
) -> None:
    """End a deferral of a locked case, which waits again where it was."""
    deferral.ended_at, deferral.ended_by = now, by
    deferral.save(update_fields=["ended_at", "ended_by"])
    come_back(case, state=deferral.state_before, reserved_for=reserved_for, now=now)
    note(case, "case.resumed", user=by, now=now)


def resume_due(*, now: datetime) -> int:
    """Bring back what is due at *now*; how many there were.

    Each in its own transaction: what fails keeps no other from coming back.
    """
    due = Deferral.objects.filter(ended_at=None, until__lte=now).order_by("until")
    return sum(_resume_or_log(key, now) for key in list(due.values_list("pk", flat=True)[:BATCH]))


def _resume_or_log(key: int, now: datetime) -> bool:
    try:
        return _resume_one(key, now)
    except Exception:
        log.exception("deferral.failed", deferral=key)
        return False


@transaction.atomic
def _resume_one(key: int, now: datetime) -> bool:
    case = locked(Deferral.objects.select_related("case").get(pk=key).case)
    deferral = (
        Deferral.objects.filter(pk=key, ended_at=None, until__lte=now)
        .select_related("reviewer")
        .first()
    )
    if deferral is None:
        return False
    check(case.state, Action.RESUME)
    end(deferral, case, by=None, reserved_for=deferral.reviewer, now=now)
    return True
