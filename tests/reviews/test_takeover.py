"""A senior takes a case over: its holder learns it, by whom and why, and keeps what they wrote."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim, Takeover
from reviews.services import claims, drafting, takeover, verdicts
from reviews.services.claims import NotHeld
from reviews.transitions import Forbidden
from tests.factories import NOW, give_verdict, make_case, make_user, new_verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    return make_user(Role.SENIOR, name="Sam")


@pytest.fixture
def case(ana: User) -> Case:
    """A case that Ana holds."""
    case = make_case()
    claims.claim(case=case, user=ana)
    return case


def test_the_senior_holds_it_and_the_former_holder_does_not(
    case: Case, ana: User, sam: User
) -> None:
    taken = takeover.take_over(case=case, user=sam, reason=" A deadline. ", now=NOW)

    assert claims.live_claim(case) == taken
    assert claims.heartbeat(case=case, user=ana) is None
    with pytest.raises(NotHeld):
        verdicts.decide(case=case, user=ana, verdict=new_verdict(), now=NOW)
    how = takeover.lost(case=case, user=ana)
    assert how is not None
    assert how.takeover is not None
    assert (how.takeover.by, how.takeover.reason) == (sam, "A deadline.")
    assert LedgerEntry.objects.get(action="case.taken_over").actor == sam


def test_what_was_written_stays_a_draft(case: Case, ana: User, sam: User) -> None:
    drafting.save_draft(case=case, user=ana, content={"rationale": ["It was"]}, now=NOW)
    takeover.take_over(case=case, user=sam, reason="A deadline.", now=NOW)

    assert drafting.save_draft(case=case, user=ana, content={"rationale": ["It was a"]}, now=NOW)
    draft = drafting.draft_of(case=case, user=ana)
    assert draft is not None
    assert draft.content["rationale"] == "It was a"
    assert drafting.draft_of(case=case, user=sam) is None


def test_only_seniors_take_over_and_for_a_reason(case: Case, ana: User, sam: User) -> None:
    with pytest.raises(PermissionDenied):
        takeover.take_over(case=case, user=make_user(Role.REVIEWER), reason="Mine.", now=NOW)
    with pytest.raises(ValidationError):
        takeover.take_over(case=case, user=sam, reason="  ", now=NOW)
    assert claims.heartbeat(case=case, user=ana)
    assert not Takeover.objects.exists()


def test_what_nobody_holds_is_claimed_and_ones_own_stays(case: Case, ana: User, sam: User) -> None:
    claims.release(case=case, user=ana)
    with pytest.raises(Forbidden, match="Nobody holds"):
        takeover.take_over(case=case, user=sam, reason="Mine.", now=NOW)
    own = claims.claim(case=case, user=sam)
    assert takeover.take_over(case=case, user=sam, reason="Mine.", now=NOW) == own
    assert not Takeover.objects.exists()


def test_whoever_may_not_decide_takes_nothing_over(ana: User, sam: User) -> None:
    case = make_case(double=True)
    give_verdict(case, sam)
    claims.claim(case=case, user=ana)
    with pytest.raises(Forbidden):
        takeover.take_over(case=case, user=sam, reason="Mine.", now=NOW)
    assert claims.heartbeat(case=case, user=ana)
    assert Claim.objects.live().count() == 1


def test_the_page_says_who_took_it_and_why(
    client: Client, case: Case, ana: User, sam: User
) -> None:
    client.force_login(ana)
    assert client.get(f"/cases/{case.number}/lost").status_code == 204
    takeover.take_over(case=case, user=sam, reason="A deadline.", now=NOW)

    answer = client.get(f"/cases/{case.number}/lost")
    assert answer.status_code == 286
    assert "Sam has taken this case over" in answer.text
    assert "A deadline." in answer.text
    assert client.post(f"/cases/{case.number}/heartbeat").status_code == 409


def test_from_the_page_of_a_case_that_another_holds(client: Client, case: Case, sam: User) -> None:
    client.force_login(sam)
    assert f"/cases/{case.number}/out/take-over" in client.get(f"/cases/{case.number}").text
    client.post(f"/cases/{case.number}/out/take-over", {"reason": "A deadline."})

    held = claims.live_claim(case)
    assert held is not None
    assert held.reviewer == sam


def test_reviewers_are_not_offered_it(client: Client, case: Case) -> None:
    client.force_login(make_user(Role.REVIEWER))
    assert "take-over" not in client.get(f"/cases/{case.number}").text
    posted = client.post(f"/cases/{case.number}/out/take-over", {"reason": "Mine."})
    assert posted.status_code == 403
