"""Test events of the sources page: they prove the whole road, and count nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from conversations.api import limits
from conversations.models import AuditSettings, Cutoff, ParkedEvent, Source
from conversations.services import intake, trial
from conversations.signals import cutoffs_recorded
from policies.services import backtest_scan, shadow_reading, watched
from policies.thresholds import BUILT_IN
from reviews.models import Case
from reviews.services.claims import claim_next
from reviews.services.queue import altogether, waiting_counts
from reviews.services.selection import select
from reviews.vocabulary import CaseState, Reason
from tests.factories import NOW, make_source, make_user, parsed, record
from tests.policies.backtests import asking, question
from tests.policies.test_shadows import shadow_of
from tests.policies.watching import rollout

pytestmark = pytest.mark.django_db

ACTOR = Actor.task("test")


@pytest.fixture
def source() -> Source:
    return make_source("chat")


@pytest.fixture
def ida(client: Client) -> User:
    user = make_user(Role.ADMINISTRATOR, Role.REVIEWER, name="Ida")
    client.force_login(user)
    return user


def stored(result: intake.Result) -> Cutoff:
    """The cutoff that an event made."""
    assert result.cutoff_id
    return Cutoff.objects.get(pk=result.cutoff_id)


def press(source: Source) -> Cutoff:
    """Press the button."""
    result = trial.send_test_event(source=source, limits=limits(), now=NOW, actor=ACTOR)
    return stored(result)


def sent(source: Source, suffix: str = "1") -> Cutoff:
    """The very same event, but sent by a chat service."""
    (result,) = record(source, trial.event(suffix=suffix), now=NOW)
    return stored(result)


def draw_everything() -> None:
    """From now on every cutoff is drawn, twice."""
    AuditSettings.objects.create(audit_share=1, double_share=1, near_miss_share=1)


def test_only_the_button_makes_a_test(source: Source) -> None:
    draw_everything()
    pressed, other = press(source), sent(source)

    assert (pressed.trial, pressed.in_audit, pressed.in_double) == (True, False, False)
    assert (other.trial, other.in_audit, other.in_double) == (False, True, True)


def test_nothing_that_is_sent_makes_a_test(source: Source) -> None:
    event: dict[str, Any] = trial.event(suffix="1")
    data = event["data"]
    told = {"trial": True, "data": data | {"trial": True, "cutoff": data["cutoff"] | {"trial": 1}}}
    (result,) = record(source, event | told, now=NOW)

    assert not stored(result).trial


def test_a_test_that_was_parked_stays_one(source: Source) -> None:
    def broken(**_: object) -> None:
        raise ValueError

    cutoffs_recorded.connect(broken, weak=False)
    try:
        trial.send_test_event(source=source, limits=limits(), now=NOW, actor=ACTOR)
        (outside,) = parsed(trial.event(suffix="1"), now=NOW)
        intake.record(source=source, items=[outside], now=NOW)
    finally:
        cutoffs_recorded.disconnect(broken)
    first, second = ParkedEvent.objects.order_by("pk")
    for parked in (first, second):
        trial.replay(parked=parked, limits=limits(), actor=ACTOR)

    tests = Cutoff.objects.values_list("conversation__external_id", "trial")
    assert dict(tests) == {first.ce_id: True, second.ce_id: False}


def test_a_test_shows_its_whole_road(client: Client, ida: User, source: Source) -> None:
    page = client.post("/sources/chat/test", follow=True)
    case = Case.objects.get()
    assert f'href="/cases/{case.number}"' in page.text
    shown = client.get(f"/cases/{case.number}").text
    assert '<span class="tag" title="A test event' in shown
    assert "Thanks for the recipe." in shown

    assert client.post(f"/cases/{case.number}/claim").status_code == 302
    case.refresh_from_db()
    assert (case.selected, case.state) == (True, CaseState.OPEN)


def test_a_case_of_a_chat_service_is_not_marked(client: Client, ida: User, source: Source) -> None:
    case = sent(source).case
    assert "A test event" not in client.get(f"/cases/{case.number}").text


def test_a_test_waits_for_nobody_and_stands_among_all(
    client: Client, ida: User, source: Source
) -> None:
    cases = [Case.objects.get(pk=one.pk) for one in (press(source), sent(source))]
    for case in cases:
        select(case=case, reason=Reason.FEEDBACK)
    test, other = cases

    assert altogether(waiting_counts(user=ida)).number == 1
    waiting = client.get("/review").text
    assert (test.label in waiting, other.label in waiting) == (False, True)
    everything = client.get("/review?state=all").text
    assert (test.label in everything, other.label in everything) == (True, True)
    assert everything.count('<span class="tag">Test</span>') == 1
    claim = claim_next(user=ida)
    assert claim
    assert claim.case == other
    claim.delete()
    Case.objects.filter(pk=other.pk).update(selected=False, state=CaseState.UNSELECTED)
    assert claim_next(user=ida) is None


def test_no_estimate_counts_a_test(source: Source) -> None:
    press(source)
    sent(source)
    groups = backtest_scan.scan(question(BUILT_IN))
    assert sum(group.count for group in groups) == 1


def test_the_guard_and_the_rate_of_surprise_leave_tests_out(source: Source) -> None:
    scope = rollout(100).scope
    made = [press(source), sent(source)]
    Cutoff.objects.filter(pk__in=[one.pk for one in made]).update(
        initiator="model", surprised_at=NOW
    )
    hour = timedelta(hours=1)
    rows = watched._rows(scope, since=NOW - hour, until=NOW + hour, audited=False)
    assert [row["id"] for row in rows] == [made[1].pk]


def test_a_shadow_looks_at_no_test(source: Source) -> None:
    shadow = shadow_of(asking(0.8))
    press(source)
    sent(source)
    assert shadow_reading.look(shadow, now=NOW + timedelta(minutes=1)).looked == 1
