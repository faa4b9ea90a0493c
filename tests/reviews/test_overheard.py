"""A crisis cue in feedback whose cutoff has not come calls the people on call, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import IntegrityError, ProgrammingError, transaction
from django.test import Client, override_settings
from time_machine import travel

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations import payloads
from conversations.models import Conversation, RelayedFeedback, Source
from conversations.services import retention
from conversations.vocabulary import ConversationState
from reviews import cues
from reviews.cues import Heard
from reviews.danger_models import Alarm, Call, Hearing, Pager
from reviews.danger_vocabulary import Answered, Tells, Why
from reviews.models import Case, Feedback, Outcome
from reviews.services import danger, on_call, overheard
from reviews.services.relay import link_relayed_feedback
from reviews.tasks import link_relayed_feedback as sweep_task
from reviews.vocabulary import Area
from tests.conversations.keeping import USER, erase
from tests.factories import NOW, ended_event, make_case, make_source, make_user, record
from tests.receiver import Receiver, receiving
from tests.reviews.alarms import BREACH, WORDS, call_people, mailed, minutes, on_duty
from tests.reviews.outcomes import make_endpoint

pytestmark = pytest.mark.django_db

CALM = "I would like to know why my conversation was ended so suddenly yesterday evening"
AGO = NOW - timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _mail_is_set_up() -> Iterator[None]:
    with override_settings(EMAIL_HOST="mail.example.com"):
        yield


@pytest.fixture
def source() -> Source:
    cache.clear()
    return make_source()


def relay(source: Source, comment: str = WORDS, **changes: Any) -> None:
    """Feedback on conversation c-1, as the source relays it two minutes ago."""
    at = changes.pop("at", AGO)
    said = {"conversation_id": "c-1", "surprised": True, "comment": comment} | changes
    event = ended_event(type=payloads.FEEDBACK, time=at.isoformat(), data=said)
    record(source, event, now=at)


def end(source: Source, **changes: Any) -> Case:
    """The end of c-1 comes, which was before the feedback."""
    at = (NOW - timedelta(minutes=5)).isoformat()
    record(source, ended_event(time=at, conversation={"id": "c-1"}, **changes))
    return Case.objects.get()


def sweep(now: Any = NOW) -> None:
    """What the beat does every ten seconds."""
    link_relayed_feedback(now=now)
    overheard.hear(now=now)
    overheard.forget(now=now)


def _pager_at(receiver: Receiver) -> None:
    with override_settings(WEBHOOK_HOSTS=[receiver.host]):
        by = make_user(Role.ADMINISTRATOR)
        _pager, secret = on_call.add_pager(url=receiver.url, by=by, now=NOW)
    receiver.secrets.append(secret)


def overheard_alarm(source: Source) -> Alarm:
    relay(source)
    sweep()
    return Alarm.objects.get()


def test_people_are_called_though_there_is_no_case(source: Source) -> None:
    make_endpoint(source)
    relay(source)
    with travel(NOW):
        sweep_task()
    alarm = Alarm.objects.get()
    assert (alarm.case_id, alarm.source, alarm.conversation_external_id) == (None, source, "c-1")
    assert (alarm.why, alarm.is_drill, alarm.reopened) == (Why.FEEDBACK, False, False)
    assert not Outcome.objects.exists(), "there is no cutoff that could be flagged"
    entry = LedgerEntry.objects.get(action="alarm.raised")
    assert (entry.object_type, entry.object_id) == ("alarm", str(alarm.pk))
    assert entry.details == {"why": "feedback", "event": str(RelayedFeedback.objects.get().pk)}


def test_again_after_15_minutes_and_the_next_one_until_somebody_acknowledges(
    source: Source,
) -> None:
    first, second = on_duty(name="Ana"), on_duty(position=2, name="Ben")
    alarm = overheard_alarm(source)
    call_people(NOW)
    assert mailed() == [[first.email]]
    call_people(minutes(14))
    assert mailed() == []
    call_people(minutes(15))
    assert sorted(mailed()) == sorted([[first.email], [second.email]])
    danger.answer(alarm=alarm, user=second, now=minutes(16))
    call_people(minutes(31))
    assert mailed() == []


def test_nothing_of_the_words_nor_of_whose_they_are_is_sent(source: Source) -> None:
    on_duty()
    with receiving() as receiver, travel(NOW):
        _pager_at(receiver)
        alarm = overheard_alarm(source)
        call_people(NOW, receiver)
        (told,) = receiver.received
    (message,) = mail.outbox
    assert [one["id"] for one in told.data["alarms"]] == [alarm.pk]
    for said in (json.dumps(told.payload), message.subject + str(message.body)):
        assert "kill" not in said
        assert "c-1" not in said
        assert source.name not in said


@pytest.mark.parametrize("comment", [CALM, "أريد أن أعرف لماذا انتهت المحادثة", ""])
def test_what_is_no_cue_calls_nobody(source: Source, comment: str) -> None:
    relay(source, comment)
    sweep()
    assert not Alarm.objects.exists()


def test_a_history_that_is_loaded_calls_nobody(source: Source) -> None:
    relay(source, at=NOW - danger.OLD - timedelta(minutes=1))
    sweep()
    assert not Alarm.objects.exists()
    assert not Hearing.objects.get().told


def test_each_is_heard_once(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def heard_in(words: str) -> Heard:
        read.append(words)
        return cues.heard_in(words)

    monkeypatch.setattr(overheard, "heard_in", heard_in)
    relay(source, CALM)
    relay(source)
    sweep()
    sweep()
    assert sorted(read) == sorted([CALM, WORDS])


def test_one_conversation_has_one_alarm_at_a_time(source: Source) -> None:
    for _ in range(3):
        relay(source)
    relay(source, conversation_id="c-2")
    sweep()
    rows = Alarm.objects.order_by("conversation_external_id")
    assert list(rows.values_list("conversation_external_id", flat=True)) == ["c-1", "c-2"]
    for alarm in rows:
        danger.answer(alarm=alarm, user=make_user(Role.SENIOR), now=NOW)
    sweep(minutes(1))
    assert not Alarm.objects.live().exists()
    relay(source)
    sweep(minutes(2))
    assert Alarm.objects.live().get().conversation_external_id == "c-1", "words of now"


# --- The end comes ------------------------------------------------------------------------------


def test_the_alarm_becomes_that_of_the_case_and_rings_on(source: Source) -> None:
    make_endpoint(source)
    on_duty()
    alarm = overheard_alarm(source)
    call_people(NOW)
    case = end(source)
    sweep(minutes(1))
    alarm = Alarm.objects.get()
    assert (alarm.case, alarm.source, alarm.conversation_external_id) == (case, None, "")
    assert (alarm.step, alarm.acknowledged_at, alarm.reopened) == (1, None, True)
    case.refresh_from_db()
    assert case.crisis
    assert case.selected
    assert Conversation.objects.get().state == ConversationState.REOPENED
    assert [one.type for one in Outcome.objects.all()] == ["recourse.cutoff.flagged.v1"]
    assert not Hearing.objects.exists()
    mailed()
    call_people(minutes(14))
    assert mailed() == [], "it does not begin anew"
    call_people(minutes(15))
    assert mailed()
    entry = LedgerEntry.objects.get(action="alarm.joined")
    assert (entry.object_id, entry.details) == (str(alarm.pk), {"case": str(case.pk)})


def test_what_somebody_has_acknowledged_does_not_ring_again(source: Source, client: Client) -> None:
    sara = make_user(Role.SENIOR, name="Sara", qualified=[Area.CRISIS])
    relay(source)
    alarm = overheard_alarm(source)
    danger.answer(alarm=alarm, user=sara, now=NOW)
    case = end(source)
    sweep(minutes(1))
    alarm = Alarm.objects.get()
    assert (alarm.case, alarm.acknowledged_by, alarm.reopened) == (case, sara, True)
    assert Feedback.objects.get().heard == "cue", "the same words twice are one"
    case.refresh_from_db()
    assert case.crisis
    client.force_login(sara)
    assert "raised and acknowledged by Sara" in client.get(f"/cases/{case.number}").text


def test_more_words_after_that_do_ring(source: Source) -> None:
    alarm = overheard_alarm(source)
    danger.answer(alarm=alarm, user=make_user(Role.SENIOR), now=NOW)
    case = end(source)
    sweep(minutes(1))
    relay(source, WORDS + " I mean it.")
    sweep(minutes(2))
    assert Alarm.objects.live().get().case == case


def test_where_the_case_rings_already_that_alarm_goes_on_alone(source: Source) -> None:
    with receiving() as receiver, travel(NOW):
        _pager_at(receiver)
        first = overheard_alarm(source)
        call_people(NOW, receiver)
        case = end(source, **BREACH)
        sweep(minutes(1))
        for at in (2, 3):
            call_people(minutes(at), receiver)
        kinds = {one.payload["type"]: one.data for one in receiver.received}
    live = Alarm.objects.live().get()
    first.refresh_from_db()
    assert (live.case, live.why) == (case, Why.BREACH)
    assert (first.case, first.answered, first.acknowledged_by) == (case, Answered.JOINED, None)
    (closed,) = kinds["recourse.alarm.acknowledged.v1"]["alarms"]
    assert closed["id"] == first.pk, "a pager closes what it opened"


def test_what_came_after_its_end_rings_once_as_ever(source: Source) -> None:
    case = end(source)
    relay(source)
    sweep()
    assert Alarm.objects.get().case == case
    assert not Hearing.objects.exists()


def test_feedback_that_cannot_be_taken_does_not_lose_the_alarm(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    overheard_alarm(source)
    case = end(source)
    monkeypatch.setattr("reviews.services.feedback.LONGEST_COMMENT", 3)
    sweep(minutes(1))
    assert not Feedback.objects.exists()
    assert Alarm.objects.live().get().case == case


# --- The words go -------------------------------------------------------------------------------


def test_an_erasure_takes_it_along(source: Source) -> None:
    started = {"conversation": {"id": "c-1", "user_id": USER}}
    record(source, ended_event(type=payloads.STARTED, time=AGO.isoformat(), data=started))
    row = {"url": "https://pager.example.com", "secret": "s", "added_at": NOW}
    pager = Pager.objects.create(added_by=make_user(Role.ADMINISTRATOR), **row)
    alarm = overheard_alarm(source)
    call_people(NOW)
    erase(source)
    sweep(minutes(3))
    alarm.refresh_from_db()
    assert (alarm.answered, alarm.acknowledged_by) == (Answered.ERASED, None)
    assert not Hearing.objects.exists()
    assert not Alarm.objects.waiting().exists()
    assert LedgerEntry.objects.get(action="alarm.ended").details == {"how": "erased"}
    assert Call.objects.get(alarm=alarm, tells=Tells.ACKNOWLEDGED).pager == pager


def test_so_does_the_end_of_its_term(source: Source) -> None:
    alarm = overheard_alarm(source)
    over = NOW + timedelta(days=source.transcript_days + 1)
    retention.enforce(now=over)
    sweep(over)
    alarm.refresh_from_db()
    assert alarm.answered == Answered.ERASED
    assert not Hearing.objects.exists()


def test_other_words_of_the_conversation_keep_it(source: Source) -> None:
    relay(source)
    overheard_alarm(source)
    one = RelayedFeedback.objects.order_by("pk")[:1]
    RelayedFeedback.objects.filter(pk__in=one.values("pk")).update(comment="")
    sweep(minutes(1))
    assert Alarm.objects.live().exists()
    assert Hearing.objects.count() == 1


# --- What the database forbids ------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation_external_id": ""},
        {"why": Why.DRILL},
        {"why": Why.BREACH},
        {"acknowledged_at": NOW, "answered": Answered.BUTTON},
        {"acknowledged_at": NOW, "answered": ""},
    ],
)
def test_an_alarm_is_about_one_thing_and_ends_in_one_way(
    source: Source, changes: dict[str, Any]
) -> None:
    row = {"why": Why.FEEDBACK, "raised_at": NOW, "due_at": NOW, "source": source}
    row |= {"conversation_external_id": "c-1"} | changes
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(**row)


def test_never_about_a_case_and_a_conversation(source: Source) -> None:
    alarm = overheard_alarm(source)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.filter(pk=alarm.pk).update(case=make_case())
    with pytest.raises(ProgrammingError), transaction.atomic():
        Alarm.objects.filter(pk=alarm.pk).update(conversation_external_id="c-2")


# --- The pages ----------------------------------------------------------------------------------


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in, and on call."""
    user = on_duty(name="Ana")
    client.force_login(user)
    return user


