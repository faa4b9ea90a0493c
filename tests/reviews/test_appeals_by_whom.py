"""An appeal is decided by somebody who took no part in its case before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case, Claim, UnclearSignal
from reviews.services import (
    claims,
    deferring,
    escalating,
    notes,
    reclassifying,
    skipping,
    verdicts,
)
from reviews.services.reading import open_case
from reviews.services.stuck import appeals_alone
from reviews.transitions import Forbidden
from reviews.visibility import Text
from reviews.vocabulary import Area, Doubt
from tests.factories import NOW, give_verdict, hear, make_case, make_user, settle

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER)


def test_whoever_asked_a_team_or_answered_before_it_took_part() -> None:
    case, ana = make_case(), make_user(Role.REVIEWER)
    lea, ben = make_user(Role.REVIEWER, qualified=[Area.LEGAL]), make_user(Role.REVIEWER)
    claims.claim(case=case, user=ana)
    escalating.escalate(case=case, user=ana, area=Area.LEGAL, question="May we?", now=NOW)
    escalating.accept(case=case, user=lea, now=NOW)
    escalating.answer(case=case, user=lea, text="You may.", now=NOW)
    for user in (ana, lea, ben):
        assert Case.objects.decidable_by(user).exists(), "no appeal yet"

    hear(case, appeal=True, now=NOW + SECOND)
    assert [Case.objects.decidable_by(user).exists() for user in (ana, lea, ben)] == [
        False,
        False,
        True,
    ]


def _reclassify(case: Case, user: User, now: datetime) -> None:
    reclassifying.reclassify(case=case, user=user, category="hate", now=now)


def _defer(case: Case, user: User, now: datetime) -> None:
    deferring.defer(case=case, user=user, until=now + SECOND, now=now)
    deferring.resume(case=case, user=make_user(Role.SENIOR), now=now)


def _doubt(case: Case, user: User, now: datetime) -> None:
    UnclearSignal.objects.create(
        case=case,
        reviewer=user,
        doubt=Doubt.values[0],
        category=case.category,
        policy_version=case.policy_version,
        at=now,
    )


def _note(case: Case, user: User, now: datetime) -> None:
    notes.write(case=case, user=user, text="It reads like a play.", now=now)


def _take_back(case: Case, user: User, now: datetime) -> None:
    give_verdict(case, user, "uphold", now=now)
    verdicts.undo(case=case, user=user, now=now)


DOINGS = [_reclassify, _defer, _doubt, _note, _take_back]


@pytest.mark.parametrize("kept_for", [True, False])
@pytest.mark.parametrize("do", DOINGS)
def test_whoever_had_to_do_with_it_before_the_appeal_took_part(
    ana: User, do: Callable[[Case, User, datetime], None], kept_for: bool
) -> None:
    case, ben = make_case(), make_user(Role.REVIEWER)
    claims.claim(case=case, user=ana)
    do(case, ana, NOW)
    claims.release(case=case, user=ana)
    case.refresh_from_db()
    assert Case.objects.decidable_by(ana).exists(), "no appeal yet"
    give_verdict(case, make_user(Role.SENIOR), "uphold", now=NOW)
    settle(case)
    if kept_for:
        Case.objects.filter(pk=case.pk).update(assignee=ana)
    hear(case, appeal=True, now=NOW + timedelta(hours=2))
    assert (case.round, Case.objects.decidable_by(ana).exists()) == (2, False)
    assert claims.claim_next(user=ana) is None
    with pytest.raises(Forbidden, match="another"):
        claims.claim(case=case, user=ana)
    dealt = claims.claim_next(user=ben)
    assert dealt is not None
    assert dealt.case == case


@pytest.mark.parametrize("do", DOINGS)
def test_what_is_done_about_the_appeal_is_the_work_on_it(
    ana: User, do: Callable[[Case, User, datetime], None]
) -> None:
    case = make_case()
    hear(case, appeal=True, now=NOW)
    claims.claim(case=case, user=ana)
    do(case, ana, NOW + SECOND)
    assert Case.objects.decidable_by(ana).exists()


@pytest.mark.parametrize("skipped", [True, False])
def test_whoever_passed_it_on_took_no_part(ana: User, skipped: bool) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    if skipped:
        skipping.skip(case=case, user=ana, now=NOW)
    else:
        claims.release(case=case, user=ana)
    hear(case, appeal=True, now=NOW)
    assert Case.objects.decidable_by(ana).exists()


def test_the_senior_who_had_the_last_word_took_part(ana: User) -> None:
    case, ben, zoe = make_case(double=True), make_user(Role.REVIEWER), make_user(Role.SENIOR)
    for user, decision in ((ana, "uphold"), (ben, "overturn"), (zoe, "uphold")):
        give_verdict(case, user, decision)
    settle(case)
    hear(case, appeal=True, now=NOW + timedelta(days=1))
    for user in (ana, ben, zoe):
        with pytest.raises(Forbidden, match="another"):
            claims.claim(case=case, user=user)


def test_whoever_decides_an_appeal_sees_earlier_verdicts_afterwards(ana: User) -> None:
    case, ben = make_case(), make_user(Role.REVIEWER)
    give_verdict(case, ana, "uphold")
    settle(case)
    hear(case, appeal=True, now=NOW + timedelta(days=1))
    claims.claim(case=case, user=ben)
    before = open_case(case=case, user=ben)
    assert before.verdicts == []
    assert Text.VERDICTS not in before.shows

    give_verdict(case, ben, "overturn", now=NOW + timedelta(days=1))
    settle(case, now=NOW + timedelta(days=2))
    after = open_case(case=case, user=ben)
    assert {verdict.decision for verdict in after.verdicts} == {"uphold", "overturn"}


def test_where_nobody_is_left_seniors_are_told_at_once(client: Client, ana: User) -> None:
    case, zoe = make_case(), make_user(Role.SENIOR)
    for user in (ana, zoe):
        case.refresh_from_db()
        give_verdict(case, user, "uphold", now=NOW)
        settle(case)
        assert appeals_alone(now=NOW) == set()
        hear(case, appeal=True, comment=user.name, now=NOW + SECOND)
    assert appeals_alone(now=NOW + SECOND) == {case.pk}
    assert not Claim.objects.live().exists()

    cache.clear()
    client.force_login(zoe)
    assert "For 1 appeal there is nobody who took no part" in client.get("/review").text
    cache.clear()
    make_user(Role.REVIEWER)
    assert "there is nobody who took no part" not in client.get("/review").text
