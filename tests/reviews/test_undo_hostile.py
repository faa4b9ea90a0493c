"""A verdict that is taken back: the next one is as independent as the first, and counts as one."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from reviews.models import AgreementDraw, Case, Verdict
from reviews.permissions import visible_texts
from reviews.services import claims, notes, quality_shares, reading, verdicts
from reviews.services.search import search
from reviews.transitions import Forbidden
from reviews.visibility import Text
from reviews.vocabulary import CaseState
from tests.factories import NOW, give_verdict, make_case, make_user, new_verdict, settle

pytestmark = pytest.mark.django_db

MARK = "zqfirst"


def agreed(ana: User, ben: User) -> Case:
    """Two reviewers said the same, and the second may take theirs back."""
    case = make_case(double=True)
    give_verdict(case, ana, "uphold", rationale=f"pelican {MARK}")
    notes.write(case=case, user=ana, text=f"A note, {MARK}.", now=NOW)
    later = NOW + timedelta(seconds=1)
    give_verdict(case, ben, "uphold", rationale="pelican mine", now=later)
    assert case.state == CaseState.SETTLING
    return case


def _reads(client: Client, case: Case) -> str:
    pages = (
        f"/cases/{case.number}",
        f"/api/v1/cases/{case.pk}",
        f"/cases/{case.number}/reply",
        "/review?state=all&q=pelican",
        "/api/v1/cases?q=pelican",
    )
    return "".join(client.get(page).text for page in pages)


def test_who_can_take_theirs_back_reads_no_other_verdict(
    client: Client, ana: User, ben: User
) -> None:
    case = agreed(ana, ben)
    client.force_login(ben)
    told = _reads(client, case)
    assert MARK not in told
    assert "pelican mine" in told
    assert "Ana" not in client.get(f"/api/v1/cases/{case.pk}").text
    verdicts.undo(case=case, user=ben, now=NOW)
    assert MARK not in _reads(client, case)


def test_who_cannot_reads_both_as_before(client: Client, ana: User, ben: User) -> None:
    case = agreed(ana, ben)
    assert Text.VERDICTS in visible_texts(ana, case)
    client.force_login(ana)
    assert "pelican mine" in client.get(f"/cases/{case.number}").text


def test_once_it_is_settled_they_read_it(client: Client, ana: User, ben: User) -> None:
    case = agreed(ana, ben)
    settle(case)
    client.force_login(ben)
    assert MARK in client.get(f"/cases/{case.number}").text
    assert list(search(cases=Case.objects.all(), user=ben, query=MARK)) == [case]


def test_a_single_verdict_stays_its_reviewer_s_to_read(client: Client, ana: User) -> None:
    case = make_case()
    give_verdict(case, ana, "uphold", rationale=MARK)
    client.force_login(ana)
    page = client.get(f"/cases/{case.number}").text
    assert MARK in page
    assert f"/cases/{case.number}/undo" in page


def test_a_senior_who_can_take_theirs_back_reads_none_of_a_checked_agreement(
    monkeypatch: pytest.MonkeyPatch, ana: User, ben: User
) -> None:
    monkeypatch.setattr(quality_shares, "FIRST", quality_shares.Shares(agreement=1, gold=0))
    sara = make_user(Role.SENIOR)
    case = make_case(double=True)
    give_verdict(case, ana, "uphold", rationale=MARK)
    give_verdict(case, ben, "uphold")
    assert case.state == CaseState.ADJUDICATION
    later = NOW + timedelta(seconds=1)
    give_verdict(case, sara, "overturn", rationale="Hers.", now=later)
    opened = reading.open_case(case=case, user=sara)
    assert [one.words.rationale for one in opened.verdicts] == ["Hers."]


def test_as_many_verdicts_count_as_are_asked_for(ana: User, ben: User) -> None:
    case = agreed(ana, ben)
    moments = (NOW + timedelta(minutes=number) for number in count(1))
    verdicts.undo(case=case, user=ben, now=next(moments))
    case.refresh_from_db()
    assert case.state == CaseState.SECOND_REVIEW
    with pytest.raises(Forbidden):
        claims.claim(case=case, user=ana)
    with pytest.raises(Forbidden):
        verdicts.undo(case=case, user=ana, now=next(moments))
    give_verdict(case, ben, "overturn", now=next(moments))
    assert (case.state, case.contested) == (CaseState.ADJUDICATION, True)
    sara = make_user(Role.SENIOR)
    given = give_verdict(case, sara, "overturn", now=next(moments))
    verdicts.undo(case=case, user=sara, now=next(moments))
    case.refresh_from_db()
    assert (case.state, case.contested) == (CaseState.ADJUDICATION, True)
    give_verdict(case, sara, "uphold", now=next(moments))
    settle(case)
    counted = list(Verdict.objects.filter(case=case, withdrawal=None).order_by("at"))
    assert [one.reviewer for one in counted] == [ana, ben, sara]
    assert given not in counted


def test_the_draw_of_a_check_is_not_thrown_again(
    monkeypatch: pytest.MonkeyPatch, ana: User, ben: User
) -> None:
    case = agreed(ana, ben)
    monkeypatch.setattr(quality_shares, "FIRST", quality_shares.Shares(agreement=1, gold=0))
    verdicts.undo(case=case, user=ben, now=NOW)
    give_verdict(case, ben, "uphold")
    assert AgreementDraw.objects.get().drawn is False
    assert case.state == CaseState.SETTLING


def test_a_repeat_after_it_was_taken_back_gets_the_first_answer_and_gives_no_verdict(
    ana: User,
) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    sent: dict[str, Any] = {"case": case, "user": ana, "verdict": new_verdict(), "now": NOW}
    first = verdicts.decide(**sent, idempotency_key="k")
    verdicts.undo(case=case, user=ana, now=NOW)
    claims.claim(case=case, user=ana)
    assert verdicts.decide(**sent, idempotency_key="k") == first
    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    assert not Verdict.objects.filter(case=case, withdrawal=None).exists()
