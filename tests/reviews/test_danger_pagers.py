"""Pagers are told of alarms by signed webhooks, and of their end; nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import override_settings
from time_machine import travel

from accounts.models import User
from accounts.roles import Role
from conversations.services import holds
from reviews.danger_models import Alarm, Call, Pager
from reviews.danger_vocabulary import CallState, Tells
from reviews.services import calling, danger, on_call
from tests.factories import NOW, give_verdict, make_source, make_user
from tests.receiver import Receiver, Reply, receiving
from tests.reviews.alarms import an_alarm, breaches, call_people, calls_of, minutes, until

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


def pager_at(receiver: Receiver) -> Pager:
    with override_settings(WEBHOOK_HOSTS=[receiver.host]):
        pager, secret = on_call.add_pager(
            url=receiver.url, by=make_user(Role.ADMINISTRATOR), now=NOW
        )
    receiver.secrets.append(secret)
    return pager


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


@pytest.mark.parametrize("by", ["drill", "verdict", "hold"])
def test_however_it_came_and_was_taken_the_pager_learns_of_it(sara: User, by: str) -> None:
    with receiving() as receiver, travel(NOW):
        pager_at(receiver)
        alarm = danger.drill(user=sara, now=NOW) if by == "drill" else an_alarm()
        if by == "hold" and alarm.case:
            later = minutes(60 * 24)
            place: dict[str, Any] = {"matter": "M-1", "reason": "Asked for.", "expires_at": later}
            holds.place_on_case(cutoff=alarm.case.cutoff, user=sara, now=NOW, **place)
        call_people(NOW, receiver)
        if by == "verdict" and alarm.case:
            give_verdict(alarm.case, make_user(Role.REVIEWER), "uphold")
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
