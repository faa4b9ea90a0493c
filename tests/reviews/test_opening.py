"""Opening cases at intake: from what was reported, in the same transaction, once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from conversations.models import AuditSettings, Conversation, Cutoff, Event, ParkedEvent
from conversations.services import intake
from conversations.signals import cutoffs_recorded
from reviews.models import Case, Selection
from reviews.priorities import RISK_UNKNOWN_WEIGHT, SELECTED_WEIGHT, WEIGHTS
from reviews.services.opening import open_cases
from reviews.vocabulary import CaseState, Queue, Reason
from tests.concurrency import at_once
from tests.factories import (
    NOW,
    ended_event,
    make_cutoff,
    make_source,
    near_miss_event,
    parsed,
    record,
)

pytestmark = pytest.mark.django_db

#: The priority of a breach, whether drawn for audit or not.
BREACH = WEIGHTS[Reason.BREACH] + SELECTED_WEIGHT


def opened(*, in_audit: bool = False, **changes: Any) -> Case:
    """The case of a new cutoff, opened again under this draw."""
    cutoff = make_cutoff(**changes)
    Case.objects.filter(pk=cutoff.pk)._raw_delete("default")
    Cutoff.objects.filter(pk=cutoff.pk).update(in_audit=in_audit)
    open_cases(cutoff_ids=[cutoff.pk], now=NOW)
    return Case.objects.get(pk=cutoff.pk)


@pytest.fixture(autouse=True)
def _no_draw() -> None:
    """Nearly nobody is drawn, so that reasons are added by the tests alone."""
    AuditSettings.objects.create(audit_share=1e-12, double_share=0, near_miss_share=0)


@pytest.mark.parametrize(
    ("changes", "flags", "queue", "priority"),
    [
        ({}, [], Queue.GENERAL, 0),
        ({"signals": {"warnings": 0}}, ["no_warning"], Queue.GENERAL, BREACH),
        (
            {"signals": {"risk_self": 0.3}},
            ["risk_above_ceiling"],
            Queue.CRISIS,
            BREACH,
        ),
        ({"signals": {"risk_self": None}}, ["risk_unknown"], Queue.GENERAL, RISK_UNKNOWN_WEIGHT),
        (
            {"signals": {"risk_self": None, "risk_others": 0.3}},
            ["risk_above_ceiling"],
            Queue.CRISIS,
            BREACH,
        ),
        ({"cutoff": {"initiator": "user"}, "signals": {"warnings": 0}}, [], Queue.GENERAL, 0),
        ({"cutoff": {"category": "child_sexual_exploitation"}}, [], Queue.CHILD_SAFETY, 0),
        (
            {"cutoff": {"category": "child_sexual_exploitation"}, "signals": {"risk_self": 0.3}},
            ["risk_above_ceiling"],
            Queue.CHILD_SAFETY,
            BREACH,
        ),
    ],
)
def test_what_was_reported_decides(
    changes: dict[str, Any], flags: list[str], queue: Queue, priority: int
) -> None:
    case = opened(**changes)
    breach = priority >= BREACH
    assert (case.flags, case.queue, case.priority, case.breach) == (flags, queue, priority, breach)
    assert case.selected == breach
    assert case.state == (CaseState.OPEN if breach else CaseState.UNSELECTED)
    assert case.due_at - NOW == (timedelta(hours=1) if breach else timedelta(days=3))
    reasons = set(Selection.objects.values_list("reason", flat=True))
    assert reasons == ({Reason.BREACH} if breach else set())


def test_an_audit_is_drawn_apart_from_every_flag() -> None:
    case = opened(in_audit=True, signals={"warnings": 0})
    assert case.priority == BREACH
    assert set(case.selections.values_list("reason", flat=True)) == {Reason.BREACH, Reason.AUDIT}

    other = opened(in_audit=True)
    assert (other.selected, other.state) == (True, CaseState.OPEN)
    assert other.priority == SELECTED_WEIGHT


def test_every_cutoff_has_a_case_and_a_draw() -> None:
    AuditSettings.objects.create(audit_share=0.25, double_share=0.5, near_miss_share=0)
    record(make_source(), *(ended_event() for _ in range(30)), near_miss_event())
    cutoffs = Cutoff.objects.filter(kind="cutoff")
    assert Case.objects.count() == cutoffs.count() == 30
    assert set(cutoffs.values_list("audit_probability", "double_probability")) == {(0.25, 0.5)}
    assert set(Case.objects.filter(selected=True)) == {
        cutoff.case for cutoff in cutoffs.filter(in_audit=True)
    }


def test_near_misses_are_opened_only_where_they_were_drawn() -> None:
    AuditSettings.objects.create(audit_share=1, double_share=0, near_miss_share=1)
    event = near_miss_event()
    event["data"]["signals"] |= {"warnings": 0, "risk_self": 0.9}
    record(make_source(), event)
    case = Case.objects.get()
    assert (case.kind, case.flags, case.breach) == ("near_miss", [], False)
    assert set(case.selections.values_list("reason", flat=True)) == {Reason.AUDIT}


def test_opening_again_leaves_a_case_alone() -> None:
    case = opened()
    Case.objects.filter(pk=case.pk).update(priority=777)
    open_cases(cutoff_ids=[case.pk], now=NOW + timedelta(days=1))
    case.refresh_from_db()
    assert (case.priority, case.opened_at) == (777, NOW)


@pytest.mark.django_db(transaction=True)
def test_eight_who_send_the_same_two_hundred_events_have_each_accepted_once() -> None:
    source = make_source()
    events = [ended_event(conversation={"id": f"conv-{number % 70}"}) for number in range(200)]
    orders = [events[start:] + events[:start] for start in range(0, 200, 25)]
    orders[1::2] = [order[::-1] for order in orders[1::2]]
    outcomes = at_once(*(partial(record, source, *order) for order in orders))

    statuses: dict[str, list[str]] = {}
    for outcome in outcomes:
        assert isinstance(outcome, list), outcome
        for result in outcome:
            statuses.setdefault(result.id, []).append(result.status)
    assert len(statuses) == 200
    for found in statuses.values():
        assert sorted(found) == ["accepted"] + ["duplicate"] * 7
    assert Event.objects.count() == Cutoff.objects.count() == Case.objects.count() == 200
    assert Conversation.objects.count() == 70


def test_a_case_that_cannot_be_opened_parks_its_event_and_no_other() -> None:
    poison = ended_event(conversation={"id": "poison"})

    def refuse(sender: object, cutoff_ids: list[Any], **_: Any) -> None:
        if Cutoff.objects.filter(pk__in=cutoff_ids, conversation__external_id="poison").exists():
            raise ValueError("The purple giraffe said so.")

    cutoffs_recorded.connect(refuse)
    try:
        source = make_source()
        results = intake.record(source=source, items=parsed(ended_event(), poison), now=NOW)
    finally:
        cutoffs_recorded.disconnect(refuse)
    assert [result.warnings for result in results] == [[], ["parked"]]
    assert Cutoff.objects.count() == Case.objects.count() == 1
    assert ParkedEvent.objects.get().failure == "ValueError"
