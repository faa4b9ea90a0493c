"""Passing a case on: it goes to somebody else, and is no review."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case, Claim, Skip, UnclearSignal
from reviews.services import claims, skipping
from reviews.services.claims import HeldByAnother, NotHeld
from reviews.vocabulary import CaseState
from tests.factories import NOW, give_verdict, make_case, make_user, settle
from tests.reviews.pages import actions

pytestmark = pytest.mark.django_db


def held(user: User) -> Case:
    case = make_case()
    claims.claim(case=case, user=user)
    return case


def test_a_skipped_case_goes_to_somebody_else_and_never_back(ana: User, ben: User) -> None:
    case = held(ana)
    skipping.skip(case=case, user=ana, now=NOW)

    assert claims.claim_next(user=ana) is None
    taken = claims.claim_next(user=ben)
    assert taken is not None
    assert taken.case_id == case.pk
    claims.release(case=case, user=ben)
    assert claims.claim_next(user=ana) is None


def test_by_hand_it_can_be_taken_back_and_is_dealt_again(ana: User) -> None:
    case = held(ana)
    skipping.skip(case=case, user=ana, now=NOW)
    claims.claim(case=case, user=ana)
    claims.release(case=case, user=ana)

    assert not Skip.objects.exists()
    assert claims.claim_next(user=ana) is not None


def test_a_reason_is_optional_and_stays_out_of_the_ledger(ana: User) -> None:
    case = held(ana)
    skipping.skip(case=case, user=ana, now=NOW, reason="heavy")

    assert Skip.objects.get().reason == "heavy"
    assert LedgerEntry.objects.get(action="case.skipped").details == {}


def test_an_unknown_reason_skips_nothing(ana: User) -> None:
    case = held(ana)
    with pytest.raises(ValidationError):
        skipping.skip(case=case, user=ana, now=NOW, reason="rain")
    assert claims.live_claim(case)


def test_only_the_holder_skips(ana: User, ben: User) -> None:
    case = held(ana)
    with pytest.raises(HeldByAnother):
        skipping.skip(case=case, user=ben, now=NOW)
    claims.release(case=case, user=ana)
    with pytest.raises(NotHeld):
        skipping.skip(case=case, user=ana, now=NOW)
    assert not Skip.objects.exists()


def test_a_skipped_audit_is_missing_until_somebody_else_decides(ana: User, ben: User) -> None:
    case = held(ana)
    Cutoff.objects.filter(pk=case.pk).update(in_audit=True)
    skipping.skip(case=case, user=ana, now=NOW)
    settle(case)

    cutoff = Cutoff.objects.get(pk=case.pk)
    assert (cutoff.first_review, cutoff.first_reviewed_at) == (None, None)
    assert case.state == CaseState.OPEN
    give_verdict(case, ben)
    settle(case)
    assert Cutoff.objects.get(pk=case.pk).first_reviewed_at is not None


def test_hard_to_judge_is_kept_with_category_and_version(ana: User) -> None:
    case = held(ana)
    skipping.signal_unclear(case=case, user=ana, doubt="silent", text=" Of games? ", now=NOW)

    signal = UnclearSignal.objects.get()
    assert (signal.note, signal.category) == ("Of games?", case.category)
    assert signal.policy_version == case.policy_version
    assert claims.live_claim(case)
    entry = LedgerEntry.objects.get(action="case.unclear")
    assert entry.details == {"doubt": "silent", "passed_on": False}


def test_hard_to_judge_can_pass_the_case_on(ana: User) -> None:
    case = held(ana)
    skipping.signal_unclear(case=case, user=ana, doubt="silent", pass_on=True, now=NOW)

    assert not Claim.objects.live().exists()
    assert claims.claim_next(user=ana) is None
    assert not case.verdicts.exists()


def test_said_twice_it_counts_once(ana: User) -> None:
    case = held(ana)
    for doubt in ("silent", "threshold"):
        skipping.signal_unclear(case=case, user=ana, doubt=doubt, now=NOW)

    (group,) = skipping.unclear_counts(user=ana, now=NOW)
    assert (group.signals, group.doubts) == (1, [("It hangs on where a threshold lies", 1)])
    assert actions(case).count("case.unclear") == 2


@pytest.mark.parametrize(("doubt", "text"), [("", ""), ("rain", ""), ("silent", "x" * 2001)])
def test_what_is_unclear_must_be_said(ana: User, doubt: str, text: str) -> None:
    case = held(ana)
    with pytest.raises(ValidationError):
        skipping.signal_unclear(case=case, user=ana, doubt=doubt, text=text, now=NOW)
    assert not UnclearSignal.objects.exists()


def test_counts_are_of_90_days_and_of_what_one_may_know(ana: User) -> None:
    senior = make_user(Role.SENIOR)
    old, recent = held(ana), held(ana)
    restricted = make_case(cutoff={"category": "child_sexual_exploitation"})
    for case, at in (
        (old, NOW - timedelta(days=91)),
        (recent, NOW),
        (restricted, NOW),
    ):
        UnclearSignal.objects.create(
            case=case, reviewer=senior, doubt="silent", category=case.category,
            policy_version=1, at=at,
        )  # fmt: skip
    (group,) = skipping.unclear_counts(user=ana, now=NOW)
    assert (group.category, group.signals) == (recent.category, 1)


def test_what_was_assigned_to_the_one_who_skips_goes_to_others(ana: User, ben: User) -> None:
    case = make_case()
    Case.objects.filter(pk=case.pk).update(assignee=ana)
    claims.claim(case=case, user=ana)
    skipping.skip(case=case, user=ana, now=NOW)
    taken = claims.claim_next(user=ben)
    assert taken is not None
    assert taken.case_id == case.pk
