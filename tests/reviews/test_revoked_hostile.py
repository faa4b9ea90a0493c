"""A qualification, a role or an account is taken from somebody in the middle of their work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.danger_models import Alarm
from reviews.models import Case, Claim, Deferral, Escalation, Reservation, SavedView
from reviews.services import (
    access,
    bulk,
    claims,
    deferring,
    drafting,
    escalating,
    saved_views,
    shifts,
    takeover,
    verdicts,
)
from reviews.services.claims import NotHeld
from reviews.services.enrichment import enrich
from reviews.vocabulary import Access, Area, CaseState
from tests.factories import NOW, give_verdict, hear, make_case, make_token, make_user, new_verdict

pytestmark = pytest.mark.django_db

QUEUES = (Area.CRISIS, Area.CHILD_SAFETY)
WORD = "zqpelican"


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMINISTRATOR)


def take(user: User, by: User, kind: Access, name: str) -> None:
    """Take something from somebody as the people page does."""
    held = access.named(user, f"{kind}:{name}")
    assert held is not None
    assert access.change(
        user=user, held=held, given=False, by=by, reason="They asked.", at=timezone.now()
    )


def revoke(user: User, area: Area, by: User) -> User:
    take(user, by, Access.QUALIFICATION, area)
    return User.objects.get(pk=user.pk)


def case_in(queue: str, **changes: Any) -> Case:
    messages = [{"id": "m1", "role": "user", "content": f"{WORD} said so"}]
    case = make_case(transcript={"messages": messages}, **changes)
    enrich(cutoff_ids=[case.pk])
    Case.objects.filter(pk=case.pk).update(queue=queue)
    return Case.objects.select_related("cutoff").get(pk=case.pk)


def qualified(*areas: Area, role: Role = Role.REVIEWER, name: str = "Ana") -> User:
    return make_user(role, name=name, qualified=areas)


@pytest.mark.parametrize("area", QUEUES)
def test_what_they_hold_is_free_at_once(client: Client, admin: User, area: Area) -> None:
    ana, ben = qualified(area), qualified(area, name="Ben")
    case = case_in(area)
    claims.claim(case=case, user=ana)
    client.force_login(ana)
    revoke(ana, area, admin)
    assert not Claim.objects.live().filter(case=case).exists()
    assert client.post("/api/v1/cases/claim-next", {}, "application/json").status_code == 204
    assert client.post("/review/claim-next").headers["Location"].startswith("/review")
    found = claims.claim_next(user=ben)
    assert found is not None
    assert found.case_id == case.pk


@pytest.mark.parametrize("area", QUEUES)
def test_an_open_page_does_nothing_any_more(client: Client, admin: User, area: Area) -> None:
    ana = qualified(area)
    case = case_in(area)
    claims.claim(case=case, user=ana)
    client.force_login(ana)
    revoke(ana, area, admin)
    page, api = f"/cases/{case.number}", f"/api/v1/cases/{case.pk}"
    sent = {
        "decision": "overturn",
        "remedy": "reopen",
        "policy_followed": "no",
        "reason_codes": ["roleplay"],
        "rationale": "A story.",
        "severity": "1",
    }
    assert client.post(f"{page}/verdict", sent).status_code in (403, 404)
    assert client.post(f"{api}/verdicts", sent, "application/json").status_code in (403, 404)
    for way in ("heartbeat", "claim", "out/skip", "out/defer", "out/unclear"):
        answer = client.post(f"{page}/{way}", {"hours": "1", "doubt": "silent", "note": "x"})
        assert answer.status_code in (302, 403, 404, 409, 422), way
    for way in ("heartbeat", "claim", "skip", "release"):
        answer = client.post(f"{api}/{way}", {}, "application/json")
        assert answer.status_code in (403, 404, 409), way
    assert not case.verdicts.exists()
    assert not Claim.objects.live().filter(case=case).exists()
    assert Case.objects.get(pk=case.pk).state == CaseState.OPEN


def test_child_safety_is_out_of_their_sight_wherever_they_look(client: Client, admin: User) -> None:
    ana = qualified(Area.CHILD_SAFETY, role=Role.SENIOR)
    case = case_in("child_safety")
    claims.claim(case=case, user=ana)
    drafting.save_draft(case=case, user=ana, content={"rationale": [WORD]}, now=NOW)
    view = saved_views.save(
        owner=ana, name="Mine", filters="queue=child_safety&state=all", shared=True, now=NOW
    )
    hear(case, comment=f"{WORD} indeed")
    alarm = Alarm.objects.filter(case=case).first()
    token = make_token(ana)
    client.force_login(ana)
    assert WORD in client.get(f"/cases/{case.number}?all=1").text
    other = qualified(Area.CHILD_SAFETY, role=Role.SENIOR, name="Zoe")
    takeover.take_over(case=case, user=other, reason=f"{WORD} was said", now=NOW)
    revoke(ana, Area.CHILD_SAFETY, admin)

    looked_at = [
        f"/cases/{case.number}",
        f"/cases/{case.number}?from=1&to=2#turn-1",
        f"/cases/{case.number}/turns?from=1&to=2",
        f"/cases/{case.number}/lost",
        f"/cases/of/{case.pk}",
        f"/review?q={WORD}&state=all",
        f"/review?{view.filters}",
        "/review",
        "/escalations",
        "/feedback",
        "/review/unclear",
        "/quality.csv",
        "/policies/cases",
        f"/api/v1/cases/{case.pk}",
        f"/api/v1/cases?q={WORD}",
        "/api/v1/cases?queue=child_safety",
        "/api/v1/feedback",
        *([f"/on-call/alarms/{alarm.pk}"] if alarm else []),
    ]
    for address in looked_at:
        told = client.get(address)
        assert told.status_code < 500, address
        page = told.getvalue().decode().replace(f"q={WORD}", "").replace(f'value="{WORD}"', "")
        assert WORD not in page, address
        assert case.label not in page, address
    for name in ("reveal", "reveal/1", "find", "feedback", "similar", "threads", "severity"):
        assert client.post(f"/cases/{case.number}/{name}", {"find": WORD}).status_code == 404
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get(f"/api/v1/cases/{case.pk}", headers=headers).status_code == 404
    assert SavedView.objects.get().filters == "queue=child_safety&state=all"


@pytest.mark.parametrize("area", Area)
def test_a_question_that_they_took_goes_back_to_the_team(admin: User, area: Area) -> None:
    ana, ben = qualified(area), qualified(area, name="Ben")
    case, asker = case_in("general"), make_user(Role.REVIEWER)
    claims.claim(case=case, user=asker)
    escalating.escalate(case=case, user=asker, area=area, question="May we?", now=NOW)
    escalating.accept(case=case, user=ana, now=NOW)
    ana = revoke(ana, area, admin)
    with pytest.raises(PermissionDenied):
        escalating.answer(case=case, user=ana, text="Yes.", now=NOW)
    assert not escalating.waiting_for(ana)
    escalating.answer(case=case, user=ben, text="No.", now=NOW)
    assert Escalation.objects.get().ended_by == ben


@pytest.mark.parametrize("area", QUEUES)
def test_what_is_kept_for_them_waits_for_all(admin: User, area: Area) -> None:
    ana, sara = qualified(area), qualified(area, role=Role.SENIOR, name="Sara")
    assigned, deferred, reserved, ordinary = (
        case_in(queue) for queue in (area, area, area, "general")
    )
    both = [assigned.pk, ordinary.pk]
    bulk.assign(case_ids=both, to=ana, by=sara, now=NOW)
    for case in (deferred, reserved):
        claims.claim(case=case, user=ana)
        until = timezone.now() + timedelta(hours=1)
        deferring.defer(case=case, user=ana, until=until, now=timezone.now())
    deferring.resume(case=reserved, user=ana, now=timezone.now())
    revoke(ana, area, admin)
    assert Case.objects.get(pk=assigned.pk).assignee is None
    assert Case.objects.get(pk=ordinary.pk).assignee == ana
    assert Case.objects.get(pk=deferred.pk).state == CaseState.OPEN
    assert not Deferral.objects.filter(ended_at=None).exists()
    assert not Reservation.objects.exists()


@pytest.mark.parametrize("taken", [(Access.ROLE, "reviewer"), (Access.ACCOUNT, "")])
def test_the_same_with_a_role_or_the_account(admin: User, taken: tuple[Access, str]) -> None:
    ana = make_user(Role.REVIEWER)
    held, assigned = case_in("general"), case_in("general")
    claims.claim(case=held, user=ana)
    bulk.assign(case_ids=[assigned.pk], to=ana, by=make_user(Role.SENIOR), now=NOW)
    take(ana, admin, *taken)
    assert not Claim.objects.live().exists()
    assert not Case.objects.filter(assignee=ana).exists()


def test_what_they_may_still_decide_stays_in_their_hands(admin: User) -> None:
    ana = qualified(Area.CRISIS)
    case = case_in("general")
    claims.claim(case=case, user=ana)
    revoke(ana, Area.CRISIS, admin)
    found = claims.claim_next(user=User.objects.get(pk=ana.pk))
    assert found is not None
    assert found.case_id == case.pk


@pytest.mark.parametrize("area", QUEUES)
def test_the_end_of_a_shift_taken_back_brings_nothing_of_it(admin: User, area: Area) -> None:
    ana = qualified(area)
    held, deferred = case_in(area), case_in(area)
    now = timezone.now()
    claims.claim(case=deferred, user=ana)
    deferring.defer(case=deferred, user=ana, until=now + timedelta(hours=9), now=now)
    claims.claim(case=held, user=ana)
    shifts.end_shift(user=ana, now=now)
    ana = revoke(ana, area, admin)
    assert shifts.undo_end(user=ana, now=now) == (0, 2)
    assert not Claim.objects.live().exists()
    assert Case.objects.get(pk=deferred.pk).state == CaseState.OPEN


@pytest.mark.parametrize("area", QUEUES)
def test_a_verdict_given_before_stands_and_none_is_given_after(admin: User, area: Area) -> None:
    ana = qualified(area)
    decided, held = case_in(area), case_in(area)
    give_verdict(decided, ana, "uphold")
    state = Case.objects.get(pk=decided.pk).state
    claims.claim(case=held, user=ana)
    ana = revoke(ana, area, admin)
    assert Case.objects.get(pk=decided.pk).state == state
    with pytest.raises((PermissionDenied, NotHeld)):
        verdicts.decide(case=held, user=ana, verdict=new_verdict(), now=NOW)


def test_a_deactivated_person_s_session_and_token_open_nothing(client: Client, admin: User) -> None:
    ana = make_user(Role.REVIEWER)
    token = make_token(ana)
    headers = {"Authorization": f"Bearer {token}"}
    client.force_login(ana)
    assert Client().get("/api/v1/cases", headers=headers).status_code == 200
    take(ana, admin, Access.ACCOUNT, "")
    assert Client().get("/api/v1/cases", headers=headers).status_code == 401
    assert client.get("/review").status_code == 302
    assert client.get("/api/v1/cases").status_code in (401, 403)
