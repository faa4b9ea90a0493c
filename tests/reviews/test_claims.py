"""Claims: one reviewer's lease on a case, whoever comes and however many at once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim
from reviews.services import claims, verdicts
from reviews.services.claims import HeldByAnother, NotHeld
from reviews.transitions import Forbidden
from reviews.vocabulary import Area, CaseState, Queue, Reason
from tests.concurrency import at_once
from tests.factories import NOW, give_verdict, make_case, make_source, make_user, new_verdict

pytestmark = pytest.mark.django_db


def run_out(case: Case) -> None:
    """Move the lease on *case* into the past."""
    past = Now() - timedelta(minutes=10)
    changed = Claim.objects.filter(case=case, ended_at=None).update(
        claimed_at=past, expires_at=past
    )
    assert changed == 1


def test_a_claim_is_a_lease_with_a_line_in_the_ledger(ana: User) -> None:
    case = make_case()
    claim = claims.claim(case=case, user=ana)

    assert claim.expires_at - claim.claimed_at == timedelta(minutes=10)
    assert claims.live_claim(case) == claim
    assert claims.held_by(ana) == claim
    entry = LedgerEntry.objects.get(action="case.claimed")
    assert (entry.actor, entry.object_id) == (ana, str(case.pk))


def test_claiming_again_keeps_the_claim(ana: User) -> None:
    case = make_case()
    assert claims.claim(case=case, user=ana) == claims.claim(case=case, user=ana)
    assert LedgerEntry.objects.filter(action="case.claimed").count() == 1


def test_another_is_told_who_holds_it(ana: User, ben: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    with pytest.raises(HeldByAnother, match="Ana holds this case") as refused:
        claims.claim(case=case, user=ben)
    assert refused.value.claim.reviewer == ana


def test_a_heartbeat_renews_the_lease(ana: User) -> None:
    case = make_case()
    claim = claims.claim(case=case, user=ana)
    Claim.objects.filter(pk=claim.pk).update(expires_at=Now() + timedelta(seconds=5))
    renewed = claims.heartbeat(case=case, user=ana)

    assert renewed is not None
    assert renewed.expires_at > claim.claimed_at + timedelta(minutes=9)


def test_a_lease_that_ran_out_is_anothers_and_the_old_holder_is_refused(
    ana: User, ben: User
) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    run_out(case)

    assert claims.heartbeat(case=case, user=ana) is None
    taken = claims.claim_next(user=ben)
    assert taken is not None
    assert taken.case_id == case.pk
    with pytest.raises(NotHeld):
        verdicts.decide(case=case, user=ana, verdict=new_verdict(), now=NOW)
    assert claims.heartbeat(case=case, user=ana) is None
    assert not case.verdicts.exists()


def test_release_gives_the_case_back(ana: User, ben: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)

    assert not claims.release(case=case, user=ben)
    assert claims.release(case=case, user=ana)
    assert not claims.release(case=case, user=ana)
    assert claims.claim(case=case, user=ben).reviewer == ben
    assert LedgerEntry.objects.filter(action="case.released", actor=ana).count() == 1


def test_claim_next_takes_the_most_urgent_and_keeps_to_it(ana: User, ben: User) -> None:
    ordinary = make_case()
    breach = make_case(signals={"warnings": 0})
    first = claims.claim_next(user=ana)
    assert first is not None
    assert first.case_id == breach.pk
    assert claims.claim_next(user=ana) == first
    second = claims.claim_next(user=ben)
    assert second is not None
    assert second.case_id == ordinary.pk


def test_claim_next_from_one_queue() -> None:
    ana = make_user(Role.REVIEWER, qualified=[Area.CRISIS])
    make_case(signals={"warnings": 0})
    crisis = make_case(signals={"risk_self": 0.9})
    found = claims.claim_next(user=ana, queue=Queue.CRISIS)
    assert found is not None
    assert found.case_id == crisis.pk
    claims.release(case=crisis, user=ana)
    assert claims.claim_next(user=ana, queue=Queue.APPEALS) is None


def test_child_safety_is_for_the_qualified(ana: User) -> None:
    case = make_case(cutoff={"category": "child_sexual_exploitation"})
    assert claims.claim_next(user=ana) is None
    with pytest.raises(PermissionDenied):
        claims.claim(case=case, user=ana)
    assert claims.claim_next(user=make_user(Role.SENIOR)) is None
    found = claims.claim_next(user=make_user(Role.REVIEWER, qualified=[Area.CHILD_SAFETY]))
    assert found is not None
    assert found.case_id == case.pk


def test_crisis_is_dealt_to_and_claimed_by_the_qualified_alone(ana: User) -> None:
    case = make_case(signals={"risk_self": 0.9})
    assert case not in Case.objects.listed_for(ana)
    assert claims.claim_next(user=ana) is None
    assert claims.claim_next(user=ana, queue=Queue.CRISIS) is None
    with pytest.raises(PermissionDenied):
        claims.claim(case=case, user=ana)
    found = claims.claim_next(user=make_user(Role.REVIEWER, qualified=[Area.CRISIS]))
    assert found is not None
    assert found.case_id == case.pk


@pytest.mark.parametrize("role", [Role.POLICY_ADMIN, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_reviewers_claim(role: Role) -> None:
    case, user = make_case(), make_user(role)
    with pytest.raises(PermissionDenied):
        claims.claim(case=case, user=user)
    with pytest.raises(PermissionDenied):
        claims.claim_next(user=user)


def test_claiming_what_nobody_selected_selects_it(ana: User) -> None:
    case = make_case(opened=False)
    Case.objects.filter(pk=case.pk).update(state=CaseState.UNSELECTED, selected=False)
    claims.claim(case=case, user=ana)
    case.refresh_from_db()

    assert (case.state, case.selected) == (CaseState.OPEN, True)
    assert case.selections.filter(reason=Reason.CHOSEN).exists()


def test_a_settling_case_has_nothing_to_decide(ana: User, ben: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    with pytest.raises(Forbidden, match="nothing to decide"):
        claims.claim(case=case, user=ben)


def test_the_second_review_is_not_for_the_first_reviewer(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana)

    assert case.state == CaseState.SECOND_REVIEW
    assert claims.claim_next(user=ana) is None
    with pytest.raises(Forbidden, match="another"):
        claims.claim(case=case, user=ana)
    assert claims.claim(case=case, user=ben)


def test_adjudication_is_for_seniors(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana, "overturn")
    give_verdict(case, ben, "uphold")

    assert case.state == CaseState.ADJUDICATION
    third = make_user(Role.REVIEWER)
    assert claims.claim_next(user=third) is None
    with pytest.raises(PermissionDenied):
        claims.claim(case=case, user=third)
    found = claims.claim_next(user=make_user(Role.SENIOR))
    assert found is not None
    assert found.case_id == case.pk


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_never_get_the_same_case() -> None:
    source = make_source()
    cases = {make_case(source).pk for _ in range(20)}
    users = [make_user(Role.REVIEWER) for _ in range(8)]
    taken = at_once(*(partial(claims.claim_next, user=user) for user in users))

    assert all(isinstance(claim, Claim) for claim in taken), taken
    ids = [claim.case_id for claim in taken if isinstance(claim, Claim)]
    assert len(set(ids)) == 8
    assert set(ids) <= cases
    assert Claim.objects.filter(ended_at=None).count() == 8


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_over_five_cases_take_all_five() -> None:
    source = make_source()
    for _ in range(5):
        make_case(source)
    users = [make_user(Role.REVIEWER) for _ in range(8)]
    taken = at_once(*(partial(claims.claim_next, user=user) for user in users))

    assert not [claim for claim in taken if isinstance(claim, Exception)]
    ids = [claim.case_id for claim in taken if isinstance(claim, Claim)]
    assert len(ids) == len(set(ids)) == Claim.objects.filter(ended_at=None).count() == 5


@pytest.mark.django_db(transaction=True)
def test_one_case_wanted_by_eight_has_one_holder() -> None:
    case = make_case()
    users = [make_user(Role.REVIEWER) for _ in range(8)]
    outcomes = at_once(*(partial(claims.claim, case=case, user=user) for user in users))

    (winner,) = [found for found in outcomes if isinstance(found, Claim)]
    refused = [found for found in outcomes if isinstance(found, HeldByAnother)]
    assert len(refused) == 7, outcomes
    assert {error.claim.pk for error in refused} == {winner.pk}


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_ran_out_has_one_heir() -> None:
    case = make_case()
    claims.claim(case=case, user=make_user(Role.REVIEWER))
    run_out(case)
    users = [make_user(Role.REVIEWER) for _ in range(8)]
    outcomes = at_once(*(partial(claims.claim_next, user=user) for user in users))

    assert not [found for found in outcomes if isinstance(found, Exception)]
    assert len([found for found in outcomes if isinstance(found, Claim)]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_double_click_takes_one_case() -> None:
    source, user = make_source(), make_user(Role.REVIEWER)
    for _ in range(4):
        make_case(source)
    taken = at_once(*[partial(claims.claim_next, user=user)] * 4)

    assert len({claim.pk for claim in taken if isinstance(claim, Claim)}) == 1, taken
    assert Claim.objects.filter(ended_at=None).count() == 1
