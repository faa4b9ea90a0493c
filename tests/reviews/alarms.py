"""What the tests of alarms share: people on call, breaches, and what was told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from django.core import mail

from accounts.models import User
from accounts.roles import Role
from conversations.models import Source
from reviews.danger_models import Alarm, Call
from reviews.posting import Postman
from reviews.services import calling, on_call
from tests.factories import NOW, ended_event, make_case, make_user, record
from tests.receiver import Receiver

BREACH: dict[str, Any] = {"signals": {"warnings": 0}}
CRISIS: dict[str, Any] = {
    "transcript": {
        "messages": [{"id": "m1", "role": "user", "content": "I want to kill myself tonight."}]
    }
}
WORDS = "I want to kill myself tonight."


def on_duty(*, position: int = 1, name: str = "", user: User | None = None) -> User:
    """Somebody who is on call all week."""
    person = user or make_user(Role.REVIEWER, name=name)
    duty = on_call.NewDuty(
        person=person,
        position=position,
        weekdays=(1, 2, 3, 4, 5, 6, 7),
        starts=time(0),
        ends=time(0),
        time_zone="Europe/Berlin",
    )
    on_call.add_duty(duty=duty, by=make_user(Role.ADMINISTRATOR), now=NOW)
    return person


def an_alarm(**changes: Any) -> Alarm:
    """The alarm of a new breach."""
    case = make_case(**BREACH | changes)
    return Alarm.objects.get(case=case)


def breaches(source: Source, number: int) -> None:
    """So many breaches of *source*, in one batch."""
    record(source, *(ended_event(**BREACH) for _ in range(number)))


def call_people(now: datetime, *receivers: Receiver) -> int:
    """One run of the beat's task at *now*; how many messages were tried."""
    calling.advance(now=now)
    postman = Postman(named=[one.host for one in receivers], limit=2.0)
    return calling.send(postman=postman, clock=lambda: now)


def minutes(number: float) -> datetime:
    """So many minutes after ``NOW``."""
    return NOW + timedelta(minutes=number)


def mailed() -> list[list[str]]:
    """Whom each e-mail went to, in order; the outbox is emptied."""
    sent = [sorted(one.to) for one in mail.outbox]
    mail.outbox.clear()
    return sent


def calls_of(alarm: Alarm) -> list[tuple[int, str, str]]:
    """Of each call: the step, its state, its failure."""
    rows = Call.objects.filter(alarm=alarm).order_by("step", "pk")
    return list(rows.values_list("step", "state", "failure"))


def until(holds: Callable[[], bool], *, since: float = 0, step: float = 1, runs: int = 90) -> float:
    """Run the task every *step* minutes from *since* on until *holds*; the minutes by then."""
    for number in range(runs):
        at = since + number * step
        call_people(minutes(at))
        if holds():
            return at
    raise AssertionError("It never held.")
