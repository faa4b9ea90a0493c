"""Asking a team: its page, its answer, and what child safety keeps out of sight."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim, Escalation
from reviews.services import claims, escalating, verdicts
from reviews.services.claims import HeldByAnother
from reviews.transitions import Forbidden
from reviews.vocabulary import Area, CaseState, Queue
from tests.factories import NOW, give_verdict, make_case, make_user, new_verdict

pytestmark = pytest.mark.django_db


def of_team(area: Area, *roles: Role, name: str = "Kim") -> User:
    return make_user(*(roles or (Role.REVIEWER,)), name=name, qualified=[area])


@pytest.fixture
def lawyer() -> User:
    return of_team(Area.LEGAL)


def asked(user: User, area: Area = Area.LEGAL, *, double: bool = False) -> Case:
    """A case about which *user* has asked a team."""
    case = make_case(double=double)
    claims.claim(case=case, user=user)
    escalating.escalate(case=case, user=user, area=area, question=" May we? ", now=NOW)
    case.refresh_from_db()
    return case


def test_the_case_waits_for_the_team_and_for_nobody_else(ana: User, lawyer: User) -> None:
    case = asked(ana)

    assert case.state == CaseState.ESCALATED
    assert not Claim.objects.live().exists()
    assert claims.claim_next(user=ana) is None
    with pytest.raises(Forbidden):
        claims.claim(case=case, user=lawyer)
    (question,) = escalating.waiting_for(lawyer)
    assert (question.question, question.asked_by) == ("May we?", ana)
    assert question.due_at == NOW + timedelta(hours=48)
    assert not escalating.waiting_for(of_team(Area.SECURITY)).exists()
    assert "May we?" not in str(LedgerEntry.objects.values_list("details", flat=True))


def test_the_answer_brings_the_case_back_first_for_whoever_asked(ana: User, lawyer: User) -> None:
    case = asked(ana)
    ben = make_user(Role.REVIEWER)
    escalating.accept(case=case, user=lawyer, now=NOW)
    escalating.answer(case=case, user=lawyer, text="Yes.", now=NOW)

    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    question = Escalation.objects.get()
    assert (question.end, question.answer, question.ended_by) == ("answered", "Yes.", lawyer)
    own = claims.claim_next(user=ana)
    assert own is not None
    assert own.case_id == case.pk
    claims.release(case=case, user=ana)
    # Others are dealt it later: nothing but time passes.
    assert case.reservation.reviewer == ana
    assert claims.claim(case=case, user=ben)


def test_a_second_review_comes_back_as_one(ana: User, lawyer: User) -> None:
    case = make_case(double=True)
    give_verdict(case, make_user(Role.REVIEWER))
    claims.claim(case=case, user=ana)
    escalating.escalate(case=case, user=ana, area="legal", question="May we?", now=NOW)
    escalating.send_back(case=case, user=lawyer, text="Not ours.", now=NOW)

    case.refresh_from_db()
    assert case.state == CaseState.SECOND_REVIEW
    assert Escalation.objects.get().end == "returned"


def test_one_of_the_team_takes_it_and_no_other_answers(ana: User, lawyer: User) -> None:
    case = asked(ana)
    escalating.accept(case=case, user=lawyer, now=NOW)
    other = of_team(Area.LEGAL, name="Lou")
    for act in (escalating.answer, escalating.send_back):
        with pytest.raises(Forbidden, match="Kim has taken"):
            act(case=case, user=other, text="No.", now=NOW)
    with pytest.raises(Forbidden, match="Kim has taken"):
        escalating.accept(case=case, user=other, now=NOW)
    assert escalating.accept(case=case, user=lawyer, now=NOW).taken_by == lawyer
    assert LedgerEntry.objects.filter(action="case.accepted").count() == 1


def test_nobody_but_the_team_acts_and_not_whoever_asked(lawyer: User) -> None:
    case = asked(lawyer)
    for user in (lawyer, make_user(Role.SENIOR), of_team(Area.CRISIS)):
        with pytest.raises(PermissionDenied):
            escalating.accept(case=case, user=user, now=NOW)
        with pytest.raises(PermissionDenied):
            escalating.answer(case=case, user=user, text="Yes.", now=NOW)


def test_child_safety_is_out_of_sight_from_that_moment(ana: User) -> None:
    case = asked(ana, Area.CHILD_SAFETY)
    team = of_team(Area.CHILD_SAFETY)

    assert case.queue == Queue.CHILD_SAFETY
    assert not Case.objects.listed_for(ana).filter(pk=case.pk).exists()
    escalating.answer(case=case, user=team, text="Ours.", now=NOW)
    case.refresh_from_db()
    assert (case.state, case.queue) == (CaseState.OPEN, Queue.CHILD_SAFETY)
    assert claims.claim_next(user=ana) is None


def test_what_child_safety_returns_is_in_its_old_queue(ana: User) -> None:
    case = asked(ana, Area.CHILD_SAFETY)
    team = of_team(Area.CHILD_SAFETY)
    escalating.send_back(case=case, user=team, text="An adult.", now=NOW)

    case.refresh_from_db()
    assert case.queue == Queue.GENERAL
    assert Case.objects.listed_for(ana).filter(pk=case.pk).exists()
    own = claims.claim_next(user=ana)
    assert own is not None
    assert own.case_id == case.pk


def test_until_somebody_takes_it_the_question_can_be_withdrawn(ana: User, lawyer: User) -> None:
    first, second = asked(ana), asked(ana)
    with pytest.raises(Forbidden, match="Only whoever asked"):
        escalating.withdraw(case=first, user=lawyer, now=NOW)
    escalating.withdraw(case=first, user=ana, now=NOW)
    first.refresh_from_db()
    assert first.state == CaseState.OPEN
    escalating.accept(case=second, user=lawyer, now=NOW)
    with pytest.raises(Forbidden, match="has taken your question"):
        escalating.withdraw(case=second, user=ana, now=NOW)


@pytest.mark.parametrize(
    ("area", "question"),
    [("", "May we?"), ("kitchen", "May we?"), ("legal", " "), ("legal", "x" * 2001)],
)
def test_a_team_and_a_question_are_needed(ana: User, area: str, question: str) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    with pytest.raises(ValidationError):
        escalating.escalate(case=case, user=ana, area=area, question=question, now=NOW)
    assert claims.live_claim(case)
    assert not Escalation.objects.exists()


def test_only_the_holder_asks(ana: User, lawyer: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    with pytest.raises(HeldByAnother):
        escalating.escalate(case=case, user=lawyer, area="legal", question="?", now=NOW)


def test_what_a_team_answered_on_is_reopened_by_its_seniors_alone(ana: User, lawyer: User) -> None:
    case = asked(ana, double=True)
    escalating.answer(case=case, user=lawyer, text="Yes.", now=NOW)
    case.refresh_from_db()
    give_verdict(case, ana, "overturn")
    assert case.state == CaseState.SECOND_REVIEW
    give_verdict(case, make_user(Role.REVIEWER), "overturn")
    assert case.state == CaseState.ADJUDICATION

    senior = make_user(Role.SENIOR)
    claims.claim(case=case, user=senior)
    with pytest.raises(ValidationError, match="qualified for legal"):
        verdicts.decide(case=case, user=senior, verdict=new_verdict("overturn"), now=NOW)
    claims.release(case=case, user=senior)
    give_verdict(case, of_team(Area.LEGAL, Role.SENIOR), "overturn")
    assert case.state == CaseState.SETTLING


def test_without_reopening_any_senior_has_the_last_word(ana: User, lawyer: User) -> None:
    case = asked(ana, double=True)
    escalating.answer(case=case, user=lawyer, text="No.", now=NOW)
    case.refresh_from_db()
    give_verdict(case, ana, "overturn")
    give_verdict(case, make_user(Role.REVIEWER), "uphold")
    give_verdict(case, make_user(Role.SENIOR), "overturn", remedy="keep_locked")
    assert case.state == CaseState.SETTLING
