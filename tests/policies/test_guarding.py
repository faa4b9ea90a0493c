"""The guard on a database: what it reads, what it keeps, and what it does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import LedgerEntry
from config.celery import app
from conversations.models import Cutoff
from policies.models import GuardReading, PolicyVersion
from policies.services import guarding, pauses, plans
from policies.services.activations import Guard
from policies.tasks import watch_activations
from policies.watch_models import Evidence
from tests.concurrency import at_once
from tests.factories import NOW
from tests.policies.lifecycle import (
    WEB,
    actions,
    admin,
    approved,
    in_force,
    later,
    put,
)
from tests.policies.watching import ASKS_BACK, HOUR, LAXER, START, audited, built_in, pairs, rollout

pytestmark = pytest.mark.django_db


def look(activation: Any, **more: Any) -> dict[str, GuardReading]:
    """What the guard reads at NOW, by kind."""
    found = guarding.watch(activation_id=activation.pk, **{"now": NOW} | more)
    return {one.kind: one for one in found}


def of_audits(activation: Any, **more: Any) -> GuardReading:
    """The reading of the audits."""
    return look(activation, **more)[Evidence.AUDITS]


def test_without_audits_it_watches_and_knows_nothing() -> None:
    read = of_audits(rollout())
    assert (read.evidence, read.peak, read.cutoffs, read.state, read.act) == (
        1,
        1,
        0,
        "watching",
        "",
    )


def test_a_version_that_errs_more_is_taken_back_with_the_reason() -> None:
    live = rollout()
    audited(pairs(20), live)

    read = of_audits(live)

    assert (read.state, read.act, read.cutoffs, read.counted) == (
        "roll_back",
        "rolled_back",
        40,
        20,
    )
    assert read.peak >= 200
    assert in_force() == (1, 100, None)
    live.refresh_from_db()
    assert live.ended_at == NOW
    back = live.version.activations.model.objects.live().get()
    assert back.kind == "rollback"
    assert "The guard: after 40 audits" in back.reason
    entries = LedgerEntry.objects.filter(agent="task:watch_activations").order_by("id")
    assert [entry.action for entry in entries] == ["policy.rolled_back", "guard.rolled_back"]


def test_where_nobody_asked_for_it_people_are_told_once() -> None:
    live = rollout(guard=Guard())
    audited(pairs(20), live)

    first = of_audits(live)
    second = of_audits(live, now=NOW + HOUR)

    assert (first.state, first.act) == ("roll_back", "alerted")
    assert (second.state, second.act) == ("roll_back", "")
    assert in_force() == (live.version_id, 50, 1)
    assert actions()[-1:] == ["guard.alerted"]


def test_verdicts_that_are_all_alike_are_no_alarm() -> None:
    live = rollout()
    audited(pairs(20, worse=False), live)
    read = of_audits(live)
    assert (read.state, read.counted) == ("watching", 20)
    assert read.evidence < 2


def test_a_rollback_only_goes_to_a_stricter_version() -> None:
    live = rollout(content=built_in(severity=0.9))
    audited(pairs(20), live)

    assert of_audits(live).act == "not_stricter"
    assert of_audits(live, now=NOW + HOUR).act == ""
    assert in_force() == (live.version_id, 50, 1)
    assert actions()[-1] == "guard.not_rolled_back"


def test_a_version_that_is_alike_would_not_help() -> None:
    live = rollout(content=PolicyVersion.objects.get(number=1).content)
    audited(pairs(20), live)
    assert of_audits(live).act == "not_stricter"


@pytest.mark.parametrize("broken", ["the new one", "the former one"])
def test_where_a_version_can_no_longer_be_read_people_are_told(broken: str) -> None:
    former = PolicyVersion.objects.create(number=90, content={"default": {"severity": 7}})
    good = PolicyVersion.objects.get(number=1)
    content = {"default": {"severity": 7}}
    newer = (
        PolicyVersion.objects.create(number=91, content=content)
        if broken == "the new one"
        else approved(LAXER)
    )
    rows = {"version": newer, "percent": 50, "activated_at": START, "guard_rolls_back": True}
    beside = good if broken == "the new one" else former
    live = type(rollout(scope=WEB)).objects.create(scope="default", beside=beside, **rows)
    audited(pairs(20), live)

    read = of_audits(live)

    assert (read.state, read.act) == ("roll_back", "not_possible")
    assert in_force() == (newer.pk, 50, beside.pk)


def test_audits_that_wait_say_nothing_yet_and_overdue_ones_pause() -> None:
    live = rollout()
    audited(pairs(10), live, since=START)
    audited(pairs(10), live, since=NOW - timedelta(hours=24), decided=False)

    waiting = of_audits(live)
    assert (waiting.counted, waiting.dropped, waiting.waiting) == (10, 0, 10)

    # An audit is due within 168 hours.
    paused = of_audits(live, now=NOW + timedelta(days=9))
    assert (paused.counted, paused.dropped, paused.state) == (10, 10, "paused")


def test_the_time_that_an_audit_has_is_that_of_its_receipt() -> None:
    quick = approved(LAXER | {"review": {"due_hours": {"other": 1}}})
    live = put(quick, now=START, guard=Guard(ceiling=0.1))
    audited([(True, True)] * 3, live)
    # Two hours until the verdict, and one was allowed: all are dropped.
    assert of_audits(live).dropped == 3
    # What is in force later changes nothing.
    put(approved({}), now=NOW)
    assert guarding.watch(activation_id=live.pk, now=NOW + HOUR) == []


def test_what_changes_with_the_share_is_one_rollout() -> None:
    first = rollout(percent=50)
    audited(pairs(8), first)
    second = put(first.version, percent=51, now=START + timedelta(days=10))
    assert second.guard_rolls_back
    audited(pairs(8), second, since=START + timedelta(days=11))

    read = of_audits(second)

    assert (read.activation_id, read.counted) == (second.pk, 16)
    assert guarding.watch(activation_id=first.pk, now=NOW) == []


def test_a_full_rollout_is_held_against_its_ceiling_by_its_own_time() -> None:
    staged = rollout()
    audited(pairs(10), staged)
    full = put(
        staged.version,
        now=START + timedelta(days=10),
        guard=Guard(rolls_back=True, ceiling=0.05),
    )
    audited([(True, True)] * 6, full, since=START + timedelta(days=11))

    read = of_audits(full)

    assert (read.cutoffs, read.act) == (6, "rolled_back")
    assert in_force() == (1, 100, None)
    assert "than the ceiling of 5 % allows" in full.__class__.objects.live().get().reason


def test_a_full_rollout_without_a_ceiling_is_not_watched() -> None:
    live = put(approved(LAXER), now=START, guard=ASKS_BACK)
    assert not guarding.watched().exists()
    assert look(live) == {}


def test_what_was_ended_during_a_pause_does_not_count() -> None:
    live = rollout()
    cutoffs = audited(pairs(10), live)
    pauses.pause(scope="everything", reason="x", user=admin(), now=cutoffs[10].at)
    assert of_audits(live).counted == 5


def test_a_pause_of_another_scope_changes_nothing() -> None:
    live = rollout()
    audited(pairs(10), live)
    pauses.pause(scope=WEB, reason="x", user=admin(), now=START)
    assert of_audits(live).counted == 10


def test_a_rollback_cancels_what_is_planned() -> None:
    live = rollout()
    user = admin()
    planned = plans.plan(version=approved({}), at=later(days=1), user=user, now=NOW)
    audited(pairs(20), live)

    assert of_audits(live).act == "rolled_back"

    planned.refresh_from_db()
    assert planned.cancelled_at == NOW
    assert "The guard" in planned.cancel_reason


def test_an_override_without_anything_before_goes_back_to_what_holds_more_widely() -> None:
    live = rollout(scope=WEB)
    cutoffs = audited(pairs(20), live)
    assert look(live)[Evidence.AUDITS].cutoffs == 0
    Cutoff.objects.filter(pk__in=[one.pk for one in cutoffs]).update(surface="web")

    assert of_audits(live, now=NOW + HOUR).act == "rolled_back"
    assert in_force(WEB) is None


def test_cutoffs_of_a_more_specific_override_are_not_counted() -> None:
    live = rollout()
    cutoffs = audited(pairs(10), live)
    put(approved(LAXER), scope=WEB, now=START)
    Cutoff.objects.filter(pk__in=[one.pk for one in cutoffs[:10]]).update(surface="web")
    assert of_audits(live).counted == 5


def test_a_version_that_the_event_reported_stands() -> None:
    live = rollout()
    other = approved({})
    cutoffs = audited(pairs(10), live)
    ids = [one.pk for one in cutoffs]
    # The first pair changes sides, the second was under a third version, the third under none.
    for place, number in enumerate([live.version_id, 1, other.pk, other.pk, 999, 999]):
        Cutoff.objects.filter(pk=ids[place]).update(policy_version=number)
    read = of_audits(live)
    assert (read.counted, read.cutoffs) == (9, 18)


def test_only_audited_endings_by_the_model_are_counted() -> None:
    live = rollout()
    cutoffs = audited(pairs(10), live)
    Cutoff.objects.filter(pk__in=[one.pk for one in cutoffs[:4]]).update(in_audit=False)
    Cutoff.objects.filter(pk__in=[one.pk for one in cutoffs[4:8]]).update(initiator="user")
    assert of_audits(live).counted == 6


def test_feedback_alone_tells_people_and_takes_nothing_back() -> None:
    live = rollout()
    cutoffs = audited(pairs(20), live, decided=False, surprised=True)
    Cutoff.objects.filter(pk__in=[one.pk for one in cutoffs]).update(in_audit=False)

    found = look(live)

    assert found["audits"].cutoffs == 0
    read = found["feedback"]
    assert (read.state, read.act, read.cutoffs) == ("alert", "alerted", 40)
    assert read.peak >= 200
    assert in_force() == (live.version_id, 50, 1)
    entry = LedgerEntry.objects.get(action="guard.alerted")
    assert entry.details["evidence"] == "feedback"


def test_answers_wait_for_seven_days() -> None:
    live = rollout()
    audited(pairs(5), live, since=NOW - timedelta(days=6), surprised=True)
    read = look(live)["feedback"]
    assert (read.counted, read.waiting) == (0, 5)


def test_a_full_rollout_is_held_against_the_surprise_before_it() -> None:
    former = put(approved({}), now=START - timedelta(days=60))
    audited(
        [(True, place % 20 == 0) for place in range(60)],
        former,
        since=START - timedelta(days=10),
        surprised=True,
    )
    live = put(approved(LAXER), now=START, guard=Guard(ceiling=0.5))
    audited([(True, True)] * 12, live, surprised=True)

    read = look(live)["feedback"]

    assert (read.state, read.cutoffs) == ("alert", 12)


def test_without_cutoffs_before_a_full_rollout_feedback_says_nothing() -> None:
    live = put(approved(LAXER), now=START, guard=Guard(ceiling=0.5))
    audited([(True, True)] * 12, live, surprised=True)
    assert list(look(live)) == ["audits"]


def test_an_hour_is_read_once() -> None:
    live = rollout()
    assert len(look(live)) == 2
    assert look(live, now=NOW + timedelta(minutes=59)) == {}
    assert len(look(live, now=NOW + HOUR)) == 2


def test_what_ended_is_read_no_more() -> None:
    live = rollout()
    put(live.version)
    assert look(live, now=NOW + HOUR) == {}


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_look_at_once_one_acts() -> None:
    live = rollout()
    audited(pairs(20), live)

    outcomes = at_once(*[lambda: guarding.watch(activation_id=live.pk, now=NOW)] * 3)

    assert sorted(len(outcome) for outcome in outcomes if isinstance(outcome, list)) == [0, 0, 2]
    assert LedgerEntry.objects.filter(action="guard.rolled_back").count() == 1


def test_the_beat_has_each_watched_activation_read_within_time_limits() -> None:
    live = rollout()
    assert app.conf.beat_schedule["policies.tasks.watch_activations"]["schedule"] == 3600
    assert app.conf.task_time_limit
    app.conf.task_always_eager = True
    try:
        with time_machine.travel(NOW, tick=False):
            watch_activations()
            watch_activations()
    finally:
        app.conf.task_always_eager = False
    assert GuardReading.objects.filter(activation=live).count() == 2
