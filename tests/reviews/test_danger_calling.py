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
from time_machine import travel

from accounts.models import User
from accounts.roles import Role
from conversations.models import Source
from conversations.services import holds
from reviews import tasks
from reviews.danger_models import Alarm, Call, Duty, Pager
from reviews.danger_vocabulary import CallState, Tells
from reviews.services import calling, claims, danger, on_call
from reviews.vocabulary import Area
from tests.concurrency import at_once
from tests.factories import NOW, ended_event, make_case, make_source, make_user, record
from tests.receiver import Receiver, Reply, receiving
from tests.reviews.alarms import BREACH, call_people, calls_of, mailed, minutes, on_duty, until

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


def an_alarm(**changes: Any) -> Alarm:
    case = make_case(**BREACH | changes)
    return Alarm.objects.get(case=case)


def breaches(source: Source, number: int) -> None:
    record(source, *(ended_event(**BREACH) for _ in range(number)))


def pager_at(receiver: Receiver) -> Pager:
    with override_settings(WEBHOOK_HOSTS=[receiver.host]):
        pager, secret = on_call.add_pager(
            url=receiver.url, by=make_user(Role.ADMINISTRATOR), now=NOW
        )
    receiver.secrets.append(secret)
    return pager


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
    on_duty()
    alarm = danger.drill(user=sara, now=NOW)
    call_people(NOW)
    (message,) = mail.outbox
    assert message.subject == "Recourse: drill, please acknowledge"
    assert f"Drill {alarm.pk}: " in message.body
    danger.answer(alarm=alarm, user=sara, now=minutes(2))
    proven = on_call.last_proven()
    assert proven is not None
    assert (proven.acknowledged_by, proven.acknowledged_at) == (sara, minutes(2))


def test_an_unanswered_drill_is_told_wider_like_any_other(sara: User) -> None:
    first = on_duty()
    danger.drill(user=sara, now=NOW)
    call_people(NOW)
    call_people(minutes(15))
    assert sorted(mailed()) == sorted([[first.email], [first.email], [sara.email]])
    assert on_call.last_proven() is None


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


def test_a_pager_is_told_by_a_signed_webhook() -> None:
    with receiving() as receiver, travel(NOW):
        pager_at(receiver)
        alarm = an_alarm()
        call_people(NOW, receiver)
        (told,) = receiver.received
    assert receiver.refused == []
    assert told.payload["type"] == "recourse.alarm.raised.v1"
    assert told.data == {
        "alarms": [
            {
                "id": alarm.pk,
                "url": f"{PUBLIC}/on-call/alarms/{alarm.pk}",
                "drill": False,
                "raised_at": NOW.isoformat(),
                "times_told": 1,
            }
        ],
        "waiting": 1,
        "drill": False,
    }


def test_a_pager_that_fails_is_asked_again_under_the_same_id() -> None:
    answers = iter([Reply(500), Reply(drop=True), Reply(204)])
    with receiving(answer=lambda _request: next(answers)) as receiver, travel(NOW):
        pager_at(receiver)
        alarm = an_alarm()
        failures = []
        for at in (0, 1, 2):
            call_people(minutes(at), receiver)
            failures.append(Call.objects.get(pager__isnull=False).failure)
        assert failures == ["Refused 500", "The connection broke", ""]
        assert len(set(receiver.ids())) == 1
        assert len(receiver.ids()) == 3
    assert calls_of(alarm)[0] == (0, SENT, "")


def test_a_pager_at_a_private_address_is_sent_nothing() -> None:
    with receiving() as receiver:
        pager_at(receiver)
        alarm = an_alarm()
        call_people(NOW)  # the setting names no host any more
        assert receiver.received == []
    assert calls_of(alarm)[0] == (0, "waiting", "The address is not allowed any more")


def test_a_removed_pager_is_told_nothing() -> None:
    with receiving() as receiver:
        pager = pager_at(receiver)
        alarm = an_alarm()
        calling.advance(now=NOW)
        on_call.remove_pager(pager=pager, by=make_user(Role.ADMINISTRATOR), now=NOW)
        until(lambda: calls_of(alarm)[0][1] == FAILED)
        assert receiver.received == []
    pager.refresh_from_db()
    assert pager.secret == ""


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


