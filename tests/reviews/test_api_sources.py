"""The status call and relayed feedback, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from conversations.models import Source
from conversations.vocabulary import Scope
from reviews.models import Feedback
from reviews.vocabulary import CaseState, Queue
from tests.factories import hear, make_case, make_key, make_source, make_user

pytestmark = pytest.mark.django_db

URL = "/api/v1/conversations/c1/status"


@pytest.fixture
def source() -> Source:
    return make_source("chat")


def caller(source: Source, *scopes: Scope) -> Client:
    return Client(headers={"Authorization": f"Bearer {make_key(source, *scopes)}"})


def test_a_source_asks_for_its_own_conversation(
    source: Source, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_case(source, conversation={"id": "c1"})
    client = caller(source, Scope.STATUS_READ)
    client.get(URL)  # the first call of a minute notes that the key was used
    with django_assert_num_queries(2):  # the key, the conversation
        answer = client.get(URL)
    assert answer.status_code == 200
    assert answer.json()["locked"] is True
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_ids_with_odd_characters_are_asked_for_in_the_query(source: Source) -> None:
    make_case(source, conversation={"id": "a/b?c#d é"})
    answer = caller(source).get("/api/v1/conversations/status", {"id": "a/b?c#d é"})
    assert answer.status_code == 200
    assert answer.json()["id"] == "a/b?c#d é"


def test_an_etag_answers_304_until_anything_changes(source: Source) -> None:
    case = make_case(source, conversation={"id": "c1"}, opened=False)
    type(case).objects.filter(pk=case.pk).update(selected=False, state=CaseState.UNSELECTED)
    client = caller(source)
    etag = client.get(URL).headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = client.get(URL, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["ETag"] == etag
    assert client.get(URL, headers={"If-None-Match": '"other"'}).status_code == 200

    hear(case)
    answer = client.get(URL, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.json()["review"]) == (200, "pending")
    assert answer.headers["ETag"] != etag


def test_unknown_and_anothers_are_both_404(source: Source) -> None:
    make_case(source, conversation={"id": "c1"})
    for client, url in ((caller(source), URL.replace("c1", "c2")), (caller(make_source()), URL)):
        answer = client.get(url)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_credentials_and_scopes(source: Source) -> None:
    make_case(source, conversation={"id": "c1"})
    assert Client().get(URL).status_code == 401
    assert Client(headers={"Authorization": "Bearer nonsense"}).get(URL).status_code == 401
    assert caller(source, Scope.EVENTS_WRITE).get(URL).status_code == 403
    assert caller(source, Scope.STATUS_READ).post(URL).status_code == 405


@pytest.mark.parametrize(("role", "status"), [(Role.REVIEWER, 200), (None, 403)])
def test_staff_name_the_source(source: Source, role: Role | None, status: int) -> None:
    make_case(source, conversation={"id": "c1"})
    client = Client()
    client.force_login(make_user(*([role] if role else [])))
    assert client.get(f"{URL}?source=chat").status_code == status
    if role:
        assert client.get(URL).status_code == 404
        assert client.get(f"{URL}?source=other").status_code == 404


def send(client: Client, **data: Any) -> Any:
    said = {"conversation_id": "c1", "surprised": True} | data
    return client.post("/api/v1/feedback", said, content_type="application/json")


def test_feedback_goes_to_the_latest_cutoff(source: Source) -> None:
    case = make_case(source, conversation={"id": "c1"})
    answer = send(caller(source), reason="roleplay", comment="A play.", appeal=True)
    assert answer.status_code == 202
    given = Feedback.objects.select_related("words").get(pk=answer.json()["id"])
    assert (given.case, given.reason, given.channel) == (case, "roleplay", "api")
    assert given.words.comment == "A play."
    case.refresh_from_db()
    assert (case.surprised, case.queue) == (True, Queue.APPEALS)


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"surprised": "perhaps"}, "/surprised"),
        ({"reason": "persistent_abuse"}, "/reason"),
        ({"comment": "x" * 5_001}, "/comment"),
        ({"conversation_id": ""}, "/conversation_id"),
    ],
)
def test_bad_feedback_is_named(source: Source, data: dict[str, Any], pointer: str) -> None:
    make_case(source, conversation={"id": "c1"})
    answer = send(caller(source), **data)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Feedback.objects.exists()


def test_feedback_on_what_was_never_ended_or_is_anothers(source: Source) -> None:
    make_case(source, conversation={"id": "c1"})
    assert send(caller(source), conversation_id="c2").status_code == 404
    assert send(caller(make_source())).status_code == 404
    assert send(caller(source, Scope.STATUS_READ)).status_code == 403


def test_too_much_feedback_is_409(source: Source) -> None:
    make_case(source, conversation={"id": "c1"})
    client = caller(source)
    answers = [send(client, comment=str(number)).status_code for number in range(21)]
    assert answers == [202] * 20 + [409]
