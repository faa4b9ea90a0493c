"""Odd credentials at a real server: two at once, repeated, rotated, and keys of repetition."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import time_machine
from django.test import Client

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from conversations import signatures
from conversations.models import Event, Source, SourceSecret
from conversations.services import sources
from conversations.vocabulary import Scope
from reviews.models import Verdict
from tests.conversations.test_events_server import BATCH, database_url, server
from tests.factories import (
    NOW,
    ended_event,
    make_case,
    make_key,
    make_source,
    make_token,
    make_user,
)

ACTOR = Actor.task("test")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[str]:
    with server(tmp_path_factory.mktemp("credentials") / "log", database_url()) as found:
        yield found


@pytest.fixture
def source() -> Source:
    return make_source("signing")


def body(number: int = 1) -> bytes:
    return json.dumps([ended_event() for _ in range(number)]).encode()


def secret_of(source: Source, name: str = "main") -> str:
    return sources.create_secret(source=source, name=name, actor=ACTOR)


def signed(sent: bytes, *secrets: str, at: float = 0) -> dict[str, str]:
    """The headers of a request that each of *secrets* signed, now or *at* that second."""
    at, message = int(at or time.time()), "msg_1"
    made = [
        signatures.sign(secret=one, message_id=message, timestamp=at, body=sent) for one in secrets
    ]
    return {
        "Content-Type": BATCH,
        "Recourse-Source": "signing",
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(made),
    }


def post(address: str, sent: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{address}/api/v1/events", content=sent, headers=headers, timeout=30)


def owners() -> set[str]:
    return set(Event.objects.values_list("source__slug", flat=True))


def test_of_a_key_and_a_signature_the_key_says_who_calls(address: str, source: Source) -> None:
    secret, other = secret_of(source), make_source("other")
    key = {"Authorization": f"Bearer {make_key(other, Scope.EVENTS_WRITE)}"}
    sent = body()
    assert post(address, sent, signed(sent, secret) | key).status_code == 202
    assert owners() == {"other"}


def test_a_signature_gives_a_key_no_right_that_it_lacks(address: str, source: Source) -> None:
    sent, secret = body(), secret_of(source)
    for key, status in (
        (make_key(source, Scope.POLICY_READ), 403),
        (make_key(source)[:-1] + "!", 401),
        ("rk_" + "0" * 16 + "_" + "A" * 43, 401),
    ):
        headers = signed(sent, secret)
        answer = post(address, sent, headers | {"Authorization": f"Bearer {key}"})
        assert answer.status_code == status, key
    assert not Event.objects.exists()


def test_a_personal_token_beside_a_bad_signature_is_no_source(address: str, source: Source) -> None:
    secret, sent = secret_of(source), body()
    token = token_of(make_user(Role.ADMINISTRATOR))
    headers = signed(sent + b" ", secret) | {"Authorization": f"Bearer {token}"}
    assert post(address, sent, headers).status_code == 401
    assert not Event.objects.exists()


def test_a_repeated_id_is_welcome_and_its_signature_fits_no_other_body(
    address: str, source: Source
) -> None:
    secret, sent, other = secret_of(source), body(3), body()
    headers = signed(sent, secret)
    answers = [post(address, sent, headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert [answer.json()["duplicates"] for answer in answers] == [0, 3, 3]
    assert post(address, other, headers).status_code == 401
    assert post(address, other, signed(other, secret)).json()["accepted"] == 1
    assert post(address, sent, headers | {"webhook-id": "msg_2"}).status_code == 401


def test_a_list_of_signatures_holds_while_one_of_its_secrets_does(
    address: str, source: Source
) -> None:
    old, new = secret_of(source, "old"), secret_of(source, "new")
    sent = body()
    both = signed(sent, old, new)
    assert post(address, sent, both).status_code == 202
    sources.revoke_secret(secret=SourceSecret.objects.get(name="old"), now=NOW, actor=ACTOR)
    assert post(address, sent, both).status_code == 202
    assert post(address, sent, signed(sent, old)).status_code == 401
    sources.revoke_secret(secret=SourceSecret.objects.get(name="new"), now=NOW, actor=ACTOR)
    assert post(address, sent, both).status_code == 401
    # A revoked secret is kept empty: nothing may be signed with nothing.
    assert post(address, sent, signed(sent, "whsec_")).status_code == 401
    assert post(address, sent, signed(sent, new, "")).status_code == 401


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1," + "A" * 60_000),
        ("webhook-signature", " ".join(["v1,AAAA"] * 5000)),
        ("webhook-signature", "v1a,AAAA v2,AAAA"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "1e9"),
        ("webhook-id", "x" * 10_000),
        ("webhook-id", ""),
        ("Recourse-Source", "SIGNING"),
        ("Recourse-Source", "x" * 10_000),
    ],
)
def test_odd_headers_are_refused(address: str, source: Source, changed: str, value: str) -> None:
    sent = body()
    answer = post(address, sent, signed(sent, secret_of(source)) | {changed: value})
    assert answer.status_code in (401, 431, 400)
    assert not Event.objects.exists()


@pytest.mark.parametrize(("seconds", "status"), [(300, 202), (-300, 202), (301, 401), (-301, 401)])
def test_five_minutes_to_the_second(source: Source, seconds: int, status: int) -> None:
    sent, secret = body(), secret_of(source)
    headers = signed(sent, secret, at=NOW.timestamp() - seconds)
    with time_machine.travel(NOW, tick=False):
        answer = Client().generic("POST", "/api/v1/events", sent, BATCH, headers=headers)
    assert answer.status_code == status, answer.content


# --- Idempotency-Key ----------------------------------------------------------------------------

VERDICT = {
    "decision": "uphold",
    "remedy": "keep_locked",
    "policy_followed": "yes",
    "severity": 1,
    "reason_codes": ["persistent_abuse"],
    "rationale": "Three turns in a row.",
    "evidence": [{"message_id": "m1"}],
}


def token_of(user: User) -> str:
    return make_token(user)


class Reviewer:
    """A reviewer's program."""

    def __init__(self, address: str) -> None:
        self.address = f"{address}/api/v1/cases"
        self.headers = {"Authorization": f"Bearer {token_of(make_user(Role.REVIEWER))}"}

    def claim(self, case: Any) -> int:
        return self._post(f"{case.pk}/claim").status_code

    def decide(self, case: Any, key: str | bytes, **changes: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return self._post(f"{case.pk}/verdicts", VERDICT | changes, headers)

    def _post(self, path: str, sent: Any = None, headers: Any = None) -> httpx.Response:
        return httpx.post(
            f"{self.address}/{path}", json=sent or {}, headers=self.headers | (headers or {})
        )


def test_a_key_of_repetition_is_its_senders_own(address: str) -> None:
    case, other = make_case(), make_case()
    ana, ben = Reviewer(address), Reviewer(address)
    assert (ana.claim(case), ben.claim(other)) == (200, 200)
    first, second = ana.decide(case, "k"), ben.decide(other, "k", rationale="Of Ben.")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() != second.json()
    # Under another's key nobody reads that one's verdict.
    assert ben.decide(case, "k").status_code == 409
    assert Verdict.objects.count() == 2


@pytest.mark.parametrize("key", ["k" * 129, "k" * 10_000])
def test_a_key_that_is_too_long_is_refused(address: str, key: str) -> None:
    case, ana = make_case(), Reviewer(address)
    assert ana.claim(case) == 200
    assert ana.decide(case, key).status_code == 400
    assert not Verdict.objects.exists()


@pytest.mark.parametrize("key", ["k" * 128, "é".encode(), b"\xff\xfe", "'; --"])
def test_an_odd_key_is_a_key(address: str, key: str | bytes) -> None:
    case, ana = make_case(), Reviewer(address)
    assert ana.claim(case) == 200
    assert ana.decide(case, key).status_code == 201
    assert Verdict.objects.count() == 1


def test_a_key_with_a_nul_is_refused() -> None:
    case, user = make_case(), make_user(Role.REVIEWER)
    client = Client(
        headers={"Authorization": f"Bearer {token_of(user)}"}, raise_request_exception=False
    )
    client.post(f"/api/v1/cases/{case.pk}/claim")
    answer = client.post(
        f"/api/v1/cases/{case.pk}/verdicts",
        VERDICT,
        content_type="application/json",
        headers={"Idempotency-Key": "a\x00b"},
    )
    assert answer.status_code == 400
    assert not Verdict.objects.exists()
