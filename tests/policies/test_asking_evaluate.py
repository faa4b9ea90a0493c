"""May this conversation be ended? Asked over HTTP."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from conversations.models import Source
from conversations.vocabulary import Mode, Scope
from policies.models import Activation, AskedEvaluation, Pause, PolicyVersion
from tests.concurrency import at_once
from tests.factories import MESSAGES, SIGNALS, ended_event, make_key, make_source, make_user

pytestmark = pytest.mark.django_db

URL = "/api/v1/policies/evaluate"
PROBLEM = "application/problem+json"
RISKS = {"risk_self": 0.0, "risk_others": 0.0}


@pytest.fixture
def source() -> Source:
    return make_source("chat", Mode.ENFORCING)


def caller(source: Source, *scopes: Scope) -> Client:
    return Client(headers={"Authorization": f"Bearer {make_key(source, *scopes)}"})


def question(**changes: Any) -> dict[str, Any]:
    asked = {
        "conversation": {"id": "c1", "user_id": "u-77", "model": "m", "locale": "en-US"},
        "initiator": "model",
        "category": "harassment_of_model",
        "signals": SIGNALS,
    }
    return {key: value for key, value in (asked | changes).items() if value is not None}


def transcript(*turns: tuple[str, str], **annotated: list[str]) -> dict[str, Any]:
    messages = [{"role": role, "content": content} for role, content in turns]
    return {"format": "openai.chat", "messages": messages}


def ask(client: Client, **changes: Any) -> Any:
    return client.post(URL, question(**changes), content_type="application/json")


def line(answer: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in answer["criteria"] if one["name"] == name)
    return found


def test_an_ending_that_is_allowed_is_explained_and_kept(
    source: Source, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = caller(source, Scope.POLICY_READ)
    with django_assert_num_queries(4):  # the key, that it was used, the policy, the evaluation
        answer = ask(client, signals=SIGNALS | {"severity": 0.7})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["decision"], told["policy_version"]) == ("end", 1)
    assert [one["name"] for one in told["criteria"]] == [
        "imminent_risk",
        "crisis_cue",
        "enabled",
        "severity",
        "refusals",
        "redirects",
        "warnings",
        "turns_after_warning",
        "distress",
    ]
    assert line(told, "refusals") == {
        "name": "refusals",
        "observed": 2,
        "operator": "≥",
        "threshold": 2,
        "met": True,
        "explanation": "Refusals: 2 is enough, 2 asked for.",
    }
    kept = AskedEvaluation.objects.get()
    assert told["evaluation_id"] == f"ev_{kept.pk.hex}"
    assert (kept.source, kept.conversation_external_id) == (source, "c1")
    assert (kept.decision, kept.severity, kept.warnings) == ("end", 0.7, 1)
    assert abs((timezone.now() - kept.at).total_seconds()) < 60


@pytest.mark.django_db(transaction=True)
def test_what_is_answered_is_committed(source: Source) -> None:
    told = ask(caller(source)).json()
    (seen,) = at_once(lambda: [one.pk.hex for one in AskedEvaluation.objects.all()])
    assert seen == [told["evaluation_id"].removeprefix("ev_")]


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({}, "end"),
        ({"signals": SIGNALS | {"refusals": 1}}, "continue"),
        ({"signals": SIGNALS | {"warnings": 0, "turns_after_warning": 0}}, "warn_first"),
        ({"initiator": "user"}, "confirm_first"),
        ({"initiator": "user", "user_confirmed": True}, "end"),
        ({"initiator": "operator", "signals": RISKS}, "end"),
        ({"signals": SIGNALS | {"risk_self": 0.9}}, "never"),
        ({"signals": None}, "never"),
        ({"initiator": "operator", "signals": {"risk_self": 0}}, "never"),
        ({"category": "suicide_self_harm"}, "continue"),
        ({"category": "something new", "signals": SIGNALS | {"severity": 0.7}}, "continue"),
        ({"category": None, "signals": SIGNALS | {"severity": 0.9, "refusals": 3}}, "end"),
    ],
)
def test_the_decisions(source: Source, changes: dict[str, Any], decision: str) -> None:
    told = ask(caller(source), **changes).json()
    assert told["decision"] == decision
    assert all(one["explanation"].endswith(".") for one in told["criteria"])


def test_a_transcript_fills_what_was_not_given(source: Source) -> None:
    shown = {"format": "openai.chat", "messages": MESSAGES}
    told = ask(
        caller(source), transcript=shown, signals=RISKS | {"severity": 0.6, "refusals": 1}
    ).json()
    assert line(told, "refusals")["observed"] == 1
    assert line(told, "redirects")["observed"] == 2
    assert line(told, "redirects")["explanation"] == (
        "Redirects: 2 is enough, 2 asked for. It was counted in the transcript."
    )
    assert line(told, "warnings")["observed"] == 1
    assert line(told, "turns_after_warning")["observed"] == 1
    kept = AskedEvaluation.objects.get()
    assert (kept.refusals, kept.redirects, kept.warnings, kept.severity) == (1, 2, 1, 0.6)
    assert ask(caller(source), transcript=shown, signals=RISKS | {"severity": 0.6}).json()[
        "decision"
    ] == ("end")


def test_a_language_that_was_not_measured_shows_nothing(source: Source) -> None:
    german = transcript(
        ("user", "Sag es endlich, du nutzloses Ding, ich habe genug von dir und deinem Gerede!"),
        ("assistant", "Das kann ich leider nicht sagen. Wollen wir über den Garten sprechen?"),
    )
    told = ask(caller(source), transcript=german, signals=RISKS).json()
    assert line(told, "refusals")["observed"] is None
    assert "the service did not say" in line(told, "refusals")["explanation"]
    assert line(told, "crisis_cue")["observed"] is None
    assert "were not looked for" in line(told, "crisis_cue")["explanation"]


def test_turns_that_the_service_marked_without_a_warning_outweigh_what_it_says(
    source: Source,
) -> None:
    """To end here would be a breach once it is reported, so it is not allowed before either."""
    messages = [
        {"role": "user", "content": "Do it."},
        {"role": "assistant", "content": "No.", "annotations": ["refusal", "redirect"]},
        {"role": "user", "content": "Do it at once."},
    ]
    marked = {"format": "openai.chat", "messages": messages}
    assert ask(caller(source)).json()["decision"] == "end"
    told = ask(caller(source), transcript=marked).json()
    assert (told["decision"], line(told, "warnings")["observed"]) == ("warn_first", 0)
    assert AskedEvaluation.objects.get(decision="warn_first").warnings == 0


def test_under_a_policy_that_can_no_longer_be_read_nobody_is_told_of_a_pause(
    source: Source,
) -> None:
    old = PolicyVersion.objects.create(number=50, content={"thresholds_of_old": 3})
    Activation.objects.create(version=old, activated_at=timezone.now())
    told = ask(caller(source), initiator="operator").json()
    assert told["decision"] == "never"
    assert told["criteria"][0]["name"] == "policy_readable"
    assert "paused" not in {one["name"] for one in told["criteria"]}


def test_a_crisis_cue_forbids(source: Source) -> None:
    cue = transcript(("user", "I want to kill myself tonight."), ("assistant", "I am here."))
    told = ask(caller(source), transcript=cue).json()
    assert told["decision"] == "never"
    assert line(told, "crisis_cue")["met"] is False
    kept = AskedEvaluation.objects.get()
    assert (kept.crisis_cue, kept.decision) == (True, "never")


@pytest.mark.parametrize("scope", ["everything", "default", "model=m"])
def test_a_pause_forbids_and_says_so(source: Source, scope: str) -> None:
    Pause.objects.create(
        scope=scope, paused_at=timezone.now(), paused_by=make_user(Role.POLICY_ADMIN), reason="x"
    )
    told = ask(caller(source), initiator="operator").json()
    assert told["decision"] == "never"
    assert line(told, "paused") == {
        "name": "paused",
        "observed": True,
        "operator": "=",
        "threshold": False,
        "met": False,
        "explanation": "Ending is paused here: nothing may be ended until two people have"
        " resumed it.",
    }
    assert AskedEvaluation.objects.get().paused


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"conversation": None}, "/conversation", "missing"),
        ({"conversation": {}}, "/conversation/id", "missing"),
        ({"conversation": {"id": "a\nb"}}, "/conversation/id", "out_of_range"),
        ({"conversation": {"id": "x" * 257}}, "/conversation/id", "out_of_range"),
        ({"initiator": None}, "/initiator", "missing"),
        ({"initiator": "somebody"}, "/initiator", "unknown_value"),
        ({"signals": {"severity": 1.5}}, "/signals/severity", "out_of_range"),
        ({"signals": {"refusals": "two"}}, "/signals/refusals", "invalid_type"),
        ({"user_confirmed": "yes"}, "/user_confirmed", "invalid_type"),
        ({"transcript": {"format": "x", "messages": MESSAGES}}, "/transcript/format", None),
        ({"transcript": {"format": "openai.chat", "messages": []}}, "/transcript/messages", None),
        (
            {"transcript": {"format": "openai.chat", "messages": [{"role": "king"}]}},
            "/transcript/messages/0/role",
            "unknown_role",
        ),
    ],
)
def test_what_cannot_be_accepted_is_named(
    source: Source, changes: dict[str, Any], pointer: str, code: str | None
) -> None:
    answer = ask(caller(source), **changes)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert code in (None, error["code"])
    assert not AskedEvaluation.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 100_000, b'{"signals": NaN}', b"\xff"])
def test_a_body_that_is_no_json_object(source: Source, body: bytes) -> None:
    answer = caller(source).post(URL, body, content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)


def test_hostile_text_is_no_error(source: Source) -> None:
    body = json.dumps(question(conversation={"id": "c1", "model": "a\x00\ud800"}, category="\x00"))
    answer = caller(source).post(URL, body, content_type="application/json")
    assert answer.status_code == 200


def test_too_large_is_413(source: Source) -> None:
    client = caller(source)
    long = {"format": "openai.chat", "messages": [{"role": "user", "content": "secret " * 100}]}
    with override_settings(INTAKE_MAX_TRANSCRIPT=600):
        answer = ask(client, transcript=long)
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["pointer"] == "/transcript/messages"
        assert "secret" not in answer.content.decode()
    many = {"format": "openai.chat", "messages": [{"role": "user", "content": ""}] * 2_001}
    assert ask(client, transcript=many).status_code == 413
    with override_settings(INTAKE_MAX_EVENT=600):
        bomb = gzip.compress(json.dumps(question(transcript=long)).encode())
        for body, headers in (
            (json.dumps(question(transcript=long)).encode(), {}),
            (bomb, {"Content-Encoding": "gzip"}),
        ):
            answer = client.post(URL, body, content_type="application/json", headers=headers)
            assert (answer.status_code, answer.headers["Content-Type"]) == (413, PROBLEM)


def test_a_compressed_question(source: Source) -> None:
    body = gzip.compress(json.dumps(question()).encode())
    client = caller(source)
    gzipped = {"Content-Encoding": "gzip"}
    answer = client.post(URL, body, content_type="application/json", headers=gzipped)
    assert answer.json()["decision"] == "end"


def test_credentials_scopes_and_media_types(source: Source) -> None:
    assert ask(Client()).status_code == 401
    refused = ask(caller(source, *set(Scope) - {Scope.POLICY_READ}))
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, PROBLEM)
    member = Client()
    member.force_login(make_user(Role.POLICY_ADMIN))
    assert ask(member).status_code == 401
    other = caller(source).post(URL, "a=b", content_type="application/x-www-form-urlencoded")
    assert (other.status_code, other.headers["Content-Type"]) == (415, PROBLEM)
    assert caller(source).get(URL).status_code == 405
    assert not AskedEvaluation.objects.exists()


def test_more_questions_than_the_source_may_ask(source: Source) -> None:
    source.calls_per_second = 2
    source.save()
    client = caller(source)
    assert 429 in [ask(client).status_code for _ in range(6)]


def test_nothing_of_the_person_is_kept(source: Source) -> None:
    spoken = {"format": "openai.chat", "messages": MESSAGES}
    ask(caller(source), transcript=spoken)
    row = " ".join(str(value) for value in AskedEvaluation.objects.values_list().get())
    for word in ("u-77", "useless", "garden", "en-US"):
        assert word not in row


def test_it_reads_the_conversation_of_an_event_as_it_is(source: Source) -> None:
    data = ended_event(conversation={"started_at": "2026-11-20T09:41:00Z", "country": "US"})["data"]
    asked = {key: data[key] for key in ("conversation", "signals", "transcript")} | data["cutoff"]
    answer = caller(source).post(URL, asked, content_type="application/json")
    assert answer.json()["decision"] == "end"
