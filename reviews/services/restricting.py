"""Restricting the notice of a case, for those who are qualified for child safety or legal.

From then on its user and its source are told what is told of any case that waits. No verdict on it
takes effect until the restriction is lifted, as under a legal hold: a thread that opens again
would tell.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from reviews.models import Case, Restriction
from reviews.notice_models import LONGEST_REASON
from reviews.services import replies
from reviews.services.public_face import face_of
from reviews.services.qualifications import areas_of
from reviews.services.selection import select
from reviews.vocabulary import Area, CaseState, Reason

_QUALIFIED: Final = frozenset({Area.CHILD_SAFETY, Area.LEGAL})


def can_restrict(user: User) -> bool:
    """May restrict notices: is qualified for child safety or legal."""
    return bool(areas_of(user) & _QUALIFIED)


def check_restrict(user: User) -> None:
    """Raise where *user* may restrict no notice."""
    if not can_restrict(user):
        raise PermissionDenied(
            _("Only those qualified for child safety or legal restrict notices.")
        )


def live_on(case: Case) -> Restriction | None:
    """The restriction that stands on *case*."""
    return Restriction.objects.filter(case=case, lifted_at=None).select_related("by").first()


@transaction.atomic
def restrict(*, case: Case, reason: str, user: User, now: datetime) -> Restriction:
    """Restrict the notice of *case*; what was last said in public stays.

    A case that nobody was to look at is selected first: then it waits, as any that a reviewer
    chose. Raises ``PermissionDenied`` for those who may not, and ``ValidationError`` without a
    reason or where it is restricted already.
    """
    check_restrict(user)
    reason = _checked(reason)
    held = _locked(case)
    if not held.is_cutoff:
        raise ValidationError(_("A near miss has no notice."))
    if live_on(held):
        raise ValidationError(_("The notice of this case is restricted already."))
    if held.state in (CaseState.UNSELECTED, CaseState.CLOSED):
        select(case=held, reason=Reason.CHOSEN, now=now)
    shown = face_of(held.cutoff, held)
    made = Restriction.objects.create(
        case=held,
        review=shown.review,
        decided_at=shown.decided_at,
        reason=reason,
        by=user,
        at=now,
    )
    _note("notice.restricted", held, user, now)
    return made


@transaction.atomic
def lift(*, case: Case, reason: str, user: User, now: datetime) -> Restriction:
    """Lift the restriction of *case*: from now on its notice says what is so, replies with it.

    Raises as :func:`restrict` does.
    """
    check_restrict(user)
    reason = _checked(reason)
    held = _locked(case)
    live = live_on(held)
    if live is None:
        raise ValidationError(_("The notice of this case is not restricted."))
    live.lifted_by, live.lifted_at, live.lifted_because = user, now, reason
    live.save(update_fields=["lifted_by", "lifted_at", "lifted_because"])
    _note("notice.restriction_lifted", held, user, now)
    replies.publish(case=held, now=now)
    return live


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": _("Say why, for those who look at it later.")})
    if len(reason) > LONGEST_REASON:
        raise ValidationError(
            {
                "reason": _("Please keep it under %(number)s characters.")
                % {"number": LONGEST_REASON}
            }
        )
    return reason


def _locked(case: Case) -> Case:
    """The case, locked; its cutoff is read afterwards, as whoever held the lock has left it."""
    return Case.objects.select_for_update(no_key=True).get(pk=case.pk)


def _note(action: str, case: Case, user: User, now: datetime) -> None:
    record(actor=Actor(user=user), action=action, obj="case", object_id=case.pk, at=now)
