"""Gold cases: dealt unseen, answered without any effect, told of afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case, Exercise, Verdict
from reviews.services import claims, deferring, drafting, gold, seen, skipping, verdicts
from reviews.services.enrichment import enrich
from reviews.services.similar import reveal_similar
from reviews.transitions import Forbidden
from reviews.vocabulary import CaseState
from tests.factories import NOW, make_case, make_user, new_verdict
from tests.reviews.gold_made import LATER, dealt, gold_case, settled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _later() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER, name="Ana")


@pytest.fixture
def sara() -> User:
    return make_user(Role.SENIOR, name="Sara")


def _unchanged(case: Case) -> tuple[Any, ...]:
    row = Case.objects.values().get(pk=case.pk)
    cutoff = Cutoff.objects.values().get(pk=case.pk)
    return (row, cutoff, Verdict.objects.filter(case=case).count())


def test_an_answer_changes_nothing_of_the_case(ana: User, sara: User) -> None:
    exercise = dealt(ana, sara)
    before = _unchanged(exercise.case)
    given = verdicts.decide(
        case=exercise.case, user=ana, verdict=new_verdict("uphold"), now=LATER, idempotency_key="k"
    )
    assert isinstance(given, Exercise)
    assert (given.decision, given.words.rationale) == ("uphold", "It was a story.")
    assert _unchanged(exercise.case) == before
    assert claims.live_claim(exercise.case) is None
    again = verdicts.decide(
        case=exercise.case, user=ana, verdict=new_verdict("uphold"), now=LATER, idempotency_key="k"
    )
    assert again.pk == given.pk
    assert Exercise.objects.count() == 1


def test_it_looks_like_work_until_it_may_be_told(ana: User, sara: User, client: Client) -> None:
    exercise = dealt(ana, sara)
    client.force_login(ana)
    url = f"/api/v1/cases/{exercise.case_id}"
    data, page = client.get(url).json(), _page(client, exercise)
    assert (data["state"], data["selected"], data["verdicts"]) == ("open", True, [])
    assert datetime.fromisoformat(data["due_at"]) > LATER
    assert data["held_by"]["name"] == "Ana"
    for word in ("giraffe", "Zoe", "Settled", "gold", "Gold", "okapi"):
        assert word not in page.split("<main")[1]
    waiting = client.get("/review").content.decode()
    assert f"CO-{exercise.number}" in waiting
    assert str(exercise.alias) in [
        one["id"] for one in client.get("/api/v1/cases?state=open").json()["results"]
    ]
    settled_ones = client.get("/api/v1/cases?state=settled").json()["results"]
    assert settled_ones == []

    verdicts.decide(case=exercise.case, user=ana, verdict=new_verdict("uphold"), now=LATER)
    assert client.get(url).json()["state"] == "settling"
    with time_machine.travel(LATER + timedelta(minutes=1), tick=False):
        data, page = client.get(url).json(), _page(client, exercise)
    assert data["state"] == "second_review"
    assert [one["decision"] for one in data["verdicts"]] == ["uphold"]
    assert "Somebody else decides independently" in page
    assert "giraffe" not in page
    with time_machine.travel(LATER + timedelta(hours=25), tick=False):
        assert client.get(url).json()["state"] == "settled"


def _page(client: Client, exercise: Exercise) -> str:
    return client.get(f"/cases/{exercise.case.number}", follow=True).content.decode()


def test_nobody_else_sees_that_it_was_dealt(ana: User, sara: User, client: Client) -> None:
    exercise = dealt(ana, sara)
    client.force_login(make_user(Role.REVIEWER))
    data = client.get(f"/api/v1/cases/{exercise.case_id}").json()
    assert (data["state"], data["held_by"]) == ("settled", None)
    assert "Ana" not in {entry["who"] for entry in data["timeline"]}
    assert "Ana" not in _page(client, exercise)
    held = client.get(f"/api/v1/cases?assigned_to={ana.email}").json()["results"]
    assert held == []


def test_a_lease_that_ran_out_is_dealt_again_and_a_skipped_one_is_not(
    ana: User, sara: User
) -> None:
    exercise = dealt(ana, sara)
    claims.release(case=exercise.case, user=ana)
    again = claims.claim_next(user=ana)
    assert again is not None
    assert again.case_id == exercise.case_id
    skipping.skip(case=exercise.case, user=ana, now=LATER)
    other = claims.claim_next(user=ana)
    assert other is not None
    assert other.case_id != exercise.case_id


def test_it_can_be_claimed_again_by_hand(ana: User, sara: User) -> None:
    exercise = dealt(ana, sara)
    claims.release(case=exercise.case, user=ana)
    assert claims.claim(case=exercise.case, user=ana).case_id == exercise.case_id
    verdicts.decide(case=exercise.case, user=ana, verdict=new_verdict(), now=LATER)
    with pytest.raises(Forbidden, match="the next verdict is another's"):
        claims.claim(case=exercise.case, user=ana)
    with pytest.raises(Forbidden, match="too late"):
        verdicts.undo(case=exercise.case, user=ana, now=LATER + timedelta(minutes=1))


def test_deferring_it_is_refused_in_words(ana: User, sara: User) -> None:
    exercise = dealt(ana, sara)
    with pytest.raises(Forbidden, match="gold case"):
        deferring.defer(case=exercise.case, user=ana, until=LATER + timedelta(days=1), now=LATER)


def test_who_makes_gold_cases_is_dealt_none(sara: User) -> None:
    gold_case(sara)
    for _ in range(20):
        case = make_case()
        assert gold.deal(instead_of=case, user=sara, now=LATER) is None


def test_none_is_dealt_in_the_place_of_a_breach(ana: User, sara: User) -> None:
    gold_case(sara)
    for _ in range(20):
        case = make_case()
        case.breach = True
        assert gold.deal(instead_of=case, user=ana, now=LATER) is None


def test_none_is_dealt_to_whoever_knows_the_case(ana: User, sara: User, client: Client) -> None:
    case = settled()
    client.force_login(ana)
    client.get(f"/cases/{case.number}")
    gold_case(sara, case)
    for _ in range(20):
        assert gold.deal(instead_of=make_case(), user=ana, now=LATER) is None


def test_one_that_is_retired_is_dealt_no_more(ana: User, sara: User) -> None:
    made = gold_case(sara)
    assert gold.retire(gold=made, by=sara, now=NOW)
    assert not gold.retire(gold=made, by=sara, now=NOW)
    for _ in range(20):
        assert gold.deal(instead_of=make_case(), user=ana, now=LATER) is None


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("decisions", {"decisions": []}),
        ("decisions", {"decisions": ["right_to_continue"]}),
        ("reason_codes", {"reason_codes": []}),
        ("reason_codes", {"reason_codes": ["persistent_abuse"]}),
        ("explanation", {"explanation": " "}),
        ("explanation", {"explanation": "x" * 5001}),
    ],
)
def test_what_is_missing_of_a_reference_is_named(
    field: str, changes: dict[str, Any], sara: User
) -> None:
    complete: dict[str, Any] = {
        "decisions": ["overturn"],
        "reason_codes": ["roleplay"],
        "explanation": "A story.",
    }
    with pytest.raises(ValidationError) as refused:
        gold.make(case=settled(), by=sara, now=NOW, **complete | changes)
    assert field in refused.value.message_dict


def test_only_settled_ordinary_cases_become_gold(ana: User, sara: User) -> None:
    complete: dict[str, Any] = {
        "decisions": ["overturn"],
        "reason_codes": ["roleplay"],
        "explanation": "A story.",
        "now": NOW,
    }
    with pytest.raises(ValidationError, match="settled"):
        gold.make(case=make_case(), by=sara, **complete)
    breach = settled("uphold")
    Case.objects.filter(pk=breach.pk).update(breach=True)
    with pytest.raises(ValidationError, match="Breaches"):
        gold.make(case=breach, by=sara, **complete)
    with pytest.raises(PermissionDenied):
        gold.make(case=settled(), by=ana, **complete)
    case = settled()
    gold.make(case=case, by=sara, **complete)
    with pytest.raises(ValidationError, match="already"):
        gold.make(case=case, by=sara, **complete)


def test_an_appeal_on_a_gold_case_is_not_for_who_answered_it(ana: User, sara: User) -> None:
    exercise = dealt(ana, sara)
    verdicts.decide(case=exercise.case, user=ana, verdict=new_verdict(), now=LATER)
    Case.objects.filter(pk=exercise.case_id).update(state=CaseState.OPEN, round=2)
    assert not Case.objects.filter(pk=exercise.case_id).decidable_by(ana).exists()
    assert not seen.unanswered(seen.gold_of(ana, LATER))


def test_a_draft_outlives_the_sweep_until_it_is_answered(ana: User, sara: User) -> None:
    exercise = dealt(ana, sara)
    case, content = exercise.case, {"rationale": ["So far"]}
    assert drafting.save_draft(case=case, user=ana, content=content, now=LATER)
    assert drafting.forget_old_drafts(now=LATER) == 0
    verdicts.decide(case=case, user=ana, verdict=new_verdict(), now=LATER)
    assert not drafting.save_draft(case=case, user=ana, content=content, now=LATER)


def test_no_other_case_tells_how_it_was_decided(ana: User, sara: User) -> None:
    exercise, other = dealt(ana, sara), make_case()
    enrich(cutoff_ids=[exercise.case_id, other.pk])
    for user, decision in ((sara, "overturn"), (ana, None)):
        found = reveal_similar(case=seen.seen(other, user=user), user=user) or []
        (told,) = [one.verdict for one in found if one.case.pk == exercise.case_id]
        assert (told and told.decision) == decision
