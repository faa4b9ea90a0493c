"""Verdicts: what they need, what goes with them, and that each is given once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import ProgrammingError, connection, transaction

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim, Verdict, VerdictText
from reviews.services import claims, verdicts
from reviews.services.adjudication import standing_verdicts
from reviews.services.claims import NotHeld
from reviews.transitions import Forbidden
from reviews.vocabulary import CaseState
from tests.concurrency import at_once
from tests.factories import (
    NOW,
    give_verdict,
    make_case,
    make_near_miss_case,
    make_user,
    new_verdict,
    settle,
)

pytestmark = pytest.mark.django_db


def test_a_verdict_moves_the_case_ends_the_claim_and_is_in_the_ledger(ana: User) -> None:
    case = make_case()
    given = give_verdict(case, ana, severity=2, evidence=({"message_id": "m3"},))

    assert case.state == CaseState.SETTLING
    assert case.settle_at is not None
    assert (case.settle_at - NOW).total_seconds() == 30
    assert claims.live_claim(case) is None
    assert given.words.rationale == "It was a story."
    assert (given.severity, given.evidence) == (2, [{"message_id": "m3"}])
    entry = LedgerEntry.objects.get(action="case.decided")
    assert (entry.actor, entry.object_id, entry.at) == (ana, str(case.pk), NOW)
    assert entry.details == {
        "verdict": str(given.pk),
        "decision": "overturn",
        "remedy": "reopen",
        "reason_codes": ["no_prior_warning"],
    }


def test_without_a_claim_there_is_no_verdict(ana: User, ben: User) -> None:
    case = make_case()
    with pytest.raises(NotHeld):
        verdicts.decide(case=case, user=ana, verdict=new_verdict(), now=NOW)
    claims.claim(case=case, user=ben)
    with pytest.raises(NotHeld):
        verdicts.decide(case=case, user=ana, verdict=new_verdict(), now=NOW)
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("decision", {"decision": "right_to_continue", "remedy": ""}),
        ("remedy", {"remedy": ""}),
        ("remedy", {"remedy": "delete"}),
        ("remedy", {"decision": "uphold", "remedy": "reopen"}),
        ("reason_codes", {"reason_codes": ()}),
        ("reason_codes", {"reason_codes": ("persistent_abuse",)}),
        ("reason_codes", {"reason_codes": ("no_such_code",)}),
        ("policy_followed", {"policy_followed": "perhaps"}),
        ("severity", {"severity": 5}),
        ("severity", {"severity": -1}),
        ("category", {"category": "no_such_category"}),
        ("rationale", {"rationale": " \n "}),
        ("rationale", {"rationale": "x" * 10_001}),
    ],
)
def test_what_is_missing_or_wrong_is_named(field: str, changes: dict[str, Any], ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    verdict = new_verdict(**changes)
    with pytest.raises(ValidationError) as refused:
        verdicts.decide(case=case, user=ana, verdict=verdict, now=NOW)
    assert field in refused.value.message_dict
    assert not Verdict.objects.exists()


def test_two_who_agree_settle_the_case(ana: User, ben: User) -> None:
    case = make_case(double=True)
    give_verdict(case, ana)
    assert (case.state, case.settle_at) == (CaseState.SECOND_REVIEW, None)
    give_verdict(case, ben)
    assert case.state == CaseState.SETTLING


def test_two_who_differ_call_for_a_senior(ana: User, ben: User) -> None:
    case, senior = make_case(double=True), make_user(Role.SENIOR)
    give_verdict(case, ana, "overturn")
    give_verdict(case, ben, "uphold", now=NOW + timedelta(minutes=1))
    assert case.state == CaseState.ADJUDICATION
    give_verdict(case, senior, "uphold", now=NOW + timedelta(minutes=2))
    assert case.state == CaseState.SETTLING
    assert [given.reviewer for given in standing_verdicts(case)] == [ana, ben, senior]


def test_undo_takes_the_verdict_back_and_keeps_it(ana: User) -> None:
    case = make_case()
    given = give_verdict(case, ana)
    verdicts.undo(case=case, user=ana, now=NOW)
    case.refresh_from_db()

    assert (case.state, case.settle_at) == (CaseState.OPEN, None)
    assert standing_verdicts(case) == []
    assert Verdict.objects.get() == given
    assert given.withdrawal.at == NOW
    assert LedgerEntry.objects.get(action="case.undone").details == {"verdict": str(given.pk)}
    assert give_verdict(case, ana, "uphold").decision == "uphold"


def test_undo_goes_back_one_step_only(ana: User, ben: User) -> None:
    case, senior = make_case(double=True), make_user(Role.SENIOR)
    give_verdict(case, ana)
    give_verdict(case, ben, now=NOW + timedelta(minutes=1))
    verdicts.undo(case=case, user=ben, now=NOW)
    case.refresh_from_db()
    assert case.state == CaseState.SECOND_REVIEW

    give_verdict(case, ben, "uphold", now=NOW + timedelta(minutes=2))
    give_verdict(case, senior, now=NOW + timedelta(minutes=3))
    verdicts.undo(case=case, user=senior, now=NOW)
    case.refresh_from_db()
    assert case.state == CaseState.ADJUDICATION


def test_undo_is_for_whoever_gave_the_verdict(ana: User, ben: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    with pytest.raises(Forbidden, match="Only whoever gave"):
        verdicts.undo(case=case, user=ben, now=NOW)


def test_there_is_no_undo_once_it_settled(ana: User) -> None:
    case = make_case()
    give_verdict(case, ana)
    settle(case)
    with pytest.raises(Forbidden):
        verdicts.undo(case=case, user=ana, now=NOW)
    assert case.state == CaseState.SETTLED


@pytest.mark.parametrize("decision", ["right_to_continue", "should_have_ended"])
def test_a_near_miss_is_judged_without_a_remedy(decision: str, ana: User) -> None:
    case = make_near_miss_case()
    given = give_verdict(case, ana, decision)
    assert (given.decision, given.remedy) == (decision, "")


@pytest.mark.parametrize(
    ("field", "verdict"),
    [
        ("decision", new_verdict("overturn")),
        ("remedy", new_verdict("right_to_continue", remedy="reopen")),
    ],
)
def test_a_near_miss_takes_no_judgement_of_cutoffs(
    field: str, verdict: verdicts.NewVerdict, ana: User
) -> None:
    case = make_near_miss_case()
    claims.claim(case=case, user=ana)
    with pytest.raises(ValidationError) as refused:
        verdicts.decide(case=case, user=ana, verdict=verdict, now=NOW)
    assert field in refused.value.message_dict


def test_a_repeated_key_gets_the_first_verdict(ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    send = partial(verdicts.decide, case=case, user=ana, now=NOW, idempotency_key="k")
    first = send(verdict=new_verdict("overturn"))
    assert send(verdict=new_verdict("uphold")) == first
    assert Verdict.objects.count() == 1


def test_a_key_belongs_to_one_case_and_one_person(ana: User, ben: User) -> None:
    one, two, three = make_case(), make_case(), make_case()
    for case, user in ((one, ana), (two, ana), (three, ben)):
        claims.claim(case=case, user=user)
    send = partial(verdicts.decide, verdict=new_verdict(), now=NOW, idempotency_key="k")
    send(case=one, user=ana)
    with pytest.raises(Forbidden, match="another case"):
        send(case=two, user=ana)
    assert send(case=three, user=ben).case == three


def test_deciding_needs_the_role_also_with_a_claim(ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    ana.groups.clear()
    with pytest.raises(PermissionDenied):
        verdicts.decide(case=case, user=User.objects.get(pk=ana.pk), verdict=new_verdict(), now=NOW)


def test_nothing_is_saved_where_the_ledger_cannot_be_written(ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    refuse_ledger_entries("case.decided")
    with pytest.raises(ProgrammingError, match="refused"), transaction.atomic():
        verdicts.decide(case=case, user=ana, verdict=new_verdict(), now=NOW)

    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    assert claims.live_claim(case) is not None
    assert not Verdict.objects.exists()
    assert not VerdictText.objects.exists()


def refuse_ledger_entries(action: str) -> None:
    """Make the database refuse ledger entries of *action*, until the test's end rolls it back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_entry() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'refused'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON accounts_ledgerentry FOR EACH ROW"
            f" WHEN (NEW.action = '{action}') EXECUTE FUNCTION refuse_entry()"
        )


