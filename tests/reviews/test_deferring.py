"""Putting a case off: away until its time, then first for whoever put it off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim, Deferral, Reservation
from reviews.services import claims, deferring
from reviews.services.claims import HeldByAnother
from reviews.tasks import resume_deferred
from reviews.transitions import Forbidden
from reviews.vocabulary import CaseState
from tests.factories import NOW, give_verdict, make_case, make_source, make_user
from tests.reviews.pages import actions

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def deferred(user: User, *, text: str = "", double: bool = False) -> Case:
    """A case that *user* has put off for an hour from now."""
    case = make_case(double=double)
    claims.claim(case=case, user=user)
    now = timezone.now()
    deferring.defer(case=case, user=user, until=now + HOUR, text=text, now=now)
    case.refresh_from_db()
    return case


def make_due() -> None:
    past = timezone.now() - 2 * HOUR
    Deferral.objects.update(at=past, until=past + HOUR)


def test_a_deferred_case_is_dealt_to_nobody(ana: User, ben: User) -> None:
    case = deferred(ana)

    assert case.state == CaseState.DEFERRED
    assert not Claim.objects.live().exists()
    assert claims.claim_next(user=ana) is None
    assert claims.claim_next(user=ben) is None
    with pytest.raises(Forbidden):
        claims.claim(case=case, user=ben)
    assert LedgerEntry.objects.get(action="case.deferred").actor == ana


def test_when_it_is_due_it_comes_back_first_for_the_same_person(ana: User, ben: User) -> None:
    case = deferred(ana)
    make_case(case.source, signals={"warnings": 0})  # a breach: more urgent than anything else
    make_due()

    assert resume_deferred() == 1
    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    theirs = claims.claim_next(user=ben)
    assert theirs is not None
    assert theirs.case_id != case.pk
    own = claims.claim_next(user=ana)
    assert own is not None
    assert own.case_id == case.pk
    assert actions(case)[-2:] == ["case.resumed", "case.claimed"]


def test_after_an_hour_anybody_is_dealt_it(ana: User, ben: User) -> None:
    case = deferred(ana)
    make_due()
    resume_deferred()
    assert claims.claim_next(user=ben) is None
    Reservation.objects.update(until=timezone.now())
    taken = claims.claim_next(user=ben)
    assert taken is not None
    assert taken.case_id == case.pk


def test_nothing_comes_back_before_its_time_or_twice(ana: User) -> None:
    deferred(ana)
    assert resume_deferred() == 0
    make_due()
    assert [resume_deferred(), resume_deferred()] == [1, 0]


def test_a_failure_keeps_no_other_from_coming_back(ana: User) -> None:
    first, second = deferred(ana), deferred(ana)
    make_due()
    Case.objects.filter(pk=first.pk).update(state=CaseState.OPEN)  # as nothing here would do it

    assert resume_deferred() == 1
    second.refresh_from_db()
    assert second.state == CaseState.OPEN


def test_a_second_review_comes_back_as_one(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana)
    claims.claim(case=case, user=ben)
    now = timezone.now()
    deferring.defer(case=case, user=ben, until=now + HOUR, now=now)
    make_due()
    resume_deferred()

    case.refresh_from_db()
    assert case.state == CaseState.SECOND_REVIEW


@pytest.mark.parametrize("ahead", [timedelta(0), -HOUR, timedelta(days=14, seconds=1)])
def test_the_time_is_within_the_next_fourteen_days(ana: User, ahead: timedelta) -> None:
    case = make_case(make_source())
    claims.claim(case=case, user=ana)
    with pytest.raises(ValidationError):
        deferring.defer(case=case, user=ana, until=NOW + ahead, now=NOW)
    assert claims.live_claim(case)


def test_only_the_holder_defers(ana: User, ben: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    with pytest.raises(HeldByAnother):
        deferring.defer(case=case, user=ben, until=NOW + HOUR, now=NOW)


def test_whoever_put_it_off_or_a_senior_brings_it_back(ana: User, ben: User) -> None:
    first, second = deferred(ana), deferred(ana)
    with pytest.raises(Forbidden, match="Ana has put this case off"):
        deferring.resume(case=first, user=ben, now=timezone.now())
    deferring.resume(case=first, user=ana, now=timezone.now())
    deferring.resume(case=second, user=make_user(Role.SENIOR), now=timezone.now())

    assert set(Case.objects.values_list("state", flat=True)) == {CaseState.OPEN}
    with pytest.raises(Forbidden):
        deferring.resume(case=first, user=ana, now=timezone.now())
