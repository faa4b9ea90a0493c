"""A restricted notice: from outside it is one of any case that waits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Conversation, Cutoff, Source
from conversations.vocabulary import ConversationState, Scope
from reviews.models import Case, Restriction
from reviews.services import claims, restricting
from reviews.services.enrichment import enrich
from reviews.services.status import status_of
from reviews.vocabulary import Area, CaseState
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_key,
    make_source,
    make_user,
    settle,
)

pytestmark = pytest.mark.django_db

PAGES = ("", "/feedback", "/thanks", "/status", "/statement")


@pytest.fixture
def lawyer() -> User:
    return make_user(Role.SENIOR, qualified=[Area.LEGAL])


def case_of(source: Source, number: int, category: str) -> Case:
    """A case whose conversation differs from its likes in its number alone."""
    case = make_case(
        source,
        conversation={"id": f"c{number}", "user_id": f"u{number}"},
        cutoff={"category": category},
    )
    enrich(cutoff_ids=[case.pk])
    case.refresh_from_db()
    return case


def restrict(case: Case, by: User) -> Restriction:
    return restricting.restrict(case=case, reason="An inquiry.", user=by, now=NOW)


def pages(client: Client, case: Case) -> list[tuple[int, str, dict[str, str]]]:
    """All that the user's pages answer, without what names the case."""
    token = str(Cutoff.objects.get(pk=case.pk).notice_token)
    answers = []
    for page in PAGES:
        for language in ("en", "ar"):
            response = client.get(f"/n/{token}{page}", headers={"Accept-Language": language})
            headers = {
                name: value for name, value in response.headers.items() if name != "X-Request-ID"
            }
            body = response.text.replace(token, "TOKEN").replace(str(case.pk), "ID")
            answers.append((response.status_code, body, headers))
    return answers


def status(client: Client, source: Source, case: Case) -> tuple[dict[str, Any], list[str]]:
    """What the status call answers, without what names the case, and its headers' names."""
    conversation = Conversation.objects.get(latest_cutoff=case.pk)
    token = str(Cutoff.objects.get(pk=case.pk).notice_token)
    response = client.get(
        f"/api/v1/conversations/{conversation.external_id}/status",
        headers={"Authorization": f"Bearer {make_key(source, Scope.STATUS_READ)}"},
    )
    text = response.text.replace(token, "TOKEN").replace(conversation.external_id, "ID")
    assert response.headers["ETag"]
    return msgspec.json.decode(text), sorted(response.headers)


@pytest.mark.parametrize("category", ["hate", "child_sexual_exploitation", "other"])
def test_every_byte_is_that_of_a_case_that_waits(
    client: Client, lawyer: User, category: str
) -> None:
    source = make_source()
    restricted, ordinary = case_of(source, 1, category), case_of(source, 2, "other")
    restrict(restricted, lawyer)
    assert pages(client, restricted) == pages(client, ordinary)
    assert status(client, source, restricted) == status(client, source, ordinary)


def without_category(answer: tuple[int, str, dict[str, str]]) -> tuple[int, str, dict[str, str]]:
    """A notice without what it says of the category: its first paragraph, and what was met."""
    status, body, headers = answer
    body = re.sub(r"<p dir=\"auto\">The assistant ended.*?</p>", "", body, count=1)
    body = re.sub(r"<ul class=\"met\">.*?</ul>", "", body, flags=re.DOTALL)
    return status, body, {**headers, "Content-Length": ""}


@pytest.mark.parametrize("category", ["hate", "child_sexual_exploitation"])
def test_beside_one_of_its_own_category_only_what_names_that_differs(
    client: Client, lawyer: User, category: str
) -> None:
    source = make_source()
    restricted, ordinary = case_of(source, 1, category), case_of(source, 2, category)
    restrict(restricted, lawyer)
    told, waiting = pages(client, restricted), pages(client, ordinary)
    for number, (one, other) in enumerate(zip(told, waiting, strict=True)):
        if number in (0, 1):  # the notice, in two languages
            assert one != other
            one, other = without_category(one), without_category(other)
        assert one == other
    (said, names), (waited, others) = (
        status(client, source, one) for one in (restricted, ordinary)
    )
    assert waited["reason"].pop("text").startswith(said["reason"].pop("text"))
    assert (said, names) == (waited, others)


def test_it_stays_so_whatever_people_do(client: Client, lawyer: User) -> None:
    source = make_source()
    restricted, ordinary = case_of(source, 1, "hate"), case_of(source, 2, "other")
    restrict(restricted, lawyer)
    tag = etag(client, source, "c1")
    for case in (restricted, ordinary):
        Cutoff.objects.filter(pk=case.pk).update(in_double=False)
        hear(case, comment="It was a story.")
    give_verdict(restricted, make_user(Role.REVIEWER), "overturn")
    # Whoever reads a case closes what its user may change.
    claims.claim(case=ordinary, user=make_user(Role.REVIEWER))
    settle(restricted)
    assert restricted.state == CaseState.SETTLING
    assert Conversation.objects.get(external_id="c1").state == ConversationState.ENDED
    assert etag(client, source, "c1") == tag
    assert pages(client, restricted) == pages(client, ordinary)
    assert status(client, source, restricted) == status(client, source, ordinary)


