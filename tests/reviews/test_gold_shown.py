"""A gold case looks like one that came lately, on every surface of the one to whom it was dealt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from conversations.keys import moment_of
from reviews.models import Case, CaseLabel, Exercise
from reviews.services import claims, verdicts
from reviews.services.enrichment import enrich
from tests.factories import MESSAGES, make_case, make_user, new_verdict
from tests.reviews.gold_made import LATER, dealt, settled

pytestmark = pytest.mark.django_db

_OLD = timedelta(days=90)


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


@pytest.fixture
def exercise(ana: User, sara: User) -> Exercise:
    """One that is three months old, and was opened an hour after its conversation ended."""
    said = [
        one | {"created_at": f"2026-08-22T09:5{number}:00.5Z"}
        for number, one in enumerate(MESSAGES)
    ]
    case = settled(time="2026-08-22T10:00:00Z", transcript={"messages": said})
    enrich(cutoff_ids=[case.pk])
    opened = datetime.fromisoformat("2026-08-22T11:00:00Z")
    Case.objects.filter(pk=case.pk).update(opened_at=opened, due_at=opened + timedelta(hours=72))
    return dealt(ana, sara, case)


def _told(exercise: Exercise) -> list[str]:
    """What would tell how old it is."""
    return [
        str(exercise.case_id),
        f"{exercise.case.label}<",
        f"/{exercise.case.number}/",
        "2026-08",
    ]


def test_nothing_tells_that_it_is_old(ana: User, exercise: Exercise, client: Client) -> None:
    client.force_login(ana)
    page = client.get(f"/cases/{exercise.number}")
    assert page.status_code == 200
    opened = client.get(f"/api/v1/cases/{exercise.alias}")
    listed = client.get("/review")
    everything = client.get("/review?state=all")
    turns = client.get(f"/cases/{exercise.number}/turns?from=1&to=6")
    more = client.get("/api/v1/cases")
    for answer in (page, opened, listed, everything, turns, more):
        words = answer.content.decode()
        assert words
        assert [one for one in _told(exercise) if one in words] == []
    data = opened.json()
    ended = datetime.fromisoformat(data["ended_at"])
    assert (ended.hour, LATER - ended < timedelta(days=3)) == (10, True)
    assert ended <= datetime.fromisoformat(data["timeline"][1]["at"]) <= LATER
    assert moment_of(exercise.alias or exercise.pk) == ended
    first = data["transcript"][0]["created_at"]
    assert first == f"{ended:%Y-%m-%d}T09:50:00.5Z"
    assert data["number"] > Case.objects.exclude(pk=exercise.case_id).latest("number").number - 2


def test_the_way_to_it_is_by_its_own_number(ana: User, exercise: Exercise, client: Client) -> None:
    client.force_login(ana)
    held = client.post("/review/claim-next")
    assert held.headers["Location"] == f"/cases/{exercise.number}"
    old = client.get(f"/cases/{exercise.case.number}?all=1")
    assert old.headers["Location"] == f"/cases/{exercise.number}?all=1"
    verdicts.decide(case=exercise.case, user=ana, verdict=new_verdict(), now=LATER)
    with time_machine.travel(LATER + timedelta(hours=25), tick=False):
        told = client.get(f"/cases/{exercise.number}")
        assert told.headers["Location"] == f"/cases/{exercise.case.number}?"


def test_it_stands_where_its_due_time_says(ana: User, exercise: Exercise, client: Client) -> None:
    claims.release(case=exercise.case, user=ana)
    due = exercise.due_at
    for hours in (-2, 2, 4):
        case = make_case()
        Case.objects.filter(pk=case.pk).update(
            due_at=due + timedelta(hours=hours), priority=exercise.case.priority
        )
    Case.objects.exclude(state="settled").update(priority=exercise.case.priority)
    client.force_login(ana)
    rows = client.get("/review").context["rows"]
    assert [row.case.due_at for row in rows] == sorted(row.case.due_at for row in rows)
    assert exercise.number in [row.case.number for row in rows[1:-2]]
    results = client.get("/api/v1/cases?state=open&ordering=due_at").json()["results"]
    assert [one["due_at"] for one in results] == sorted(one["due_at"] for one in results)
    assert str(exercise.alias) in [one["id"] for one in results]


def test_filters_by_time_find_it_by_what_is_shown(
    ana: User, exercise: Exercise, client: Client
) -> None:
    client.force_login(ana)
    day = (LATER - timedelta(days=4)).date()
    shown = {"/review?state=all": f"CO-{exercise.number}", "/api/v1/cases?": str(exercise.alias)}
    for url, wanted in shown.items():
        for way, found in (("after", True), ("before", False)):
            answer = client.get(f"{url}&ended_{way}={day}").content.decode()
            assert (wanted in answer) is found


def test_to_others_it_is_what_it_was(sara: User, exercise: Exercise, client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    assert client.get(f"/cases/{exercise.number}").status_code == 404
    assert client.get(f"/api/v1/cases/{exercise.alias}").status_code == 404
    data = client.get(f"/api/v1/cases/{exercise.case_id}").json()
    assert (data["number"], data["ended_at"][:10]) == (exercise.case.number, "2026-08-22")
    assert data["transcript"][0]["created_at"].startswith("2026-08-22")
    client.force_login(sara)
    asked = client.get(f"/cases/{exercise.number}")
    assert asked.headers["Location"] == f"/cases/{exercise.case.number}?"


def test_it_is_labelled_from_the_list(ana: User, exercise: Exercise, client: Client) -> None:
    client.force_login(ana)
    sent = {"case": [str(exercise.number)], "act": "label", "label": "Odd"}
    asked = client.post("/review/arrange", sent).content.decode()
    assert f"CO-{exercise.number}" in asked
    client.post("/review/arrange", sent | {"confirmed": "1"})
    assert CaseLabel.objects.get().case_id == exercise.case_id
