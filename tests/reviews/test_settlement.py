"""Settling: when the undo time is over, everything takes effect together."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Conversation, Cutoff
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
