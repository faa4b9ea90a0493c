"""Which policy is in force, asked over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.ledger import Actor
from accounts.roles import Role
from conversations.models import Source
from conversations.vocabulary import Scope
from policies.models import Activation, Pause, PolicyVersion
from policies.services.versions import create_version
from policies.thresholds import BUILT_IN
from tests.factories import make_key, make_source, make_token, make_user

pytestmark = pytest.mark.django_db

URL = "/api/v1/policies/active"
PROBLEM = "application/problem+json"


@pytest.fixture
def source() -> Source:
    return make_source("chat")


def caller(source: Source, *scopes: Scope) -> Client:
    return Client(headers={"Authorization": f"Bearer {make_key(source, *scopes)}"})


def activation(scope: str = "default", **changes: Any) -> Activation:
    """An activation of a version of its own, an hour ago."""
    thresholds = msgspec.structs.replace(BUILT_IN, imminent_risk_ceiling=0.1)
    number = create_version(thresholds=thresholds, note="", actor=Actor.task("test"))
    began = timezone.now() - timedelta(hours=1)
    return Activation.objects.create(version=number, scope=scope, activated_at=began, **changes)


def pause(scope: str) -> Pause:
    return Pause.objects.create(
        scope=scope,
        paused_at=timezone.now(),
        paused_by=make_user(Role.POLICY_ADMIN),
        reason="Wait.",
    )


def test_the_built_in_policy(
    source: Source, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = caller(source, Scope.POLICY_READ)
    with django_assert_num_queries(3):  # the key, that it was used, the policy
        answer = client.get(URL)
    assert answer.status_code == 200
    assert answer.json() == {
        "version": 1,
        "scope": "default",
        "enabled": True,
        "thresholds": msgspec.to_builtins(BUILT_IN),
        "activated_at": None,
        "max_age": 60,
    }
    assert answer.headers["Cache-Control"] == "private, max-age=60"


def test_the_policy_of_a_scope(source: Source) -> None:
    activation()
    override = activation("model=m;locale=de")
    answer = caller(source).get(URL, {"model": "m", "surface": "", "locale": "de-AT"}).json()
    assert (answer["version"], answer["scope"]) == (override.version_id, "model=m;locale=de")
    assert answer["activated_at"] == override.activated_at.isoformat().replace("+00:00", "Z")
    assert answer["thresholds"]["imminent_risk_ceiling"] == 0.1


def test_a_conversation_stays_on_its_side_of_a_rollout(source: Source) -> None:
    old = PolicyVersion.objects.get(number=1)
    new = activation(percent=40, beside=old).version_id
    client = caller(source)

    def versions() -> list[int]:
        ids = [f"c{number}" for number in range(20)]
        return [client.get(URL, {"conversation_id": one}).json()["version"] for one in ids]

    assert set(versions()) == {1, new}
    assert versions() == versions()
    assert client.get(URL).json()["version"] == 1


def test_a_pause_says_so_at_once(source: Source) -> None:
    client = caller(source)
    etag = client.get(URL, {"model": "m"}).headers["ETag"]
    pause("model=m")
    answer = client.get(URL, {"model": "m"}, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.json()["enabled"]) == (200, False)
    assert client.get(URL).json()["enabled"] is True
    pause("everything")
    assert client.get(URL).json()["enabled"] is False


def test_an_etag_answers_304_until_anything_changes(source: Source) -> None:
    client = caller(source)
    etag = client.get(URL).headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = client.get(URL, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["ETag"] == etag
        assert answer.headers["Cache-Control"] == "private, max-age=60"
    activation()
    answer = client.get(URL, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != etag


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "\x00"),
        ("model", "a\nb"),
        ("model", "x" * 129),
        ("surface", "x" * 65),
        ("locale", "x" * 36),
        ("conversation_id", "x" * 257),
        ("conversation_id", "a\x7f"),
        ("conversation_id", "a\x85"),
        ("conversation_id", "a\n"),
    ],
)
def test_a_bad_parameter_is_named(source: Source, name: str, value: str) -> None:
    answer = caller(source).get(URL, {name: value})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (f"/{name}", "out_of_range")
    assert value not in answer.content.decode()


@pytest.mark.parametrize("value", ["é" * 128, "a;b=c%", "x" * 128, "%00", "\U0001f600"])
def test_odd_values_are_no_error(source: Source, value: str) -> None:
    assert caller(source).get(URL, {"model": value}).status_code == 200


def test_bytes_that_are_no_text_are_no_error(source: Source) -> None:
    assert caller(source).get(f"{URL}?model=%ff%fe&surface=%ed%a0%80").status_code == 200


def test_credentials_and_scopes(source: Source) -> None:
    for client, status in (
        (Client(), 401),
        (Client(headers={"Authorization": "Bearer rk_no_thing"}), 401),
        (caller(source, *set(Scope) - {Scope.POLICY_READ}), 403),
        (caller(source, Scope.POLICY_READ), 200),
    ):
        answer = client.get(URL)
        assert answer.status_code == status
        if status != 200:
            assert answer.headers["Content-Type"] == PROBLEM
    refused = caller(source, Scope.STATUS_READ).get(URL).json()
    assert refused["detail"] == "This key does not have the scope policy:read."
    assert caller(source).post(URL).status_code == 405


@pytest.mark.parametrize(
    ("role", "status"), [(Role.POLICY_ADMIN, 200), (Role.AUDITOR, 200), (Role.REVIEWER, 403)]
)
def test_staff_ask_by_their_role(role: Role, status: int) -> None:
    user = make_user(role)
    at_the_screen = Client()
    at_the_screen.force_login(user)
    token = make_token(user)
    for client in (at_the_screen, Client(headers={"Authorization": f"Bearer {token}"})):
        assert client.get(URL).status_code == status


def test_more_calls_than_the_source_may_make(source: Source) -> None:
    source.calls_per_second = 2
    source.save()
    client = caller(source)
    answers = [client.get(URL) for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["Content-Type"] == PROBLEM
    assert int(refused[0].headers["Retry-After"]) >= 1
