"""Settling: when the undo time is over, everything takes effect together."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Conversation, Cutoff, LegalHold
from conversations.services import holds, standing
from conversations.vocabulary import ConversationState
from reviews.models import Case
from reviews.services import settlement, verdicts
from reviews.vocabulary import CaseState
from tests.concurrency import at_once
from tests.factories import (
    NOW,
    give_verdict,
    make_case,
    make_cutoff,
    make_near_miss_case,
    make_source,
    make_user,
    settle,
)
from tests.reviews.test_verdicts import refuse_ledger_entries

pytestmark = pytest.mark.django_db

UNDO = timedelta(seconds=30)


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER)


def cutoff_of(case: Case) -> Cutoff:
    return Cutoff.objects.select_related("conversation").get(pk=case.pk)


def test_nothing_takes_effect_while_it_can_be_undone(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    assert settlement.settle_due(now=NOW + UNDO - timedelta(microseconds=1)) == 0
    assert cutoff_of(case).standing == ""
    assert cutoff_of(case).conversation.locked

    assert settlement.settle_due(now=NOW + UNDO) == 1
    assert cutoff_of(case).standing == "overturned"


def test_an_overturned_cutoff_reopens_its_thread(ana: User) -> None:
    case = make_case()
    given = give_verdict(case, ana)
    settled_at = NOW + UNDO
    assert settlement.settle_due(now=settled_at) == 1

    case.refresh_from_db()
    cutoff = cutoff_of(case)
    assert (case.state, case.settle_at) == (CaseState.SETTLED, None)
    assert (cutoff.standing, cutoff.remedy) == ("overturned", "reopen")
    assert cutoff.settled_at == settled_at
    assert cutoff.conversation.state == ConversationState.REOPENED
    entry = LedgerEntry.objects.get(action="case.settled")
    assert entry.details == {"verdict": str(given.pk), "reopened": True}
    assert (entry.agent, entry.at) == ("task:settle", settled_at)


def test_an_upheld_cutoff_stays_locked(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana, "uphold")
    settle(case)
    assert (cutoff_of(case).standing, cutoff_of(case).remedy) == ("upheld", "keep_locked")
    assert cutoff_of(case).conversation.locked


def test_a_cutoff_can_be_overturned_and_stay_locked(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana, remedy="keep_locked", reason_codes=("wrong_category",))
    settle(case)
    assert (cutoff_of(case).standing, cutoff_of(case).remedy) == ("overturned", "keep_locked")
    assert cutoff_of(case).conversation.locked


def test_an_overturn_reopens_only_the_latest_cutoff(ana: User) -> None:
    source, same = make_source(), {"id": "same"}
    earlier = make_case(source, time="2026-11-20T08:00:00Z", conversation=same)
    later = make_case(source, time="2026-11-20T09:00:00Z", conversation=same)

    give_verdict(earlier, ana)
    settle(earlier)
    assert cutoff_of(earlier).standing == "overturned"
    assert Conversation.objects.get().locked

    give_verdict(later, ana)
    settle(later)
    assert not Conversation.objects.get().locked


def test_only_a_new_cutoff_locks_a_reopened_thread(ana: User) -> None:
    source, same = make_source(), {"id": "same"}
    case = make_case(source, time="2026-11-20T08:00:00Z", conversation=same)
    give_verdict(case, ana)
    settle(case)
    make_cutoff(source, time="2026-11-20T07:00:00Z", conversation=same)
    assert not Conversation.objects.get().locked

    make_cutoff(source, time="2026-11-20T09:00:00Z", conversation=same)
    assert Conversation.objects.get().locked


def test_an_undone_verdict_never_settles(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    verdicts.undo(case=case, user=ana, now=NOW)
    settle(case)
    assert case.state == CaseState.OPEN
    assert cutoff_of(case).settled_at is None


def test_the_last_verdict_of_the_round_decides(ana: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana, "overturn")
    give_verdict(case, make_user(Role.REVIEWER), "uphold", now=NOW + timedelta(minutes=1))
    give_verdict(case, make_user(Role.SENIOR), "uphold", now=NOW + timedelta(minutes=2))
    settle(case)
    assert cutoff_of(case).standing == "upheld"


def test_a_near_miss_settles_its_state_and_nothing_else(ana: User) -> None:
    case = make_near_miss_case()
    give_verdict(case, ana, "should_have_ended")
    settle(case)
    cutoff = cutoff_of(case)
    assert case.state == CaseState.SETTLED
    assert (cutoff.standing, cutoff.remedy, cutoff.settled_at) == ("", "", None)
    assert cutoff.conversation.state == ConversationState.OPEN


def test_nothing_is_saved_where_the_ledger_cannot_be_written(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    refuse_ledger_entries("case.settled")
    settle(case)

    assert case.state == CaseState.SETTLING
    assert cutoff_of(case).standing == ""
    assert cutoff_of(case).conversation.locked


def test_what_cannot_settle_keeps_no_other_from_settling(ana: User) -> None:
    broken, sound = make_case(), make_case()
    give_verdict(broken, ana)
    give_verdict(sound, ana, now=NOW + timedelta(minutes=1))
    Case.objects.filter(pk=broken.pk).update(round=7)  # none of its verdicts belongs to it

    assert settlement.settle_due(now=NOW + timedelta(hours=1)) == 1
    broken.refresh_from_db()
    sound.refresh_from_db()
    assert (broken.state, sound.state) == (CaseState.SETTLING, CaseState.SETTLED)


@pytest.mark.django_db(transaction=True)
def test_four_sweeps_at_once_settle_each_case_once() -> None:
    source, ana = make_source(), make_user(Role.REVIEWER)
    for _ in range(5):
        give_verdict(make_case(source), ana)
    sweep = partial(settlement.settle_due, now=NOW + timedelta(hours=1))
    counts = at_once(*[sweep] * 4)

    assert sum(count for count in counts if isinstance(count, int)) == 5, counts
    assert LedgerEntry.objects.filter(action="case.settled").count() == 5
    assert Conversation.objects.filter(state=ConversationState.REOPENED).count() == 5


# --- Holds --------------------------------------------------------------------------------------

EXPIRY = NOW + timedelta(days=90)


def hold(case: Case, *, subject: bool = False) -> LegalHold:
    """A hold on *case*, or on its subject, for 90 days."""
    about = {"matter": "2026-CV-1", "reason": "Letter", "expires_at": EXPIRY, "now": NOW}
    senior, cutoff = make_user(Role.SENIOR), cutoff_of(case)
    if subject:
        person = {"source": cutoff.source, "subject": cutoff.conversation.subject}
        return holds.place_on_subject(user=senior, **person, **about)  # type: ignore[arg-type]
    return holds.place_on_case(cutoff=cutoff, user=senior, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize("subject", [False, True])
def test_nothing_settles_while_a_hold_is_in_force(ana: User, *, subject: bool) -> None:
    case = make_case()
    give_verdict(case, ana)
    hold(case, subject=subject)
    assert settlement.settle_due(now=EXPIRY - timedelta(seconds=1)) == 0
    case.refresh_from_db()
    assert case.state == CaseState.SETTLING
    assert (cutoff_of(case).standing, cutoff_of(case).settled_at) == ("", None)
    assert cutoff_of(case).conversation.locked
    assert not LedgerEntry.objects.filter(action="case.settled").exists()

    assert settlement.settle_due(now=EXPIRY) == 1
    assert cutoff_of(case).standing == "overturned"
    assert not cutoff_of(case).conversation.locked


def test_a_hold_that_is_released_lets_it_settle_on_the_next_sweep(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana, "uphold")
    holds.release(hold=hold(case), user=make_user(Role.SENIOR), now=NOW)
    assert settlement.settle_due(now=NOW + UNDO) == 1
    assert cutoff_of(case).standing == "upheld"


def test_held_cases_keep_no_other_from_settling(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement, "BATCH", 1)
    held, free = make_case(), make_case()
    give_verdict(held, ana)
    hold(held)
    give_verdict(free, ana, now=NOW + timedelta(minutes=1))
    assert settlement.settle_due(now=NOW + timedelta(hours=1)) == 1
    assert cutoff_of(free).standing == "overturned"


def test_what_settled_before_its_hold_stays_settled(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    settle(case)
    hold(case)
    case.refresh_from_db()
    assert case.state == CaseState.SETTLED
    assert not cutoff_of(case).conversation.locked


def test_a_held_case_is_reopened_by_a_senior_alone(ana: User) -> None:
    case = make_case()
    hold(case)
    give_verdict(case, ana)
    assert case.state == CaseState.SECOND_REVIEW
    give_verdict(case, make_user(Role.REVIEWER), now=NOW + timedelta(minutes=1))
    assert case.state == CaseState.ADJUDICATION
    give_verdict(case, make_user(Role.SENIOR), now=NOW + timedelta(minutes=2))
    assert case.state == CaseState.SETTLING
    assert settlement.settle_due(now=EXPIRY) == 1
    assert not cutoff_of(case).conversation.locked


@pytest.mark.parametrize(
    ("role", "remedy"), [(Role.SENIOR, "reopen"), (Role.REVIEWER, "keep_locked")]
)
def test_what_reopens_nothing_or_is_a_seniors_needs_no_other_senior(
    role: Role, remedy: str, ana: User
) -> None:
    case = make_case()
    hold(case)
    give_verdict(case, make_user(role), "overturn", remedy=remedy)
    assert case.state == CaseState.SECOND_REVIEW
    give_verdict(case, ana, "overturn", remedy=remedy)
    assert case.state == CaseState.SETTLING


def test_what_is_upheld_on_hold_needs_nobody_else(ana: User) -> None:
    case = make_case()
    hold(case)
    give_verdict(case, ana, "uphold", remedy="keep_locked")
    assert case.state == CaseState.SETTLING


def test_a_senior_among_two_who_reopen_is_enough(ana: User) -> None:
    case = make_case(double=True)
    hold(case)
    give_verdict(case, make_user(Role.SENIOR))
    give_verdict(case, ana, now=NOW + timedelta(minutes=1))
    assert case.state == CaseState.SETTLING


_WAITING = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def somebody_waits() -> bool:
    """Whether a transaction waits for the lock between holds and what they keep from happening."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return bool(cursor.fetchone()[0])


