"""A claim keeps people from being called while it lasts; without a verdict calling goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.danger_models import HELD_FOR, Alarm
from reviews.danger_vocabulary import Answered, Why
from reviews.models import Case, Claim
from reviews.services import claims, danger, deferring, escalating, shifts, skipping, verdicts
from reviews.vocabulary import Area, CaseState, Queue
from tests.factories import NOW, give_verdict, hear, make_user, settle
from tests.reviews.alarms import WORDS, an_alarm, call_people, mailed, minutes, on_duty
from tests.reviews.test_danger_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_is_set_up() -> Iterator[None]:
    with override_settings(EMAIL_HOST="mail.example.com"):
        yield


@pytest.fixture
def ana() -> User:
    """The one on call."""
    return on_duty(name="Ana")


@pytest.fixture
def case(ana: User) -> Case:
    """A case of which Ana was told at once."""
    found = an_alarm().case
    assert found is not None
    Case.objects.filter(pk=found.pk).update(queue=Queue.GENERAL)
    found.refresh_from_db()
    call_people(NOW)
    assert mailed() == [[ana.email]]
    return found


def lapse(case: Case, user: User) -> None:
    """As time does it: no code of ours runs."""
    long_ago = timezone.now() - timedelta(hours=1)
    Claim.objects.filter(case=case).update(claimed_at=long_ago, expires_at=long_ago)


def end_shift(case: Case, user: User) -> None:
    shifts.end_shift(user=user, now=timezone.now())


def defer(case: Case, user: User) -> None:
    deferring.defer(case=case, user=user, until=NOW + timedelta(days=1), now=NOW)


def escalate(case: Case, user: User) -> None:
    escalating.escalate(case=case, user=user, area=Area.LEGAL, question="May we?", now=NOW)


def skip(case: Case, user: User) -> None:
    skipping.skip(case=case, user=user, now=NOW)


def release(case: Case, user: User) -> None:
    claims.release(case=case, user=user)


@pytest.mark.parametrize("give_back", [release, lapse, skip, defer, escalate, end_shift])
def test_a_case_that_is_given_back_undecided_is_told_again(
    case: Case, ana: User, give_back: Callable[[Case, User], None]
) -> None:
    claims.claim(case=case, user=ana)
    call_people(minutes(20))
    assert mailed() == []
    give_back(case, ana)
    assert Alarm.objects.live().get().step == 1
    call_people(minutes(21))
    assert [ana.email] in mailed()
    call_people(minutes(36))
    assert [ana.email] in mailed()


def test_a_page_that_stays_open_does_not_keep_an_alarm_quiet_for_ever(
    case: Case, ana: User
) -> None:
    claims.claim(case=case, user=ana)
    begun = timezone.now() - HELD_FOR - timedelta(minutes=1)
    Claim.objects.filter(case=case).update(claimed_at=begun)
    assert claims.heartbeat(case=case, user=ana)
    call_people(minutes(20))
    assert [ana.email] in mailed()


def test_of_a_decided_case_nobody_is_told(case: Case, ana: User) -> None:
    give_verdict(case, ana, "uphold")
    call_people(minutes(20))
    settle(case)
    call_people(minutes(40))
    assert mailed() == []
    alarm = Alarm.objects.get()
    assert (alarm.acknowledged_by, alarm.answered) == (ana, Answered.CLAIM)


def test_a_verdict_that_is_taken_back_raises_the_alarm_anew(case: Case, ana: User) -> None:
    give_verdict(case, ana, "uphold")
    verdicts.undo(case=case, user=ana, now=minutes(0.2))
    case.refresh_from_db()
    alarm = Alarm.objects.live().get()
    assert (case.state, alarm.why, alarm.case) == (CaseState.OPEN, Why.BREACH, case)
    call_people(minutes(5))
    assert mailed() == [[ana.email]]


def test_a_verdict_that_acknowledged_nothing_raises_nothing_when_taken_back(
    case: Case, ana: User
) -> None:
    danger.answer(alarm=Alarm.objects.get(), user=ana, now=NOW)
    give_verdict(case, ana, "uphold")
    verdicts.undo(case=case, user=ana, now=minutes(0.2))
    assert not Alarm.objects.live().exists()


def test_a_gold_case_that_somebody_answers_keeps_nobody_quiet(case: Case, ana: User) -> None:
    """To whoever holds it there is nothing to decide: its new alarm is told of."""
    give_verdict(case, ana, "uphold")
    settle(case)
    hear(case, comment=WORDS)
    later = timezone.now() + timedelta(minutes=10)
    Claim.objects.create(
        case=case, reviewer=ana, claimed_at=timezone.now(), expires_at=later, severe=False
    )
    call_people(minutes(20))
    assert mailed() == [[ana.email]]


def test_the_banner_says_what_nobody_holds(client: Client, case: Case, ana: User) -> None:
    client.force_login(make_user(Role.SENIOR))
    page = reverse("on-call")
    assert "1 alarm waits for somebody." in text(client, page)
    claims.claim(case=case, user=ana)
    assert "waits for somebody" not in text(client, page)
    claims.release(case=case, user=ana)
    assert "1 alarm waits for somebody." in text(client, page)