def test_the_alarm_leads_to_the_words_and_shows_none_itself(
    client: Client, source: Source, ana: User
) -> None:
    alarm = overheard_alarm(source)
    relay(source, conversation_id="c-2")
    sweep()
    page = client.get(f"/on-call/alarms/{alarm.pk}").text
    words = f"/feedback/without-cutoff?alarm={alarm.pk}"
    assert "c-1" in page
    assert source.name in page
    assert words in page
    assert "kill" not in page
    listed = client.get(words).text
    assert "c-1" in listed
    assert "c-2" not in listed
    assert "kill" not in listed
    key = RelayedFeedback.objects.get(conversation_external_id="c-1").pk
    url = f"/feedback/without-cutoff/{key}?alarm={alarm.pk}"
    assert url in listed
    assert WORDS in client.post(url).text
    client.post(f"/on-call/alarms/{alarm.pk}/acknowledge")
    assert "Acknowledged by Ana" in client.get(f"/on-call/alarms/{alarm.pk}").text
    assert words in client.get(f"/on-call/alarms/{alarm.pk}").text


@pytest.mark.parametrize("number", ["0", "x", "9" * 30, "-1", "²"])
def test_a_wrong_number_narrows_nothing(
    client: Client, source: Source, ana: User, number: str
) -> None:
    overheard_alarm(source)
    assert "c-1" in client.get("/feedback/without-cutoff", {"alarm": number}).text


def test_it_says_how_one_ended_that_nobody_acknowledged(
    client: Client, source: Source, ana: User
) -> None:
    alarm = overheard_alarm(source)
    RelayedFeedback.objects.update(comment="")
    sweep(minutes(1))
    for path in ("/on-call", f"/on-call/alarms/{alarm.pk}"):
        page = client.get(path)
        assert "The words were deleted before anybody acknowledged" in page.text
        assert "without-cutoff?alarm" not in page.text


def test_who_may_not_read_is_told_where_to_ask(client: Client, source: Source) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    alarm = overheard_alarm(source)
    page = client.get(f"/on-call/alarms/{alarm.pk}").text
    assert "c-1" in page
    assert "without-cutoff" not in page