def wait_for_somebody() -> None:
    """Come back once a transaction waits for that lock."""
    end = time.monotonic() + 30
    while not somebody_waits():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_a_hold_that_comes_while_a_case_settles_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = make_case()
    give_verdict(case, make_user(Role.REVIEWER))
    inside, really = Event(), standing.settle

    def settle_slowly(**said: Any) -> Any:
        inside.set()
        wait_for_somebody()
        return really(**said)

    def place() -> str:
        assert inside.wait(30)
        hold(case)
        return cutoff_of(case).standing

    monkeypatch.setattr(standing, "settle", settle_slowly)
    settled, found = at_once(partial(settlement.settle_due, now=NOW + UNDO), place)
    assert (settled, found) == (1, "overturned")


@pytest.mark.django_db(transaction=True)
def test_a_case_does_not_settle_while_its_hold_is_being_placed() -> None:
    case = make_case()
    give_verdict(case, make_user(Role.REVIEWER))
    placed = Event()

    def place() -> None:
        with transaction.atomic():
            hold(case)
            placed.set()
            wait_for_somebody()

    def sweep() -> int:
        assert placed.wait(30)
        return settlement.settle_due(now=NOW + UNDO)

    outcome, settled = at_once(place, sweep)
    assert (outcome, settled) == (None, 0)
    case.refresh_from_db()
    assert case.state == CaseState.SETTLING
