"""The end of a shift: everything is handed on, and what nobody took can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim, Escalation, ShiftEnd
from reviews.services import claims, deferring, escalating, qualifications, shifts
from reviews.transitions import Forbidden
from reviews.vocabulary import Area, CaseState
from tests.factories import make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def held(user: User) -> Case:
    case = make_case()
    claims.claim(case=case, user=user)
    return case


def deferred(user: User) -> Case:
    case, now = held(user), timezone.now()
    deferring.defer(case=case, user=user, until=now + timedelta(hours=1), text="Ask.", now=now)
    return case


def states() -> set[str]:
    return set(Case.objects.values_list("state", flat=True))


def test_claims_and_deferred_cases_wait_for_everybody(ana: User) -> None:
    mine = {held(ana).pk, deferred(ana).pk}
    ended = shifts.end_shift(user=ana, now=timezone.now())

    assert ended is not None
    assert states() == {CaseState.OPEN}
    taken = {claims.claim_next(user=make_user(Role.REVIEWER)) for _ in range(2)}
    assert {claim.case_id for claim in taken if claim} == mine
    assert not shifts.held_by_person(user=ana)
    entry = LedgerEntry.objects.get(action="shift.ended")
    assert entry.details == {"released": 1, "handed_on": 1}


def test_questions_go_back_to_the_team(ana: User) -> None:
    qualifications.grant(user=ana, area=Area.LEGAL, by=ana, at=timezone.now())
    asker = make_user(Role.REVIEWER)
    case, now = held(asker), timezone.now()
    escalating.escalate(case=case, user=asker, area="legal", question="May we?", now=now)
    escalating.accept(case=case, user=ana, now=now)
    shifts.end_shift(user=ana, now=now)

    question = Escalation.objects.get()
    assert (question.taken_by, question.taken_at, question.ended_at) == (None, None, None)


def test_with_nothing_in_hand_nothing_ends(ana: User) -> None:
    other = held(make_user(Role.REVIEWER))
    assert shifts.end_shift(user=ana, now=timezone.now()) is None
    assert claims.live_claim(other)
    assert not ShiftEnd.objects.exists()


def test_undo_brings_back_what_nobody_has_taken(ana: User) -> None:
    kept, gone, put_off = held(ana), held(ana), deferred(ana)
    shifts.end_shift(user=ana, now=timezone.now())
    claims.claim(case=gone, user=make_user(Role.REVIEWER))

    assert shifts.undo_end(user=ana, now=timezone.now()) == (2, 3)
    own = {claim.case_id for claim in Claim.objects.live().filter(reviewer=ana)}
    assert own == {kept.pk}
    again = put_off.deferrals.get(ended_at=None)
    assert (again.reviewer, again.note) == (ana, "Ask.")
    with pytest.raises(Forbidden):
        shifts.undo_end(user=ana, now=timezone.now())


def test_after_ten_minutes_it_is_over(ana: User) -> None:
    held(ana)
    now = timezone.now()
    shifts.end_shift(user=ana, now=now)
    with pytest.raises(Forbidden, match="no longer"):
        shifts.undo_end(user=ana, now=now + shifts.UNDO_FOR)
    assert not Claim.objects.live().exists()


def test_the_page_says_what_will_happen_and_does_it(client: Client, ana: User) -> None:
    assert "You have nothing in hand" in client.get("/review/shift").text
    case, put_off = held(ana), deferred(ana)
    text = client.get("/review/shift").text
    assert case.label in text
    assert put_off.label in text

    done = client.post("/review/shift", follow=True).text
    assert "Nothing is in your hands any more" in done
    assert states() == {CaseState.OPEN}
    undone = client.post("/review/shift/undo", follow=True).text
    assert "2 of 2 cases are in your hands again" in undone
    assert "can no longer be taken back" in client.post("/review/shift/undo", follow=True).text


def test_only_who_decides_has_shifts(client: Client) -> None:
    client.force_login(make_user(Role.AUDITOR))
    assert client.get("/review/shift").status_code == 403
