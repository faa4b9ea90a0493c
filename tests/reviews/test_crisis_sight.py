"""Cases of a crisis: in no list of the unqualified who read, and opened by the qualified alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews import permissions, sight
from reviews.danger_models import Alarm, Call
from reviews.models import Case, Claim
from reviews.services import (
    claims,
    escalating,
    ledger,
    qualifications,
    queues,
    seen,
    training,
    verdicts,
)
from reviews.services.enrichment import enrich
from reviews.services.queue import waiting_counts
from reviews.services.selection import select
from reviews.services.similar import reveal_similar
from reviews.visibility import Text
from reviews.vocabulary import Area, CaseState, Queue, Reason
from tests.factories import NOW, give_verdict, hear, make_case, make_token, make_user, new_verdict
from tests.reviews.alarms import on_duty
from tests.routes import addresses

pytestmark = pytest.mark.django_db

WORD = "pelican"


def crisis(**changes: Any) -> Case:
    """A case in the queue of a crisis that one verdict settles; its transcript holds a word."""
    messages = [
        {"id": "m1", "role": "user", "content": f"A {WORD} said so"},
        {"id": "m2", "role": "assistant", "content": "No."},
    ]
    case = make_case(signals={"risk_self": 0.9}, transcript={"messages": messages}, **changes)
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    enrich(cutoff_ids=[case.pk])
    case.refresh_from_db()
    assert case.queue == Queue.CRISIS
    return case


def opens(client: Client, user: User, case: Case) -> bool:
    """Whether the page of *case* opens for *user*, and shows its words."""
    client.force_login(user)
    answer = client.get(reverse("case", args=[case.number]), {"all": "1"})
    assert answer.status_code in (200, 403)
    return answer.status_code == 200


# --- Lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR])
def test_no_list_search_or_count_of_the_unqualified_has_it(client: Client, role: Role) -> None:
    case = crisis()
    hear(case, comment="I was not well")
    user = make_user(role)
    client.force_login(user)
    found = ["/review", f"/review?q={WORD}&state=all", "/review?crisis=true&state=all", "/feedback"]
    for address in [*found, "/api/v1/cases", f"/api/v1/cases?q={WORD}", "/api/v1/feedback"]:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert case.label not in answer.text, address
        assert str(case.pk) not in answer.text, address
    assert Queue.CRISIS not in {one.slug for one in waiting_counts(user=user)}
    empty = client.get("/review?queue=crisis").text
    assert "This queue is for people who are qualified for it" in empty

    qualifications.grant(user=user, area=Area.CRISIS, by=user, at=NOW)
    assert case.label in client.get("/review").text
    assert case.label in client.get(f"/review?q={WORD}").text
    (counted,) = [one for one in waiting_counts(user=user) if one.slug == Queue.CRISIS]
    assert counted.waiting.number == 1


def test_a_queue_of_ones_own_for_that_area_is_closed_too() -> None:
    admin, ana = make_user(Role.ADMINISTRATOR), make_user(Role.REVIEWER)
    queues.make(slug="night", name="Night", area=Area.CRISIS, by=admin, now=NOW)
    queues.make(slug="law", name="Law", area=Area.LEGAL, by=admin, now=NOW)
    at_night, legal = make_case(), make_case()
    Case.objects.filter(pk=at_night.pk).update(queue="night")
    Case.objects.filter(pk=legal.pk).update(queue="law")
    assert list(Case.objects.listed_for(ana)) == [legal]
    assert sorted(sight.closed_to(ana)) == ["crisis", "night"]


@pytest.mark.parametrize("role", [Role.POLICY_ADMIN, Role.AUDITOR, Role.ADMINISTRATOR])
def test_whoever_oversees_without_reading_knows_of_it_by_its_figures(
    client: Client, role: Role
) -> None:
    case, user = crisis(), make_user(role)
    assert case in Case.objects.listed_for(user)
    assert permissions.visible_texts(user, case) == {Text.NUMBERS}
    assert opens(client, user, case)
    assert WORD not in client.get(f"/cases/{case.number}?all=1").text


def test_a_similar_case_of_a_crisis_is_not_told() -> None:
    near, ana = crisis(), make_user(Role.REVIEWER)
    case = make_case(signals={"risk_self": 0.9})
    Case.objects.filter(pk=case.pk).update(queue=Queue.GENERAL, flags=near.flags)
    case = Case.objects.select_related("cutoff").get(pk=case.pk)
    assert reveal_similar(case=case, user=ana) == []
    kim = make_user(Role.REVIEWER, qualified=[Area.CRISIS])
    found = reveal_similar(case=case, user=kim) or []
    assert [one.case.pk for one in found] == [near.pk]


def test_the_ledger_tells_its_lines_to_the_qualified_and_to_auditors() -> None:
    case = crisis()
    kim = make_user(Role.REVIEWER, qualified=[Area.CRISIS])
    give_verdict(case, kim)
    Case.objects.filter(pk=case.pk).update(state=CaseState.SETTLED, settle_at=None)
    lines = LedgerEntry.objects.filter(object_id=str(case.pk), action="case.claimed")
    told = {
        role: ledger.visible_to(make_user(role)).filter(pk__in=lines).exists()
        for role in (Role.SENIOR, Role.AUDITOR)
    }
    assert told == {Role.SENIOR: False, Role.AUDITOR: True}
    qualified = make_user(Role.SENIOR, qualified=[Area.CRISIS])
    assert ledger.visible_to(qualified).filter(pk__in=lines).exists()


def test_the_list_stays_on_its_index() -> None:
    ana = make_user(Role.REVIEWER)
    for _ in range(3):
        make_case()
    listed = Case.objects.listed_for(ana)
    first = listed.waiting().in_order_of_work()[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    plan = first.explain()
    assert "Index Scan using case_waiting on" in plan
    assert "Join" not in plan
    assert "SubPlan" not in plan
    # Of the page's own question, one look by case, and only at what waits for another's verdict.
    page = seen.waiting(listed, user=ana).in_order_of_work()[:50].explain()
    assert "Index Scan using case_waiting on" in page
    assert "Sort" not in page


# --- Its page, and what is asked for from it ------------------------------------------------------


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR])
def test_its_link_says_whom_it_is_for_and_nothing_else(client: Client, role: Role) -> None:
    case = crisis(cutoff={"explanation": f"{WORD} indeed", "rationale": f"{WORD} again"})
    client.force_login(make_user(role))
    answer = client.get(f"/cases/{case.number}")
    assert answer.status_code == 403
    assert f"{case.label} is for people who are qualified for a crisis." in answer.text
    assert WORD not in answer.text
    assert "The model ended" not in answer.text
    assert not LedgerEntry.objects.filter(action="transcript.opened").exists()
    assert client.get(f"/cases/of/{case.pk}", follow=True).status_code == 403
    api = client.get(f"/api/v1/cases/{case.pk}")
    assert api.status_code == 403
    assert api.json()["detail"] == f"{case.label} is for people who are qualified for a crisis."


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR])
def test_every_address_of_the_case_refuses(client: Client, role: Role) -> None:
    case = crisis()
    client.force_login(make_user(role))
    on_a_case = ("case", "claim", "heartbeat", "release", "skip", "verdicts")
    known = {
        "number": case.number,
        "turn": 1,
        "way-out:slug": "skip",
        "case-of:pk": case.pk,
        **{f"api-{name}:pk": case.pk for name in on_a_case},
    }
    about_it = {
        name: address
        for name, address in addresses(known).items()
        if f"/{case.number}" in address or str(case.pk) in address
    }
    assert len(about_it) > 25
    verdict = {
        "decision": "uphold",
        "remedy": "keep_locked",
        "policy_followed": "yes",
        "reason_codes": ["severe_harm"],
        "rationale": "So.",
    }
    for name, address in about_it.items():
        data: dict[str, Any] = {"find": WORD}
        if "/api/" in address:
            data = {"data": verdict, "content_type": "application/json"}
        else:
            data = {"data": data}
        for answer in (client.get(address, follow=True), client.post(address, **data)):
            # Whether one has lost it is asked of any number, and nothing is an answer.
            assert answer.status_code in (403, 404, 405) or name == "case-lost", name
            assert WORD not in answer.text, name
    assert not Claim.objects.exists()
    assert not LedgerEntry.objects.filter(object_id=str(case.pk), actor__isnull=False).exists()


def test_a_personal_token_opens_no_more() -> None:
    case, ana = crisis(), make_user(Role.REVIEWER)
    headers = {"Authorization": f"Bearer {make_token(ana)}"}
    assert Client().get(f"/api/v1/cases/{case.pk}", headers=headers).status_code == 403


# --- What is in somebody's hands ------------------------------------------------------------------


def test_a_case_that_they_hold_stays_theirs_until_it_is_decided(client: Client) -> None:
    ana, case = make_user(Role.REVIEWER), make_case()
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    claims.claim(case=case, user=ana)
    case.refresh_from_db()
    select(case=case, reason=Reason.CUE, now=NOW)
    assert Case.objects.get(pk=case.pk).queue == Queue.CRISIS
    assert opens(client, ana, case)
    assert "The model ended" in client.get(f"/cases/{case.number}").text
    verdicts.decide(case=case, user=ana, verdict=new_verdict("uphold"), now=timezone.now())
    assert opens(client, ana, case)
    Case.objects.filter(pk=case.pk).update(state=CaseState.SETTLED, settle_at=None)
    assert not opens(client, ana, case)


def test_whoever_lost_their_lease_learns_that_it_is_for_others(client: Client) -> None:
    ana, case = make_user(Role.REVIEWER), make_case()
    claims.claim(case=case, user=ana)
    Case.objects.filter(pk=case.pk).update(queue=Queue.CRISIS)
    client.force_login(ana)
    assert client.post(f"/cases/{case.number}/heartbeat").status_code == 204
    Claim.objects.update(ended_at=timezone.now())
    assert client.post(f"/cases/{case.number}/heartbeat").status_code == 403
    with pytest.raises(PermissionDenied):
        verdicts.decide(case=case, user=ana, verdict=new_verdict("uphold"), now=timezone.now())


def test_the_team_that_was_asked_and_who_asked_open_it(client: Client) -> None:
    kim = make_user(Role.REVIEWER, qualified=[Area.CRISIS])
    lawyer = make_user(Role.REVIEWER, qualified=[Area.LEGAL])
    case = crisis()
    assert not opens(client, lawyer, case)
    claims.claim(case=case, user=kim)
    escalating.escalate(case=case, user=kim, area=Area.LEGAL, question="May we?", now=NOW)
    assert [one.case for one in escalating.waiting_for(lawyer)] == [case]
    assert opens(client, lawyer, case)
    assert not opens(client, make_user(Role.REVIEWER, qualified=[Area.SECURITY]), case)
    escalating.answer(case=case, user=lawyer, text="Yes.", now=NOW)
    assert not opens(client, lawyer, case)


def test_who_asked_reads_on_while_the_question_is_open_and_is_not_kept_waiting_for(
    client: Client,
) -> None:
    ana, case = make_user(Role.REVIEWER), make_case()
    lawyer = make_user(Role.REVIEWER, qualified=[Area.LEGAL])
    claims.claim(case=case, user=ana)
    escalating.escalate(case=case, user=ana, area=Area.LEGAL, question="May we?", now=NOW)
    Case.objects.filter(pk=case.pk).update(queue=Queue.CRISIS)
    assert opens(client, ana, case)
    assert f'href="/cases/{case.number}"' in client.get("/escalations").text
    escalating.answer(case=case, user=lawyer, text="Yes.", now=NOW)
    assert not opens(client, ana, case)
    kim = make_user(Role.REVIEWER, qualified=[Area.CRISIS])
    found = claims.claim_next(user=kim)
    assert found is not None
    assert found.case_id == case.pk


def test_who_is_on_call_or_was_called_opens_what_rings(client: Client) -> None:
    case = crisis()
    Alarm.objects.get_or_create(
        case=case, acknowledged_at=None, defaults={"why": "breach", "raised_at": NOW, "due_at": NOW}
    )
    alarm = Alarm.objects.get(case=case)
    called, on_call = make_user(Role.SENIOR), on_duty()
    other = make_user(Role.SENIOR)
    Call.objects.create(alarm=alarm, step=0, person=called, called_at=NOW, due_at=NOW)
    for user, may in ((called, True), (on_call, True), (other, False)):
        assert opens(client, user, case) is may
        page = client.get(reverse("alarm", args=[alarm.pk])).text
        assert (f'href="/cases/{case.number}"' in page) is may
        assert ("Only people who are qualified for it may open this case." in page) is not may
    client.force_login(called)
    client.post(reverse("acknowledge", args=[alarm.pk]))
    assert opens(client, called, case)
    assert not opens(client, on_call, case)


def test_who_is_qualified_no_longer_opens_it_no_more(client: Client) -> None:
    kim, case = make_user(Role.REVIEWER, qualified=[Area.CRISIS]), crisis()
    assert opens(client, kim, case)
    qualifications.revoke(user=kim, area=Area.CRISIS, by=kim, at=NOW)
    assert not opens(client, kim, case)


# --- Training -------------------------------------------------------------------------------------


def test_answers_of_trainees_to_a_crisis_are_read_by_qualified_mentors() -> None:
    tom = make_user(Role.TRAINEE)
    case = crisis()
    give_verdict(case, make_user(Role.REVIEWER, qualified=[Area.CRISIS]))
    Case.objects.filter(pk=case.pk).update(state=CaseState.SETTLED, settle_at=None)
    exercise = training.next_exercise(user=tom, queue=Queue.CRISIS, now=NOW)
    assert exercise is not None
    training.answer(exercise=exercise, user=tom, verdict=new_verdict("uphold"), now=NOW)
    for areas, may in (([], False), ([Area.CRISIS], True)):
        mentor = make_user(Role.SENIOR, qualified=areas)
        assert bool(training.exercise_for(mentor, exercise.pk)) is may
        assert training.answered(mentor).exists() is may
    assert training.exercise_for(tom, exercise.pk) is not None
