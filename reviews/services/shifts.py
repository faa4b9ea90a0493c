"""The end of a shift: everything that one holds is free for others, at one press."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from reviews.models import (
    Case,
    CaseQueue,
    Claim,
    Deferral,
    Escalation,
    Reservation,
    ShiftEnd,
)
from reviews.permissions import can_decide
from reviews.services import exercises
from reviews.services.claims import HeldByAnother, claim, lock_person
from reviews.services.deferring import end, put_off
from reviews.services.escalating import of_the_team
from reviews.services.leaving import locked, note
from reviews.transitions import Forbidden

#: For so long the end of a shift can be taken back, as far as nobody has taken the cases.
UNDO_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Held:
    """What somebody has in hand: claims, deferred cases, questions to their team."""

    claims: list[Claim]
    deferrals: list[Deferral]
    questions: list[Escalation]

    def __bool__(self) -> bool:
        return bool(self.claims or self.deferrals or self.questions)


def held_by_person(*, user: User) -> Held:
    """What *user* has in hand now."""
    return Held(
        list(Claim.objects.live().filter(reviewer=user).select_related("case").order_by("case_id")),
        list(
            Deferral.objects.filter(reviewer=user, ended_at=None)
            .select_related("case")
            .order_by("case_id")
        ),
        list(
            Escalation.objects.filter(taken_by=user, ended_at=None)
            .select_related("case")
            .order_by("case_id")
        ),
    )


@transaction.atomic
def end_shift(*, user: User, now: datetime) -> ShiftEnd | None:
    """Release what *user* holds, let what they deferred wait for everybody, and give back to
    their teams the questions that they took. None where they have nothing in hand.
    """
    # One at a time for each person, as with claim-next.
    lock_person(user)
    _lock_all(_keys(held_by_person(user=user)))
    in_hand = held_by_person(user=user)
    if not in_hand:
        return None
    _give_back(in_hand, user, now)
    # What was meant for this person alone would wait for them.
    given_back = [held.case_id for held in in_hand.claims]
    given_back += [deferral.case_id for deferral in in_hand.deferrals]
    Case.objects.filter(pk__in=given_back, assignee=user).update(assignee=None)
    ended = ShiftEnd.objects.create(
        reviewer=user,
        at=now,
        released=[held.case_id for held in in_hand.claims],
        handed_on=[deferral.pk for deferral in in_hand.deferrals],
    )
    _record(user, "shift.ended", ended, now)
    return ended


def _give_back(in_hand: Held, user: User, now: datetime) -> None:
    """Free all of it for others. The caller has locked the cases."""
    for held in in_hand.claims:
        Claim.objects.filter(pk=held.pk, ended_at=None).update(ended_at=Now())
        if given := exercises.gold_of(held.case, user):
            exercises.note(given, "exercise.released", now)
        else:
            note(held.case, "case.released", user=user, now=now)
    for deferral in in_hand.deferrals:
        end(deferral, deferral.case, by=user, reserved_for=None, now=now)
    for asked in in_hand.questions:
        asked.taken_by = asked.taken_at = None
        asked.save(update_fields=["taken_by", "taken_at"])
        note(asked.case, "case.handed_back", user=user, now=now, escalation=asked.pk)


def hand_back_what_is_lost(*, user: User, now: datetime) -> None:
    """Free for others what somebody has in hand, or is kept for, that they may no longer decide.

    In the transaction that took a role, a qualification or the account from them, with their row
    locked. It would wait for somebody to whom it is dealt no more.
    """
    # Anew: what they may do was read before.
    person = User.objects.get(pk=user.pk)
    kept_for = Case.objects.filter(assignee=person)
    if can_decide(person):
        worked = CaseQueue.objects.worked_by(person).values("pk")
        kept_for = kept_for.exclude(queue__in=worked)
    _lock_all(_keys(held_by_person(user=person)) | set(kept_for.values_list("pk", flat=True)))
    in_hand = held_by_person(user=person)
    lost = Held(
        [held for held in in_hand.claims if not can_decide(person, held.case)],
        [deferral for deferral in in_hand.deferrals if not can_decide(person, deferral.case)],
        [asked for asked in in_hand.questions if not of_the_team(person, asked)],
    )
    _give_back(lost, person, now)
    kept_for.update(assignee=None)
    reserved = Reservation.objects.filter(reviewer=person).select_related("case")
    gone = [one.pk for one in reserved if not can_decide(person, one.case)]
    Reservation.objects.filter(pk__in=gone).delete()


def _keys(in_hand: Held) -> set[UUID]:
    keys = {held.case_id for held in in_hand.claims}
    keys |= {deferral.case_id for deferral in in_hand.deferrals}
    return keys | {asked.case_id for asked in in_hand.questions}


def _lock_all(keys: set[UUID]) -> None:
    """Lock the cases of *keys* in their order, as whoever locks several does."""
    list(
        Case.objects.filter(pk__in=keys)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk")
    )


def _record(user: User, action: str, ended: ShiftEnd, now: datetime) -> None:
    record(
        actor=Actor(user=user),
        action=action,
        obj="shift",
        object_id=ended.pk,
        details={"released": len(ended.released), "handed_on": len(ended.handed_on)},
        at=now,
    )


def last_end(*, user: User, now: datetime) -> ShiftEnd | None:
    """The end of shift that *user* can still take back at *now*."""
    latest = ShiftEnd.objects.filter(reviewer=user).order_by("-at").first()
    if latest is None or latest.undone_at or latest.at <= now - UNDO_FOR:
        return None
    return latest


@transaction.atomic
def undo_end(*, user: User, now: datetime) -> tuple[int, int]:
    """Take the end of the shift back: how many cases came back, of how many.

    What somebody else holds meanwhile stays theirs. Raises ``transitions.Forbidden`` when the
    time for it is over.
    """
    lock_person(user)
    ended = last_end(user=user, now=now)
    if ended is None:
        raise Forbidden(_("The end of your shift can no longer be taken back."))
    ended.undone_at = now
    ended.save(update_fields=["undone_at"])
    deferrals = Deferral.objects.filter(pk__in=ended.handed_on).select_related("case")
    _lock_all({*ended.released, *deferrals.values_list("case_id", flat=True)})
    back = sum(_claim_again(key, user) for key in sorted(ended.released))
    back += sum(_defer_again(one, user, now) for one in deferrals.order_by("case_id"))
    _record(user, "shift.resumed", ended, now)
    return back, len(ended.released) + len(ended.handed_on)


def _claim_again(key: UUID, user: User) -> bool:
    with suppress(HeldByAnother, Forbidden, PermissionDenied):
        claim(case=Case.objects.get(pk=key), user=user)
        return True
    return False


def _defer_again(before: Deferral, user: User, now: datetime) -> bool:
    case = locked(before.case)
    if case.state != before.state_before or before.until <= now or not can_decide(user, case):
        return False
    if Claim.objects.live().filter(case=case).exists():
        return False
    put_off(case, user, until=before.until, now=now, text=before.note)
    return True
