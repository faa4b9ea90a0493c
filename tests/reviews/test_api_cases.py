"""The staff's side of the API: lists, claims, verdicts, and what the blind are not told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, Claim, Verdict
from reviews.vocabulary import Area
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_near_miss_case,
    make_source,
    make_token,
    make_user,
)

pytestmark = pytest.mark.django_db

CASES = "/api/v1/cases"
SECRET = "The purple giraffe plays the tuba"


def client_of(user: User) -> Client:
    token = make_token(user)
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def as_ana(ana: User) -> Client:
    return client_of(ana)


@pytest.fixture
def as_ben() -> Client:
    return client_of(make_user(Role.REVIEWER, name="Ben"))


def post(client: Client, path: str, data: Any = None, **headers: str) -> Any:
    return client.post(
        f"{CASES}/{path}", data or {}, content_type="application/json", headers=headers
    )


VERDICT = {
    "decision": "overturn",
    "remedy": "reopen",
    "policy_followed": "no",
    "severity": 1,
    "reason_codes": ["roleplay"],
    "rationale": SECRET,
    "evidence": [{"message_id": "m3", "start": 0, "end": 7}],
}


def test_the_whole_road(as_ana: Client, as_ben: Client) -> None:
    case = make_case(double=True)
    assert post(as_ana, "claim-next").json()["id"] == str(case.pk)
    assert post(as_ana, "claim-next").json()["held_by"]["name"] == "Ana"
    assert post(as_ben, "claim-next").status_code == 204
    assert post(as_ana, f"{case.pk}/heartbeat").json()["name"] == "Ana"
    given = post(as_ana, f"{case.pk}/verdicts", VERDICT)
    assert given.status_code == 201
    assert given.json() | VERDICT == given.json()
    assert post(as_ana, "claim-next").status_code == 204
    # Nothing tells that a verdict is in already.
    assert post(as_ben, "claim-next").json()["state"] == "open"


def test_the_blind_are_told_nothing_of_the_first_verdict(ana: User, as_ana: Client) -> None:
    case = make_case(double=True)
    give_verdict(case, ana, rationale=SECRET)
    as_ben, as_senior = (client_of(make_user(role)) for role in (Role.REVIEWER, Role.SENIOR))
    for client in (as_ben, as_senior):
        answer = client.get(f"{CASES}/{case.pk}")
        assert answer.status_code == 200
        assert answer.json()["verdicts"] == []
        for word in ("giraffe", "overturn", "gave a verdict", "no_prior_warning"):
            assert word not in answer.content.decode()
    assert SECRET in as_ana.get(f"{CASES}/{case.pk}").content.decode()


def test_what_would_steer_is_null_until_ones_verdict_is_in(ana: User, as_ana: Client) -> None:
    case = make_case()
    hear(case)
    folded = as_ana.get(f"{CASES}/{case.pk}").json()
    assert (folded["reasons"], folded["priority"], folded["surprised"]) == (None, None, None)
    severity = next(line for line in folded["conformance"]["lines"] if line["name"] == "severity")
    assert (severity["reported"], severity["explanation"], severity["finding"]) == (
        None,
        "",
        "folded",
    )
    assert "The user sent feedback" not in [entry["what"] for entry in folded["timeline"]]

    give_verdict(case, ana)
    open_now = as_ana.get(f"{CASES}/{case.pk}").json()
    assert open_now["surprised"] is True
    assert "Surprised" in open_now["reasons"]
    severity = next(line for line in open_now["conformance"]["lines"] if line["name"] == "severity")
    assert severity["reported"] == 0.55


@pytest.mark.parametrize(
    ("role", "there"),
    [
        (Role.REVIEWER, {"transcript", "rationale", "verdicts", "conformance"}),
        (Role.SENIOR, {"transcript", "rationale", "verdicts", "conformance"}),
        (Role.POLICY_ADMIN, {"verdicts", "conformance"}),
        (Role.AUDITOR, {"verdicts", "conformance"}),
        (Role.ADMINISTRATOR, {"conformance"}),
    ],
)
def test_each_role_gets_its_kinds_of_text(role: Role, there: set[str]) -> None:
    case = make_case(cutoff={"rationale": SECRET})
    answer = client_of(make_user(role)).get(f"{CASES}/{case.pk}")
    kinds = {"transcript", "rationale", "verdicts", "conformance"}
    assert kinds & answer.json().keys() == there
    assert (SECRET in answer.content.decode()) == ("rationale" in there)
    opened = LedgerEntry.objects.filter(action="transcript.opened").count()
    assert opened == int("transcript" in there)


def test_restricted_cases_do_not_exist_for_the_unqualified(as_ana: Client) -> None:
    case = make_case(cutoff={"category": "child_sexual_exploitation"})
    assert as_ana.get(CASES).json()["results"] == []
    assert as_ana.get(f"{CASES}/{case.pk}").status_code == 404
    assert post(as_ana, f"{case.pk}/claim").status_code == 404
    senior = client_of(make_user(Role.SENIOR, qualified=[Area.CHILD_SAFETY]))
    assert senior.get(f"{CASES}/{case.pk}").status_code == 200


def test_who_may_call_at_all() -> None:
    assert Client().get(CASES).status_code == 401
    assert client_of(make_user()).get(CASES).status_code == 403
    auditor = client_of(make_user(Role.AUDITOR))
    assert auditor.get(CASES).status_code == 200
    assert post(auditor, "claim-next").status_code == 403
    assert post(auditor, f"{make_case().pk}/claim").status_code == 403


def test_a_token_ends_with_its_time_and_its_user(ana: User) -> None:
    client = client_of(ana)
    assert client.get(CASES).status_code == 200
    ana.is_active = False
    ana.save()
    assert client.get(CASES).status_code == 401
    ana.is_active = True
    ana.save()
    ana.tokens.update(expires_at=Now())
    assert client.get(CASES).status_code == 401


def test_somebody_elses_claim_is_409(as_ana: Client, as_ben: Client) -> None:
    case = make_case()
    assert post(as_ana, f"{case.pk}/claim").status_code == 200
    for path in ("claim", "heartbeat", "release"):
        answer = post(as_ben, f"{case.pk}/{path}")
        assert (answer.status_code, answer.json()["type"]) == (
            409,
            "urn:recourse:problem:held_by_another",
        )
        assert "Ana" in answer.json()["detail"]
    answer = post(as_ben, f"{case.pk}/verdicts", VERDICT)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:recourse:problem:not_held")
    assert post(as_ana, f"{case.pk}/release").status_code == 204
    assert post(as_ana, f"{case.pk}/release").json()["type"] == "urn:recourse:problem:not_held"


def test_a_lost_lease_is_said(as_ana: Client) -> None:
    case = make_case()
    post(as_ana, f"{case.pk}/claim")
    past = Now() - timedelta(minutes=10)
    Claim.objects.update(claimed_at=past, expires_at=past)
    assert post(as_ana, f"{case.pk}/heartbeat").status_code == 409
    assert post(as_ana, f"{case.pk}/verdicts", VERDICT).status_code == 409
    assert not Verdict.objects.exists()


def test_an_idempotency_key_repeats_the_answer(as_ana: Client) -> None:
    case, other = make_case(), make_case()
    post(as_ana, f"{case.pk}/claim")
    answers = [
        post(as_ana, f"{case.pk}/verdicts", VERDICT, **{"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    post(as_ana, f"{other.pk}/claim")
    assert (
        post(as_ana, f"{other.pk}/verdicts", VERDICT, **{"Idempotency-Key": "k"}).status_code == 409
    )
    long = post(as_ana, f"{other.pk}/verdicts", VERDICT, **{"Idempotency-Key": "k" * 129})
    assert long.status_code == 400


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"decision": "perhaps"}, "/decision"),
        ({"remedy": None}, "/remedy"),
        ({"reason_codes": []}, "/reason_codes"),
        ({"reason_codes": ["persistent_abuse"]}, "/reason_codes"),
        ({"rationale": " "}, "/rationale"),
        ({"severity": 5}, "/severity"),
        ({"evidence": [{"start": 1}]}, "/evidence/0/message_id"),
    ],
)
def test_a_bad_verdict_is_named(changes: dict[str, Any], pointer: str, as_ana: Client) -> None:
    case = make_case()
    post(as_ana, f"{case.pk}/claim")
    answer = post(as_ana, f"{case.pk}/verdicts", VERDICT | changes)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "giraffe" not in answer.content.decode()


def test_a_list_is_paged_filtered_and_ordered(as_ana: Client) -> None:
    source = make_source("chat")
    cases = [make_case(source, time=f"2026-11-20T0{hour}:00:00Z") for hour in range(5)]
    make_near_miss_case(make_source("other"))
    query: dict[str, Any] = {"source": "chat", "ordering": "-ended_at", "page_size": 2}
    page = as_ana.get(CASES, query).json()
    found = list(page["results"])
    assert page["previous"] is None
    while page["next"]:
        page = as_ana.get(page["next"]).json()
        found += page["results"]
    assert [row["id"] for row in found] == [str(case.pk) for case in reversed(cases)]
    assert {row["kind"] for row in as_ana.get(CASES, {"kind": "near_miss"}).json()["results"]} == {
        "near_miss"
    }
    assert json.dumps(found).count("Useless") == 0


@pytest.mark.parametrize(
    "query",
    [{"ordering": "rationale"}, {"page_size": "201"}, {"page_size": "0"}, {"state": "odd"}],
)
def test_a_bad_query_is_400(query: dict[str, str], as_ana: Client) -> None:
    assert as_ana.get(CASES, query).status_code == 400


def test_a_cursor_of_another_list_is_400(as_ana: Client) -> None:
    source = make_source()
    for _ in range(2):
        make_case(source)
    link = as_ana.get(CASES, {"page_size": 1}).json()["next"]
    assert as_ana.get(link).status_code == 200
    for changed in (link + "&breach=true", link + "&ordering=due_at"):
        answer = as_ana.get(changed)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:recourse:problem:cursor_mismatch"


def test_claims_are_shown_in_the_list(as_ana: Client) -> None:
    case = make_case()
    post(as_ana, f"{case.pk}/claim")
    (row,) = as_ana.get(CASES).json()["results"]
    assert row["held_by"]["name"] == "Ana"
    assert Case.objects.get().opened_at == NOW
