"""Two at once on one case: one way out is taken, whole, and the other is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import combinations_with_replacement
from typing import Any
from unittest.mock import patch

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim, Deferral, Escalation, ShiftEnd, Skip, Takeover, Verdict
from reviews.services import (
    claims,
    deferring,
    drafting,
    escalating,
    leaving,
    reclassifying,
    shifts,
    skipping,
    takeover,
    verdicts,
)
from reviews.services.claims import HeldByAnother, NotHeld
from reviews.transitions import CLAIMABLE, Forbidden
from reviews.vocabulary import Area, CaseState
from tests.concurrency import at_once
from tests.factories import NOW, make_case, make_user, new_verdict

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = (NotHeld, HeldByAnother, Forbidden)


def held(user: User) -> Case:
    case = make_case()
    claims.claim(case=case, user=user)
    return case


def the_ways(case: Case, user: User) -> dict[str, Callable[[], Any]]:
    """What whoever holds *case* can do with it, once."""
    on: dict[str, Any] = {"case": case, "user": user, "now": timezone.now()}
    until = timezone.now() + timedelta(hours=1)
    return {
        "skip": partial(skipping.skip, **on),
        "defer": partial(deferring.defer, **on, until=until),
        "escalate": partial(escalating.escalate, **on, area="legal", question="May we?"),
        "decide": partial(verdicts.decide, **on, verdict=new_verdict()),
        "pass on": partial(skipping.signal_unclear, **on, doubt="silent", pass_on=True),
    }


def check_whole(case: Case) -> None:
    """What the rows say of *case* fits together."""
    case.refresh_from_db()
    assert Deferral.objects.filter(ended_at=None).count() == (case.state == CaseState.DEFERRED)
    assert Escalation.objects.filter(ended_at=None).count() == (case.state == CaseState.ESCALATED)
    assert Verdict.objects.count() == (case.state == CaseState.SETTLING)
    assert case.state in CLAIMABLE or not Claim.objects.live().exists()


@pytest.mark.parametrize(
    ("first", "second"),
    list(combinations_with_replacement(["skip", "defer", "escalate", "decide"], 2)),
)
def test_of_two_ways_out_at_once_one_is_taken(ana: User, first: str, second: str) -> None:
    case = held(ana)
    ways = the_ways(case, ana)
    outcomes = at_once(ways[first], ways[second])

    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(refused) == 1, outcomes
    assert isinstance(refused[0], REFUSED), outcomes
    check_whole(case)
    taken = {"case.skipped", "case.deferred", "case.escalated", "case.decided", "case.unclear"}
    assert LedgerEntry.objects.filter(action__in=taken).count() == 1


def test_a_heartbeat_racing_a_takeover_never_keeps_the_case(ana: User) -> None:
    sam = make_user(Role.SENIOR)
    for _ in range(5):
        case = held(ana)
        beat, taken = at_once(
            partial(claims.heartbeat, case=case, user=ana),
            partial(takeover.take_over, case=case, user=sam, reason="A deadline.", now=NOW),
        )
        assert isinstance(taken, Claim)
        assert not isinstance(beat, Exception)
        assert claims.live_claim(case) == taken
        assert claims.heartbeat(case=case, user=ana) is None
        claims.release(case=case, user=sam)


def test_a_verdict_racing_a_takeover_is_whole_or_refused(ana: User) -> None:
    sam = make_user(Role.SENIOR)
    case = held(ana)
    given, taken = at_once(
        the_ways(case, ana)["decide"],
        partial(takeover.take_over, case=case, user=sam, reason="A deadline.", now=NOW),
    )
    if isinstance(given, Verdict):
        assert isinstance(taken, Forbidden), taken
        assert not Takeover.objects.exists()
    else:
        assert isinstance(given, NotHeld), given
        assert isinstance(taken, Claim)
    check_whole(case)


def test_two_seniors_at_once_leave_one_holder(ana: User) -> None:
    case = held(ana)
    seniors = [make_user(Role.SENIOR) for _ in range(4)]
    act = partial(takeover.take_over, case=case, reason="A deadline.", now=NOW)
    taken = at_once(*(partial(act, user=user) for user in seniors))

    assert all(isinstance(claim, Claim) for claim in taken), taken
    assert Claim.objects.live().count() == 1
    # One after the other: each took it from the one before, who learns of it.
    assert Takeover.objects.count() == 4


def test_a_lease_that_runs_out_while_somebody_writes_loses_nothing(ana: User) -> None:
    case = held(ana)
    drafting.save_draft(case=case, user=ana, content={"rationale": ["It was"]}, now=NOW)
    past = Now() - timedelta(minutes=10)
    Claim.objects.update(claimed_at=past, expires_at=past)
    ben = make_user(Role.REVIEWER)
    given, heir = at_once(the_ways(case, ana)["decide"], partial(claims.claim_next, user=ben))

    assert isinstance(given, NotHeld), given
    assert isinstance(heir, Claim)
    assert drafting.draft_of(case=case, user=ana)
    check_whole(case)


@pytest.mark.parametrize("way", ["skip", "defer", "escalate"])
def test_a_double_click_does_it_once(ana: User, way: str) -> None:
    case = held(ana)
    outcomes = at_once(*[the_ways(case, ana)[way]] * 4)

    assert len([one for one in outcomes if isinstance(one, NotHeld)]) == 3, outcomes
    check_whole(case)


def test_two_sweeps_bring_a_case_back_once(ana: User) -> None:
    case = held(ana)
    past = timezone.now() - timedelta(hours=2)
    deferring.defer(case=case, user=ana, until=past + timedelta(hours=1), now=past)
    sweep = partial(deferring.resume_due, now=timezone.now())
    back = at_once(*[sweep] * 3, partial(deferring.resume, case=case, user=ana, now=NOW))

    done = sum(one for one in back[:3] if isinstance(one, int))
    assert done + (back[3] is None) == 1, back
    assert LedgerEntry.objects.filter(action="case.resumed").count() == 1
    check_whole(case)


def test_of_a_team_one_takes_the_question_and_one_answers(ana: User) -> None:
    case = held(ana)
    the_ways(case, ana)["escalate"]()
    team = [make_user(Role.REVIEWER, qualified=[Area.LEGAL]) for _ in range(4)]
    act = partial(escalating.answer, case=case, text="Yes.", now=NOW)
    outcomes = at_once(*(partial(act, user=user) for user in team))

    assert len([one for one in outcomes if isinstance(one, Escalation)]) == 1, outcomes
    assert len([one for one in outcomes if isinstance(one, Forbidden)]) == 3, outcomes
    check_whole(case)


def test_a_shift_that_ends_twice_at_once_ends_once(ana: User) -> None:
    held(ana)
    case = held(ana)
    the_ways(case, ana)["defer"]()
    ended = at_once(*[partial(shifts.end_shift, user=ana, now=timezone.now())] * 3)

    assert not [one for one in ended if isinstance(one, Exception)], ended
    (row,) = ShiftEnd.objects.all()
    assert (len(row.released), len(row.handed_on)) == (1, 1)
    assert not Claim.objects.live().exists()


def test_the_end_of_a_shift_racing_the_sweep_and_a_verdict(ana: User) -> None:
    case = held(ana)
    now = timezone.now()
    outcomes = at_once(
        partial(shifts.end_shift, user=ana, now=now),
        the_ways(case, ana)["decide"],
        partial(deferring.resume_due, now=now),
    )
    assert not [
        one for one in outcomes if isinstance(one, Exception) and not isinstance(one, NotHeld)
    ]
    check_whole(case)


@pytest.mark.parametrize("way", ["skip", "defer", "escalate", "pass on", "reclassify", "end shift"])
def test_what_dies_before_its_ledger_line_leaves_no_half_state(ana: User, way: str) -> None:
    case = held(ana)
    ways = the_ways(case, ana) | {
        "reclassify": partial(
            reclassifying.reclassify, case=case, user=ana, category="hate", now=NOW
        ),
        "end shift": partial(shifts.end_shift, user=ana, now=timezone.now()),
    }
    # The last thing that each of them does: what is not written then is written nowhere.
    with (
        patch.object(leaving, "record", side_effect=RuntimeError),
        patch.object(shifts, "record", side_effect=RuntimeError),
        pytest.raises(RuntimeError),
    ):
        ways[way]()

    before = case.category
    case.refresh_from_db()
    assert (case.state, case.category) == (CaseState.OPEN, before)
    assert claims.live_claim(case)
    for model in (Skip, Deferral, Escalation, ShiftEnd):
        assert not model.objects.exists()