@pytest.mark.django_db(transaction=True)
def test_the_same_key_four_times_at_once_is_one_verdict() -> None:
    case, ana = make_case(), make_user(Role.REVIEWER)
    claims.claim(case=case, user=ana)
    send = partial(
        verdicts.decide, case=case, user=ana, verdict=new_verdict(), now=NOW, idempotency_key="k"
    )
    outcomes = at_once(*[send] * 4)

    given = Verdict.objects.get()
    assert outcomes == [given] * 4
    assert LedgerEntry.objects.filter(action="case.decided").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_is_one_answer_also_where_the_case_leaves_ones_reach() -> None:
    case, ben = make_case(double=True), make_user(Role.REVIEWER)
    give_verdict(case, make_user(Role.REVIEWER), "overturn")
    claims.claim(case=case, user=ben)
    send = partial(
        verdicts.decide,
        case=case,
        user=ben,
        verdict=new_verdict("uphold"),
        now=NOW,
        idempotency_key="k",
    )
    outcomes = at_once(*[send] * 4)

    assert Case.objects.get().state == CaseState.ADJUDICATION
    assert outcomes == [Verdict.objects.get(reviewer=ben)] * 4


@pytest.mark.django_db(transaction=True)
def test_two_at_once_without_a_key_give_one_verdict() -> None:
    case, ana = make_case(), make_user(Role.REVIEWER)
    claims.claim(case=case, user=ana)
    send = partial(verdicts.decide, case=case, user=ana, verdict=new_verdict(), now=NOW)
    outcomes = at_once(send, send)

    assert [type(found) for found in outcomes].count(Verdict) == 1, outcomes
    assert [type(found) for found in outcomes].count(NotHeld) == 1, outcomes
    assert Verdict.objects.count() == 1
    assert not Claim.objects.filter(ended_at=None).exists()
