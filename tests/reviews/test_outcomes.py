"""What sources are told: written with what it tells of, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff, Source
from conversations.services import holds, retention
from policies.models import DEFAULT_SCOPE, EVERYTHING
from policies.services import pauses
from reviews.models import Case, Delivery, Endpoint, Outcome
from reviews.outcome_vocabulary import OutcomeType
from reviews.services import outcomes
from reviews.services.enrichment import enrich
from reviews.services.opening import open_cases
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_cutoff,
    make_near_miss_case,
    make_source,
    make_user,
    settle,
)
from tests.policies.lifecycle import approved, put
from tests.receiver import Receiver, receiving
from tests.reviews.outcomes import deliver, listening, make_endpoint, states, told
from tests.reviews.test_verdicts import refuse_ledger_entries

pytestmark = pytest.mark.django_db

BREACH: dict[str, Any] = {"signals": {"warnings": 0}}
CRISIS: dict[str, Any] = {
    "transcript": {
        "messages": [{"id": "m1", "role": "user", "content": "I want to kill myself tonight."}]
    }
}


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER)


def about(cutoff: Cutoff) -> dict[str, Any]:
    return {
        "conversation_id": cutoff.conversation.external_id,
        "cutoff_id": str(cutoff.pk),
        "ended_at": "2026-11-20T10:00:00+00:00",
    }


def test_a_settled_cutoff_is_told(source: Source, ana: User) -> None:
    make_endpoint(source)
    case = make_case(source)
    give_verdict(case, ana)
    assert told() == []

    settle(case)
    data = about(case.cutoff) | {"standing": "overturned", "remedy": "reopen", "locked": False}
    assert told() == [("recourse.cutoff.settled.v1", data)]


def test_an_upheld_one_stays_locked(source: Source, ana: User) -> None:
    make_endpoint(source)
    case = make_case(source)
    give_verdict(case, ana, "uphold")
    settle(case)
    data = about(case.cutoff) | {"standing": "upheld", "remedy": "keep_locked", "locked": True}
    assert told() == [("recourse.cutoff.settled.v1", data)]


def test_an_outcome_is_not_kept_where_what_it_tells_of_is_not(source: Source, ana: User) -> None:
    make_endpoint(source)
    case = make_case(source)
    give_verdict(case, ana)
    refuse_ledger_entries("case.settled")
    settle(case)
    assert not Outcome.objects.exists()


def test_a_breach_is_told_at_intake(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **BREACH)
    make_cutoff(source)
    data = about(cutoff) | {"reasons": ["no_warning"], "provisionally_reopened": True}
    assert told() == [("recourse.cutoff.flagged.v1", data)]
    assert Delivery.objects.get().flag


def test_both_rules_that_were_broken_are_named(source: Source) -> None:
    make_endpoint(source)
    make_cutoff(source, signals={"warnings": 0, "risk_self": 0.9, "risk_others": 0.0})
    assert told()[0][1]["reasons"] == ["no_warning", "risk_above_ceiling"]


def test_a_crisis_cue_is_told_once(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **CRISIS)
    assert told() == []
    for _ in range(2):
        enrich(cutoff_ids=[cutoff.pk])

    (flag,) = told()
    assert flag[0] == OutcomeType.FLAGGED
    assert "crisis_cue" in flag[1]["reasons"]


def test_a_crisis_cue_on_a_cutoff_that_was_flagged_is_told_too(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **BREACH, **CRISIS)
    enrich(cutoff_ids=[cutoff.pk])
    assert [data["reasons"] for _, data in told()] == [["no_warning"], ["crisis_cue"]]


def test_a_case_that_is_opened_twice_is_told_once(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **BREACH)
    open_cases(cutoff_ids=[cutoff.pk], now=NOW)
    assert len(told()) == 1


def test_a_provisional_reopening_is_said(source: Source) -> None:
    cutoff = make_cutoff(source)
    make_endpoint(source)
    outcomes.flagged(found={cutoff.pk: ["crisis_cue"]}, now=NOW, reopened=[cutoff.pk])
    assert told()[0][1]["provisionally_reopened"] is True


def test_nothing_is_told_of_a_near_miss(source: Source, ana: User) -> None:
    make_endpoint(source)
    case = make_near_miss_case(source)
    outcomes.flagged(found={case.pk: ["crisis_cue"]}, now=NOW)
    give_verdict(case, ana, "should_have_ended")
    settle(case)
    assert told() == []


def test_nothing_is_told_of_a_test_event(source: Source, ana: User) -> None:
    make_endpoint(source)
    case = make_case(source)
    Cutoff.objects.filter(pk=case.pk).update(trial=True, in_audit=False, in_double=False)
    outcomes.breached(cutoff_ids=[case.pk], now=NOW)
    outcomes.settled(cutoff_id=case.pk, now=NOW)
    outcomes.answered(feedback=hear(case), now=NOW)
    assert told() == []


def test_an_answer_to_feedback_is_told(source: Source) -> None:
    make_endpoint(source)
    case = make_case(source)
    given = hear(case, appeal=True)
    outcomes.answered(feedback=given, now=NOW)
    data = about(case.cutoff) | {"feedback_id": str(given.pk), "appeal": True}
    assert told() == [("recourse.feedback.answered.v1", data)]


def test_only_endpoints_that_subscribe_are_told(source: Source) -> None:
    make_endpoint(make_source())
    make_endpoint(source, url="https://a.example.com", types=[OutcomeType.SETTLED])
    wanted, _ = make_endpoint(source, url="https://b.example.com", types=[OutcomeType.FLAGGED])
    make_cutoff(source, **BREACH)
    assert Delivery.objects.get().endpoint == wanted


def test_without_an_endpoint_nothing_is_written(source: Source, ana: User) -> None:
    make_endpoint(source, types=[OutcomeType.PAUSED])
    case = make_case(source, **BREACH)
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    give_verdict(case, ana)
    settle(case)
    assert not Outcome.objects.exists()


def test_what_a_batch_of_breaches_costs(
    source: Source, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_endpoint(source)
    cutoffs = [make_cutoff(source) for _ in range(20)]
    Case.objects.update(breach=True, flags=["no_warning"])
    keys = [cutoff.pk for cutoff in cutoffs]
    with django_assert_num_queries(5):  # flags, cutoffs, endpoints, outcomes, deliveries
        outcomes.breached(cutoff_ids=keys, now=NOW)
    assert len(told()) == 20
    Endpoint.objects.update(types=[OutcomeType.SETTLED])
    with django_assert_num_queries(1):
        outcomes.breached(cutoff_ids=keys, now=NOW)


# --- Policies -----------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_sources_are_told_of_activation_pause_and_resume(
    receiver: Receiver, source: Source
) -> None:
    """From the act of a policy admin to what the source's server receives, signed."""
    listening(receiver, source)
    other = make_source()
    listening(receiver, other, "/other")
    ida, eva = make_user(Role.POLICY_ADMIN), make_user(Role.POLICY_ADMIN)
    now = timezone.now() - timedelta(minutes=1)

    version = approved()
    put(version, now=now)
    pauses.pause(scope=EVERYTHING, reason="An incident", user=ida, now=now)
    pauses.resume(scope=EVERYTHING, reason="It is over", user=ida, now=now)
    later = now + timedelta(seconds=1)
    pauses.resume(scope=EVERYTHING, reason="It is over", user=eva, now=later)
    deliver(receiver)

    activated = {"scope": DEFAULT_SCOPE, "version": version.number, "percent": 100, "beside": None}
    expected = [
        ("recourse.policy.activated.v1", activated),
        ("recourse.policy.paused.v1", {"scope": EVERYTHING}),
        ("recourse.policy.resumed.v1", {"scope": EVERYTHING}),
    ]
    for path in ("/outcomes", "/outcomes/other"):
        got = [one for one in receiver.received if one.path == path]
        assert [(one.payload["type"], one.data) for one in got] == expected
    assert receiver.refused == []
    assert states() == [("delivered", "", 1)] * 6


# --- How long it is kept ------------------------------------------------------------------------


def test_what_was_told_is_kept_as_long_as_signals(source: Source) -> None:
    endpoint, _ = make_endpoint(source)
    long_ago = timezone.now() - timedelta(days=source.signal_days + 1)
    outcomes.policy_paused(scope=EVERYTHING, now=long_ago)
    outcomes.policy_paused(scope=EVERYTHING, now=timezone.now())
    old, new = Delivery.objects.order_by("id")
    assert old.endpoint == endpoint

    retention.enforce(now=timezone.now())
    assert list(Delivery.objects.all()) == [new]
    assert Outcome.objects.get() == new.outcome


def test_what_was_told_of_a_case_on_hold_is_kept(source: Source) -> None:
    make_endpoint(source)
    cutoff = make_cutoff(source, **BREACH)
    later = NOW + timedelta(days=source.signal_days + 2)
    holds.place_on_case(
        cutoff=cutoff,
        matter="2026-CV-1",
        reason="Letter",
        expires_at=later + timedelta(days=1),
        user=make_user(Role.SENIOR),
        now=NOW,
    )
    retention.enforce(now=later)
    assert len(told()) == 1
    retention.enforce(now=later + timedelta(days=2))
    assert told() == []
