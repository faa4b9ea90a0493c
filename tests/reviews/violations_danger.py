"""What the constraints on alarms and the rota forbid; tests/test_constraints.py does it."""

from __future__ import annotations

from datetime import time
from typing import Any
from uuid import uuid4

from conversations.models import RelayedFeedback
from reviews.cues import Heard
from reviews.danger_models import Alarm, Call, Duty, Hearing, Pager
from reviews.danger_vocabulary import Answered, CallState, Tells, Why
from tests.factories import NOW, make_case, make_source, make_user
from tests.violating import guarded, violates


def _duty(**changes: Any) -> Duty:
    row = {"person": make_user(), "position": 1, "weekdays": [1], "starts": time(8)}
    row |= {"ends": time(16), "time_zone": "UTC", "added_by": make_user(), "added_at": NOW}
    return Duty.objects.create(**row | changes)


def _pager(**changes: Any) -> Pager:
    row = {"url": "https://pager.example.com", "secret": "s", "added_by": make_user()}
    return Pager.objects.create(**{**row, "added_at": NOW, **changes})


def _alarm(**changes: Any) -> Alarm:
    row: dict[str, Any] = {"why": Why.DRILL, "raised_at": NOW, "due_at": NOW}
    if changes.get("why", Why.DRILL) == Why.DRILL and "drill_by" not in changes:
        row["drill_by"] = make_user()
    return Alarm.objects.create(**row | changes)


def _call(**changes: Any) -> Call:
    row: dict[str, Any] = {"step": 0, "called_at": NOW, "due_at": NOW}
    row["alarm"] = changes.pop("alarm", None) or _alarm()
    return Call.objects.create(**row | changes)


@violates("duty_on_days_of_the_week")
def _on_the_eighth_day() -> None:
    _duty(weekdays=[8])


@violates("duty_position_from_1")
def _called_as_number_0() -> None:
    _duty(position=0)


@violates("duty_ended_by_somebody")
def _hours_ended_by_nobody() -> None:
    _duty(ended_at=NOW)


@guarded("duty_read_only")
def _other_hours() -> None:
    Duty.objects.filter(pk=_duty().pk).update(position=2)


@guarded("duty_not_deleted")
def _deletes_hours() -> None:
    Duty.objects.filter(pk=_duty().pk).delete()


@guarded("duty_final")
def _brings_hours_back() -> None:
    ended = _duty(ended_at=NOW, ended_by=make_user())
    Duty.objects.filter(pk=ended.pk).update(ended_at=None, ended_by=None)


@violates("pager_once_an_address")
def _two_pagers_at_one_address() -> None:
    _pager()
    _pager()


@violates("pager_removed_by_somebody")
def _pager_removed_by_nobody() -> None:
    _pager(removed_at=NOW, secret="")


@violates("pager_secret_forgotten_when_removed")
def _removed_pager_with_a_secret() -> None:
    _pager(removed_at=NOW, removed_by=make_user())


@violates("alarm_one_live_a_case")
def _two_live_alarms_of_a_case() -> None:
    case = make_case()
    for _ in range(2):
        _alarm(why=Why.CUE, case=case)


def _about_a_conversation(**changes: Any) -> Alarm:
    row = {"why": Why.FEEDBACK, "conversation_external_id": "c-1"}
    return _alarm(**row | {"source": changes.pop("source", None) or make_source()} | changes)


@violates("alarm_one_live_a_conversation")
def _two_live_alarms_of_a_conversation() -> None:
    first = _about_a_conversation()
    _about_a_conversation(source=first.source)


@violates("alarm_about_one_thing")
def _alarm_about_nothing() -> None:
    _alarm(why=Why.CUE)


@violates("alarm_ended_by_somebody_or_by_itself")
def _acknowledged_by_nobody() -> None:
    _alarm(acknowledged_at=NOW, answered=Answered.BUTTON)


@guarded("alarm_read_only")
def _drill_that_becomes_anothers() -> None:
    Alarm.objects.filter(pk=_alarm().pk).update(drill_by=make_user())


@guarded("alarm_not_deleted")
def _deletes_an_alarm() -> None:
    Alarm.objects.filter(pk=_alarm().pk).delete()


@guarded("alarm_final")
def _forgets_who_acknowledged() -> None:
    answered = _alarm(acknowledged_at=NOW, acknowledged_by=make_user(), answered=Answered.CLAIM)
    Alarm.objects.filter(pk=answered.pk).update(acknowledged_by=make_user())


@guarded("alarm_about_the_same")
def _alarm_of_another_case() -> None:
    alarm = _alarm(why=Why.CUE, case=make_case())
    Alarm.objects.filter(pk=alarm.pk).update(case=make_case())


@violates("hearing_told_of_a_cue")
def _told_of_nothing() -> None:
    source = make_source()
    said = {"conversation_external_id": "c-1", "at": NOW, "surprised": True, "appeal": False}
    relayed = RelayedFeedback.objects.create(event_id=uuid4(), source=source, **said)
    Hearing.objects.create(relayed=relayed, heard=Heard.NONE, told=True, at=NOW)


@violates("call_once_a_step")
def _called_twice_a_step() -> None:
    first = _call(person=make_user())
    _call(alarm=first.alarm, person=first.person)


@violates("call_tells_a_person_what_waits")
def _tells_a_person_that_it_is_over() -> None:
    _call(person=make_user(), tells=Tells.ACKNOWLEDGED)


@violates("call_of_a_person_or_a_pager")
def _called_nobody() -> None:
    _call()


@violates("call_sent_at_a_time")
def _sent_at_no_time() -> None:
    _call(person=make_user(), state=CallState.SENT)


@guarded("call_read_only")
def _call_of_another() -> None:
    Call.objects.filter(pk=_call(person=make_user()).pk).update(person=make_user())


@guarded("call_not_deleted")
def _deletes_a_call() -> None:
    Call.objects.filter(pk=_call(person=make_user()).pk).delete()