def test_a_pager_is_told_at_once_that_somebody_has_what_it_was_told_of(sara: User) -> None:
    with receiving() as receiver, travel(NOW):
        pager_at(receiver)
        alarm = an_alarm()
        call_people(NOW, receiver)
        danger.answer(alarm=alarm, user=sara, now=minutes(0.1))
        call_people(minutes(0.1), receiver)
        call_people(minutes(20), receiver)
        raised, cleared = receiver.received
    assert receiver.refused == []
    assert cleared.payload["type"] == "recourse.alarm.acknowledged.v1"
    assert cleared.data == {
        "alarms": [
            {
                "id": raised.data["alarms"][0]["id"],
                "url": f"{PUBLIC}/on-call/alarms/{alarm.pk}",
                "drill": False,
                "raised_at": NOW.isoformat(),
                "acknowledged_at": minutes(0.1).isoformat(),
            }
        ],
        "drill": False,
    }
    assert sara.name not in str(cleared.payload)


@pytest.mark.parametrize("by", ["drill", "claim", "hold"])
def test_however_it_came_and_was_taken_the_pager_learns_of_it(sara: User, by: str) -> None:
    with receiving() as receiver, travel(NOW):
        pager_at(receiver)
        alarm = danger.drill(user=sara, now=NOW) if by == "drill" else an_alarm()
        if by == "hold" and alarm.case:
            later = minutes(60 * 24)
            place: dict[str, Any] = {"matter": "M-1", "reason": "Asked for.", "expires_at": later}
            holds.place_on_case(cutoff=alarm.case.cutoff, user=sara, now=NOW, **place)
        call_people(NOW, receiver)
        if by == "claim" and alarm.case:
            claims.claim(case=alarm.case, user=make_user(Role.REVIEWER))
        else:
            danger.answer(alarm=alarm, user=sara, now=minutes(1))
        call_people(minutes(1), receiver)
        assert [one.payload["type"] for one in receiver.received] == [
            "recourse.alarm.raised.v1",
            "recourse.alarm.acknowledged.v1",
        ]
        assert receiver.received[1].data["drill"] == (by == "drill")


def test_a_pager_that_was_told_of_nothing_is_told_of_no_end(sara: User) -> None:
    with receiving() as receiver:
        pager_at(receiver)
        alarm = an_alarm()
        calling.advance(now=NOW)
        danger.answer(alarm=alarm, user=sara, now=NOW)
        call_people(NOW, receiver)
        assert receiver.received == []
    assert {state for _step, state, _failure in calls_of(alarm)} == {"spared"}


def test_one_that_failed_may_have_heard_it_and_is_told_of_the_end_again_and_again(
    sara: User,
) -> None:
    answers = iter([Reply(500), Reply(500), Reply(204)])
    with receiving(answer=lambda _request: next(answers)) as receiver, travel(NOW):
        pager_at(receiver)
        alarm = an_alarm()
        call_people(NOW, receiver)
        danger.answer(alarm=alarm, user=sara, now=NOW)
        for at in (0, 1, 2):
            call_people(minutes(at), receiver)
        types = [one.payload["type"].split(".")[2] for one in receiver.received]
        assert types == ["raised", "acknowledged", "acknowledged"]
        assert len(set(receiver.ids()[1:])) == 1
    assert Call.objects.get(tells=Tells.ACKNOWLEDGED).state == SENT


def test_the_end_of_one_alarm_does_not_hold_back_the_next(sara: User) -> None:
    with receiving() as receiver, travel(NOW):
        pager_at(receiver)
        first = an_alarm()
        call_people(NOW, receiver)
        danger.answer(alarm=first, user=sara, now=minutes(0.9))
        call_people(minutes(0.9), receiver)
        an_alarm()
        call_people(minutes(1), receiver)
        types = [one.payload["type"].split(".")[2] for one in receiver.received]
    assert types == ["raised", "acknowledged", "raised"]


def test_all_of_many_alarms_are_closed(sara: User) -> None:
    with receiving() as receiver, travel(NOW), patch.object(calling, "MOST_CLEARED", 15):
        pager_at(receiver)
        breaches(make_source(), 40)
        call_people(NOW, receiver)
        for alarm in Alarm.objects.all():
            danger.answer(alarm=alarm, user=sara, now=NOW)
        for _ in range(4):
            call_people(NOW, receiver)
        closed = [one["id"] for told in receiver.received[1:] for one in told.data["alarms"]]
    assert sorted(closed) == sorted(Alarm.objects.values_list("pk", flat=True))