def etag(client: Client, source: Source, conversation: str) -> str:
    response = client.get(
        f"/api/v1/conversations/{conversation}/status",
        headers={"Authorization": f"Bearer {make_key(source, Scope.STATUS_READ)}"},
    )
    return str(response.headers["ETag"])


def test_it_costs_the_same_queries(
    client: Client, lawyer: User, django_assert_num_queries: Any
) -> None:
    source = make_source()
    restricted, ordinary = case_of(source, 1, "hate"), case_of(source, 2, "other")
    restrict(restricted, lawyer)
    for case in (restricted, ordinary):
        token = Cutoff.objects.get(pk=case.pk).notice_token
        with django_assert_num_queries(5):
            client.get(f"/n/{token}")
        with django_assert_num_queries(1):
            status_of(source=source, external_id="c1")


def test_a_case_that_nobody_was_to_look_at_waits_from_then_on(lawyer: User) -> None:
    source = make_source()
    case = make_case(source, opened=False, conversation={"id": "c1"})
    Case.objects.filter(pk=case.pk).update(state=CaseState.UNSELECTED, selected=False)
    restrict(case, lawyer)
    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    found = status_of(source=source, external_id="c1")
    assert found is not None
    assert found["review"] == "pending"


def test_what_was_public_stays(lawyer: User) -> None:
    source = make_source()
    case = make_case(source, conversation={"id": "c1"}, cutoff={"category": "hate"})
    give_verdict(case, make_user(Role.REVIEWER), "uphold")
    settle(case)
    made = restrict(case, lawyer)
    assert (made.review, made.decided_at) == ("upheld", NOW + timedelta(hours=1))
    hear(case, appeal=True)
    found = status_of(source=source, external_id="c1")
    assert found is not None
    assert found["review"] == "upheld"
    assert found["reason"] is not None
    assert "hateful" not in found["reason"]["text"]


def test_once_it_is_lifted_all_is_said(client: Client, lawyer: User) -> None:
    source = make_source()
    case = case_of(source, 1, "hate")
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    restrict(case, lawyer)
    give_verdict(case, make_user(Role.REVIEWER), "overturn")
    settle(case)
    restricting.lift(case=case, reason="It is over.", user=lawyer, now=timezone.now())
    settle(case)
    assert case.state == CaseState.SETTLED
    found = status_of(source=source, external_id="c1")
    assert found is not None
    assert (found["review"], found["state"]) == ("overturned", "reopened")
    token = Cutoff.objects.get(pk=case.pk).notice_token
    assert "hateful language" in client.get(f"/n/{token}").text
    assert "found that it was wrong" in client.get(f"/n/{token}/statement").text


def test_only_the_qualified_restrict(lawyer: User) -> None:
    case = make_case()
    for user in (make_user(Role.SENIOR), make_user(Role.SENIOR, qualified=[Area.CRISIS])):
        with pytest.raises(PermissionDenied):
            restrict(case, user)
    assert restrict(case, make_user(Role.REVIEWER, qualified=[Area.CHILD_SAFETY])).pk


def test_it_is_in_the_ledger_and_takes_a_reason(lawyer: User) -> None:
    case = make_case()
    for reason in ("  ", "x" * 501):
        with pytest.raises(ValidationError):
            restricting.restrict(case=case, reason=reason, user=lawyer, now=NOW)
    with pytest.raises(ValidationError, match="not restricted"):
        restricting.lift(case=case, reason="It is over.", user=lawyer, now=NOW)
    restrict(case, lawyer)
    with pytest.raises(ValidationError, match="already"):
        restrict(case, lawyer)
    restricting.lift(case=case, reason="It is over.", user=lawyer, now=NOW)
    noted = LedgerEntry.objects.filter(object_id=str(case.pk), action__startswith="notice.")
    assert list(noted.order_by("id").values_list("action", "actor")) == [
        ("notice.restricted", lawyer.pk),
        ("notice.restriction_lifted", lawyer.pk),
    ]


def test_the_page_restricts_and_lifts(client: Client, lawyer: User) -> None:
    case = make_case()
    client.force_login(lawyer)
    address = f"/cases/{case.number}/notice"
    assert "Restrict the notice" in client.get(address).text
    assert client.post(address, {"act": "restrict", "reason": ""}).status_code == 422
    sent = client.post(address, {"act": "restrict", "reason": "An inquiry."})
    assert sent.headers["Location"] == f"/cases/{case.number}"
    assert "An inquiry." in client.get(address).text
    again = client.post(address, {"act": "restrict", "reason": "Once more."})
    assert (again.status_code, "already" in again.text) == (422, True)
    client.post(address, {"act": "lift", "reason": "It is over."})
    assert Restriction.objects.get().lifted_because == "It is over."


def test_the_page_is_for_the_qualified(client: Client) -> None:
    case = make_case()
    client.force_login(make_user(Role.SENIOR))
    assert client.get(f"/cases/{case.number}/notice").status_code == 403
