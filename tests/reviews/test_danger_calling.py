"""People are told again, and more of them, until one acknowledges; nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from smtplib import SMTPServerDisconnected
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core import mail
from django.db import transaction
from django.test import override_settings

from accounts.models import User
from accounts.roles import Role
from reviews import tasks
from reviews.danger_models import Alarm, Call, Duty
from reviews.danger_vocabulary import CallState
from reviews.services import calling, danger, on_call
from reviews.services.proving import proof
from reviews.vocabulary import Area
from tests.concurrency import at_once
from tests.factories import NOW, make_source, make_user
from tests.reviews.alarms import (
    an_alarm,
    breaches,
    call_people,
    calls_of,
    mailed,
    minutes,
    on_duty,
)

pytestmark = pytest.mark.django_db

PUBLIC = settings.RECOURSE_PUBLIC_URL
SENT, FAILED = CallState.SENT.value, CallState.FAILED.value


@pytest.fixture(autouse=True)
def _mail_is_set_up() -> Iterator[None]:
    with override_settings(EMAIL_HOST="mail.example.com"):
        yield


@pytest.fixture
def sara() -> User:
    return make_user(Role.SENIOR)


def test_the_first_is_told_at_once_then_the_next_then_all_seniors(sara: User) -> None:
    first, second = on_duty(position=1), on_duty(position=2)
    an_alarm()
    told = []
    for at in (0, 14.9, 15, 29.9, 30, 45):
        call_people(minutes(at))
        told.append(sorted(address for to in mailed() for address in to))
    one, two = [first.email], sorted([first.email, second.email])
    everybody = sorted([*two, sara.email])
    assert told == [one, [], two, [], everybody, everybody]


def test_nobody_is_told_of_what_was_acknowledged(sara: User) -> None:
    on_duty()
    alarm = an_alarm()
    call_people(minutes(0))
    danger.answer(alarm=alarm, user=sara, now=minutes(1))
    call_people(minutes(15))
    assert len(mailed()) == 1
    assert calls_of(alarm) == [(0, SENT, "")]


def test_what_was_acknowledged_before_it_was_sent_is_spared(sara: User) -> None:
    on_duty()
    alarm = an_alarm()
    calling.advance(now=NOW)
    danger.answer(alarm=alarm, user=sara, now=NOW)
    call_people(minutes(1))
    assert mailed() == []
    assert calls_of(alarm) == [(0, "spared", "")]


def test_in_a_gap_all_seniors_are_told(sara: User) -> None:
    make_user(Role.REVIEWER)
    an_alarm()
    call_people(NOW)
    assert mailed() == [[sara.email]]


def test_without_a_senior_the_administrators_are_told() -> None:
    admin = make_user(Role.ADMINISTRATOR)
    an_alarm()
    call_people(NOW)
    assert mailed() == [[admin.email]]


def test_whoever_may_not_sign_in_is_not_called(sara: User) -> None:
    gone = on_duty()
    User.objects.filter(pk=gone.pk).update(is_active=False)
    an_alarm()
    call_people(NOW)
    assert mailed() == [[sara.email]]


def test_hours_that_were_taken_out_count_no_more(sara: User) -> None:
    on_duty()
    on_call.end_duty(duty=Duty.objects.get(), by=sara, now=NOW)
    an_alarm()
    call_people(NOW)
    assert mailed() == [[sara.email]]


def test_of_child_safety_those_are_told_who_may_open_it() -> None:
    on_duty(position=1)
    qualified = make_user(Role.REVIEWER, qualified=[Area.CHILD_SAFETY])
    on_duty(position=2, user=qualified)
    an_alarm(cutoff={"category": "child_sexual_exploitation"})
    call_people(NOW)
    assert mailed() == [[qualified.email]]


def test_of_child_safety_somebody_is_told_though_nobody_may_open_it() -> None:
    only = on_duty()
    an_alarm(cutoff={"category": "child_sexual_exploitation"})
    call_people(NOW)
    assert mailed() == [[only.email]]


def test_the_mail_holds_a_link_and_nothing_of_the_case() -> None:
    on_duty()
    alarm = an_alarm(cutoff={"category": "hate"}, conversation={"id": "secret-thread"})
    call_people(NOW)
    (message,) = mail.outbox
    assert message.subject == "Recourse: 1 alarm waits for you"
    assert f"{PUBLIC}/on-call/alarms/{alarm.pk}" in message.body
    said = (message.subject + message.body).lower()
    for word in ("hate", "secret-thread", "useless", "breach", "crisis", "warning", "co-"):
        assert word not in said


def test_many_alarms_are_one_mail_a_minute() -> None:
    on_duty()
    source = make_source()
    breaches(source, 300)
    breaches(source, 200)
    call_people(NOW)
    assert len(mail.outbox) == 1
    assert mail.outbox[0].subject == "Recourse: 500 alarms wait for you"
    assert f"and 480 more: {PUBLIC}/on-call" in mail.outbox[0].body
    mail.outbox.clear()
    breaches(source, 1)
    for at, expected in ((0.1, 0), (0.9, 0), (1.0, 1)):
        call_people(minutes(at))
        assert len(mailed()) == expected
    assert Call.objects.filter(state=CallState.SENT).count() == 501


def test_a_drill_says_that_it_is_one(sara: User) -> None:
    ben = on_duty()
    alarm = danger.drill(user=sara, now=NOW)
    call_people(NOW)
    (message,) = mail.outbox
    assert message.subject == "Recourse: drill, please acknowledge"
    assert f"Drill {alarm.pk}: " in message.body
    danger.answer(alarm=alarm, user=ben, now=minutes(2))
    proven = proof().proven
    assert proven is not None
    assert (proven.acknowledged_by, proven.acknowledged_at) == (ben, minutes(2))


def test_an_unanswered_drill_is_told_wider_like_any_other(sara: User) -> None:
    first = on_duty()
    danger.drill(user=sara, now=NOW)
    call_people(NOW)
    call_people(minutes(15))
    assert sorted(mailed()) == sorted([[first.email], [first.email], [sara.email]])
    assert proof().proven is None


def test_a_mail_that_fails_is_tried_again_and_its_failure_is_kept() -> None:
    person = on_duty()
    alarm = an_alarm()
    with patch("django.core.mail.EmailMessage.send", side_effect=SMTPServerDisconnected):
        call_people(NOW)
    assert calls_of(alarm) == [(0, "waiting", "SMTPServerDisconnected")]
    call_people(minutes(0.5))
    assert mailed() == []
    call_people(minutes(1))
    assert mailed() == [[person.email]]
    assert calls_of(alarm) == [(0, SENT, "")]
    assert Call.objects.get().attempts == 2


def test_after_five_failures_it_has_failed_and_the_next_is_told_all_the_same() -> None:
    on_duty(position=1)
    on_duty(position=2)
    alarm = an_alarm()
    with patch("django.core.mail.EmailMessage.send", side_effect=TimeoutError):
        for at in range(15):
            call_people(minutes(at))
    assert calls_of(alarm) == [(0, FAILED, "TimeoutError")]
    call_people(minutes(15))
    assert len(mailed()) == 2


def test_one_whose_mail_fails_keeps_nobody_waiting(sara: User) -> None:
    broken = make_user(Role.SENIOR)

    def send(self: mail.EmailMessage, *_arguments: Any, **_options: Any) -> int:
        if self.to == [broken.email]:
            raise OSError
        mail.outbox.append(self)
        return 1

    an_alarm()
    with patch("django.core.mail.EmailMessage.send", send):
        call_people(NOW)
    assert mailed() == [[sara.email]]


@override_settings(EMAIL_HOST="")
def test_without_e_mail_each_call_says_so() -> None:
    on_duty()
    alarm = an_alarm()
    call_people(NOW)
    assert mailed() == []
    assert calls_of(alarm) == [(0, FAILED, "E-mail is not set up")]


def test_a_worker_killed_while_it_sends_loses_nothing() -> None:
    class Killed(BaseException):
        pass

    person = on_duty()
    an_alarm()
    calling.advance(now=NOW)
    with (
        patch("django.core.mail.EmailMessage.send", side_effect=Killed),
        pytest.raises(Killed),
        transaction.atomic(),
    ):
        call_people(NOW)
    call_people(NOW)
    assert mailed() == [[person.email]]


@pytest.mark.django_db(transaction=True)
def test_four_workers_tell_each_once() -> None:
    people = [on_duty(position=number) for number in (1, 2)]
    an_alarm()
    at_once(*[partial(call_people, NOW)] * 4)
    at_once(*[partial(call_people, minutes(15))] * 4)
    assert sorted(mailed()) == sorted([[people[0].email]] * 2 + [[people[1].email]])
    assert Alarm.objects.get().step == 2


def test_the_beats_task_does_both() -> None:
    on_duty()
    an_alarm()
    assert tasks.call_people() == 1
    assert len(mailed()) == 1


def test_an_alarm_that_nobody_answers_goes_on(sara: User) -> None:
    alarm = an_alarm()
    for number in range(12):
        call_people(minutes(15 * number))
    assert mailed() == [[sara.email]] * 12
    alarm.refresh_from_db()
    assert alarm.step == 12
