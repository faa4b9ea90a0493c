"""Danger does not wait: it flags, reopens and raises an alarm in the transaction of its cause."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries

from accounts.models import LedgerEntry
from accounts.roles import Role
from conversations.models import Conversation, Cutoff, Source
from conversations.services import holds
from conversations.vocabulary import Remedy, Standing
from reviews.danger_models import Alarm
from reviews.danger_vocabulary import Answered, Why
from reviews.models import Case
from reviews.services import claims, danger, outcomes
from reviews.services.enrichment import enrich
from reviews.services.opening import open_cases
from reviews.services.status import status_of
from reviews.vocabulary import CaseState, Queue, Reason
from tests.factories import (
    NOW,
    ended_event,
    give_verdict,
    hear,
    make_case,
    make_cutoff,
    make_near_miss_case,
    make_user,
    record,
    settle,
)
from tests.reviews.alarms import BREACH, CRISIS, WORDS
from tests.reviews.outcomes import make_endpoint, told
from tests.reviews.test_verdicts import refuse_ledger_entries

pytestmark = pytest.mark.django_db

CHILD = "child_sexual_exploitation"


def stands(cutoff: Cutoff) -> tuple[str, bool]:
    """What the chat service is told of the conversation: its state, and whether it is locked."""
    found = status_of(source=cutoff.source, external_id=cutoff.conversation.external_id)
    assert found is not None
    return found["state"], found["locked"]


def reasons() -> list[tuple[str, bool]]:
    """Of each alarm: why it was raised, and whether that reopened the conversation."""
    return list(Alarm.objects.order_by("pk").values_list("why", "reopened"))


def test_a_breach_raises_an_alarm_and_reopens_the_conversation(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **BREACH)
    assert reasons() == [("breach", True)]
    assert stands(cutoff) == ("reopened", False)
    assert [data["provisionally_reopened"] for _type, data in told()] == [True]


def test_an_ordinary_cutoff_raises_nothing(source: Source) -> None:
    cutoff = make_cutoff(source)
    enrich(cutoff_ids=[cutoff.pk])
    assert reasons() == []
    assert stands(cutoff) == ("ended", True)


def test_a_cue_in_the_transcript_raises_one_too(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **CRISIS)
    assert stands(cutoff) == ("ended", True)
    for _ in range(2):
        enrich(cutoff_ids=[cutoff.pk], now=NOW)
    assert reasons() == [("cue", True)]
    assert stands(cutoff) == ("reopened", False)
    assert [data["provisionally_reopened"] for _type, data in told()] == [True]


def test_a_case_has_one_alarm_at_a_time(source: Source) -> None:
    cutoff = make_cutoff(source, **BREACH, **CRISIS)
    enrich(cutoff_ids=[cutoff.pk], now=NOW)
    hear(Case.objects.get(pk=cutoff.pk), comment=WORDS)
    assert reasons() == [("breach", True)]


def test_once_it_is_acknowledged_new_words_raise_another() -> None:
    case = make_case(**BREACH)
    danger.answer(alarm=Alarm.objects.get(), user=make_user(Role.SENIOR), now=NOW)
    hear(case, comment=WORDS)
    assert reasons() == [("breach", True), ("feedback", False)]


def test_a_cue_in_feedback_flags_selects_and_reopens(source: Source) -> None:
    make_endpoint(source)
    case = make_case(source, opened=False)
    Case.objects.filter(pk=case.pk).update(selected=False, state=CaseState.UNSELECTED)
    hear(case, surprised=False, comment=WORDS)
    assert reasons() == [("feedback", True)]
    assert (case.crisis, case.state, case.queue) == (True, CaseState.OPEN, Queue.CRISIS)
    assert case.selections.filter(reason=Reason.CUE).exists()
    assert stands(case.cutoff) == ("reopened", False)
    assert [(data["reasons"], data["provisionally_reopened"]) for _type, data in told()] == [
        (["crisis_cue"], True)
    ]


def test_feedback_without_a_cue_raises_nothing() -> None:
    hear(make_case(), comment="It was a poem about the sea.")
    assert reasons() == []


def test_a_cue_in_what_is_changed_later_is_heard_too() -> None:
    case = make_case()
    hear(case, comment="It was a poem about the sea.")
    hear(case, comment=WORDS)
    assert reasons() == [("feedback", True)]


def test_a_cue_on_a_settled_case_leaves_it_settled(source: Source) -> None:
    case = make_case(source)
    give_verdict(case, make_user(Role.REVIEWER), "uphold")
    settle(case)
    hear(case, surprised=False, comment=WORDS)
    assert case.state == CaseState.SETTLED
    assert reasons() == [("feedback", True)]
    assert stands(case.cutoff) == ("reopened", False)


def test_old_words_of_an_old_cutoff_raise_nothing_and_new_ones_do(source: Source) -> None:
    long_ago = (NOW - danger.OLD - timedelta(hours=1)).isoformat()
    case = make_case(source, time=long_ago, **BREACH, **CRISIS)
    enrich(cutoff_ids=[case.pk], now=NOW)
    case.refresh_from_db()
    assert (case.breach, reasons(), stands(case.cutoff)) == (True, [], ("ended", True))
    hear(case, comment=WORDS)
    assert reasons() == [("feedback", True)]


def test_a_test_raises_nothing(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **CRISIS)
    Cutoff.objects.filter(pk=cutoff.pk).update(trial=True, in_audit=False, in_double=False)
    Case.objects.filter(pk=cutoff.pk).update(trial=True)
    enrich(cutoff_ids=[cutoff.pk], now=NOW)
    hear(Case.objects.get(pk=cutoff.pk), comment=WORDS)
    danger.breached(cutoff_ids=[cutoff.pk], now=NOW)
    assert (reasons(), told()) == ([], [])
    assert stands(cutoff) == ("ended", True)


def test_a_near_miss_raises_nothing() -> None:
    case = make_near_miss_case()
    danger.shown(found={case.pk: ["crisis_cue"]}, now=NOW)
    assert reasons() == []


@pytest.mark.parametrize("moved", [False, True])
def test_child_safety_is_never_reopened(source: Source, moved: bool) -> None:
    make_endpoint(source)
    case = make_case(source, cutoff={} if moved else {"category": CHILD})
    if moved:
        Case.objects.filter(pk=case.pk).update(queue=Queue.CHILD_SAFETY)
    hear(case, comment=WORDS)
    assert reasons() == [("feedback", False)]
    assert stands(case.cutoff) == ("ended", True)
    assert told()[0][1]["provisionally_reopened"] is False
    breach = make_cutoff(source, **BREACH, cutoff={"category": CHILD})
    assert stands(breach) == ("ended", True)


def test_with_the_setting_off_nothing_is_reopened(source: Source) -> None:
    with override_settings(REOPEN_IN_DANGER=False):
        cutoff = make_cutoff(source, **BREACH)
    assert reasons() == [("breach", False)]
    assert stands(cutoff) == ("ended", True)


def test_a_later_cutoff_of_the_conversation_keeps_it_locked(source: Source) -> None:
    thread: dict[str, Any] = {"conversation": {"id": "thread"}}
    first = make_cutoff(source, **thread)
    make_cutoff(source, **thread, time="2026-11-20T11:00:00Z")
    hear(Case.objects.get(pk=first.pk), comment=WORDS)
    assert reasons() == [("feedback", False)]
    assert Conversation.objects.get(external_id="thread").locked


def test_a_new_cutoff_locks_it_again(source: Source) -> None:
    thread: dict[str, Any] = {"conversation": {"id": "thread"}}
    cutoff = make_cutoff(source, **BREACH, **thread)
    assert stands(cutoff) == ("reopened", False)
    make_cutoff(source, **thread, time="2026-11-20T11:00:00Z")
    assert stands(cutoff) == ("ended", True)


def test_an_uphold_does_not_lock_it_again(source: Source) -> None:
    make_endpoint(source)
    case = make_case(source, **BREACH)
    give_verdict(case, make_user(Role.REVIEWER), "uphold")
    settle(case)
    cutoff = Cutoff.objects.get(pk=case.pk)
    assert (cutoff.standing, cutoff.remedy) == (Standing.UPHELD, Remedy.KEEP_LOCKED)
    assert stands(cutoff) == ("reopened", False)
    _flag, (_type, data) = told()
    assert (data["remedy"], data["locked"]) == ("keep_locked", False)


def test_what_cannot_be_noted_does_not_happen() -> None:
    refuse_ledger_entries("alarm.raised")
    case = make_case()
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        hear(case, comment=WORDS)
    assert reasons() == []
    assert stands(case.cutoff) == ("ended", True)
    assert not case.feedback.exists()


def test_a_batch_of_breaches_costs_the_same_queries_however_many(
    source: Source, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def batch(size: int) -> list[Any]:
        events = [ended_event(**BREACH) for _ in range(size)]
        keys = [result.cutoff_id for result in record(source, *events)]
        Conversation.objects.filter(latest_cutoff__in=keys).update(state="ended")
        Alarm.objects.live().update(
            acknowledged_at=NOW, acknowledged_by=someone, answered=Answered.BUTTON
        )
        return keys

    someone = make_user(Role.SENIOR)
    for keys in (batch(2), batch(20)):
        with django_assert_num_queries(7):
            danger.breached(cutoff_ids=keys, now=NOW)
    assert Alarm.objects.live().count() == 22


def test_intake_pays_nothing_without_a_breach(
    source: Source, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    keys = [make_cutoff(source).pk for _ in range(3)]
    with django_assert_num_queries(3):  # the due hours, the cases, the selections
        open_cases(cutoff_ids=keys, now=NOW)


def test_a_verdict_acknowledges_and_a_claim_does_not() -> None:
    case, reviewer = make_case(**BREACH), make_user(Role.REVIEWER)
    Case.objects.filter(pk=case.pk).update(queue=Queue.GENERAL)
    claims.claim(case=case, user=reviewer, at=NOW)
    assert Alarm.objects.live().exists()
    give_verdict(case, reviewer, "uphold")
    alarm = Alarm.objects.get()
    assert (alarm.acknowledged_by, alarm.answered) == (reviewer, Answered.CLAIM)
    assert LedgerEntry.objects.filter(action="alarm.acknowledged").count() == 1


def test_acknowledging_twice_keeps_the_first() -> None:
    make_case(**BREACH)
    alarm, first = Alarm.objects.get(), make_user(Role.SENIOR)
    assert danger.answer(alarm=alarm, user=first, now=NOW)
    assert not danger.answer(alarm=alarm, user=make_user(Role.SENIOR), now=NOW)
    alarm.refresh_from_db()
    assert alarm.acknowledged_by == first


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.AUDITOR, Role.POLICY_ADMIN])
def test_only_those_who_work_on_cases_acknowledge(role: Role) -> None:
    make_case(**BREACH)
    with pytest.raises(PermissionDenied):
        danger.answer(alarm=Alarm.objects.get(), user=make_user(role), now=NOW)
    assert Alarm.objects.live().exists()


def test_a_drill_waits_for_the_one_before() -> None:
    senior = make_user(Role.SENIOR)
    first = danger.drill(user=senior, now=NOW)
    assert danger.drill(user=senior, now=NOW) == first
    assert first.why == Why.DRILL


def test_a_reviewer_starts_no_drill() -> None:
    with pytest.raises(PermissionDenied):
        danger.drill(user=make_user(Role.REVIEWER), now=NOW)


def test_the_alarms_of_a_case_cost_nothing_where_there_can_be_none(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    quiet, loud = make_case(), make_case(**BREACH)
    with django_assert_num_queries(0):
        assert danger.alarms_of(quiet) == []
    assert [alarm.why for alarm in danger.alarms_of(loud)] == ["breach"]


def test_a_hold_is_not_seen_from_outside(source: Source) -> None:
    case = make_case(source)
    holds.place_on_case(
        cutoff=case.cutoff,
        matter="M-1",
        reason="asked for",
        expires_at=NOW + timedelta(days=90),
        user=make_user(Role.SENIOR),
        now=NOW,
    )
    hear(case, comment=WORDS)
    assert stands(case.cutoff) == ("reopened", False)


def test_flagging_says_what_was_reopened(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source)
    outcomes.flagged(found={cutoff.pk: ["crisis_cue"]}, now=NOW)
    assert told()[0][1]["provisionally_reopened"] is False
