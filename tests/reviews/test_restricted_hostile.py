"""A restricted notice beside one that waits: what ``test_restricted_notices`` does not compare."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import Role
from conversations.models import Conversation, Cutoff, Source
from conversations.vocabulary import Scope
from reviews.models import Case, Outcome, Restriction
from reviews.services import replies, restricting
from reviews.services.enrichment import enrich
from reviews.vocabulary import Area
from tests.factories import (
    NOW,
    give_verdict,
    hear,
    make_case,
    make_key,
    make_user,
    settle,
)

pytestmark = pytest.mark.django_db

PAGES = ("", "/feedback", "/thanks", "/status", "/statement")
SAID = {"surprised": "yes", "reason": "roleplay", "comment": "It was a story.", "appeal": "on"}


@pytest.fixture
def lawyer() -> User:
    return make_user(Role.SENIOR, qualified=[Area.LEGAL])


@pytest.fixture(params=["other", "hate"])
def pair(source: Source, lawyer: User, request: pytest.FixtureRequest) -> tuple[Case, Case]:
    """One of hate that is restricted, and one that waits: of no category, and of the same."""
    made = []
    for number in (1, 2):
        case = make_case(
            source,
            conversation={"id": f"c{number}", "user_id": f"u{number}"},
            cutoff={"category": "hate" if number == 1 else request.param},
        )
        Cutoff.objects.filter(pk=case.pk).update(in_double=False)
        enrich(cutoff_ids=[case.pk])
        made.append(Case.objects.select_related("cutoff").get(pk=case.pk))
    restricting.restrict(case=made[0], reason="An inquiry.", user=lawyer, now=NOW)
    return made[0], made[1]


def _plain(case: Case, text: str) -> str:
    """*text* without what names the case."""
    cutoff = Cutoff.objects.get(pk=case.pk)
    name = Conversation.objects.get(latest_cutoff=case.pk).external_id
    for one, instead in (
        (str(cutoff.notice_token), "TOKEN"),
        (str(case.pk), "ID"),
        (f'"{name}"', '"NAME"'),
    ):
        text = text.replace(one, instead)
    return text


def _told(case: Case, method: str, page: str, **sent: Any) -> tuple[Any, ...]:
    """An answer, and by how many queries it was found."""
    client = Client()
    token = Cutoff.objects.get(pk=case.pk).notice_token
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = getattr(client, method)(f"/n/{token}{page}", **sent)
    headers = {
        key: _plain(case, one) for key, one in answer.headers.items() if key != "X-Request-ID"
    }
    cookies = answer.cookies.output()
    return answer.status_code, headers, cookies, _plain(case, answer.text), len(queries)


def _alike(pair: tuple[Case, Case], method: str, page: str, **sent: Any) -> bool:
    """Whether both answer the same, in as many queries.

    Beside a case of its own category, but for what the notice says of that.
    """
    one, other = (_told(case, method, page, **sent) for case in pair)
    if page == "" and pair[1].cutoff.category == "hate":
        one, other = _without_category(one), _without_category(other)
    return one == other


def _without_category(told: tuple[Any, ...]) -> tuple[Any, ...]:
    status, headers, cookies, text, queries = told
    text = re.sub(r"<p dir=\"auto\">The assistant ended.*?</p>", "", text, count=1)
    text = re.sub(r"<ul class=\"met\">.*?</ul>", "", text, flags=re.DOTALL)
    return status, {**headers, "Content-Length": ""}, cookies, text, queries


@override_settings(EMAIL_HOST="mail.example.com")
@pytest.mark.parametrize("page", PAGES)
def test_every_page_by_every_method_in_as_many_queries(pair: tuple[Case, Case], page: str) -> None:
    for method in ("get", "head", "options", "put", "delete"):
        assert _alike(pair, method, page), method


@time_machine.travel(NOW, tick=False)
@override_settings(EMAIL_HOST="mail.example.com")
def test_what_the_user_sends_is_received_alike(pair: tuple[Case, Case]) -> None:
    for sent in (
        SAID | {"address": "ana@example.com"},
        SAID | {"comment": "Once more.", "appeal": ""},
        SAID | {"comment": "x" * 6_000},
        {},
    ):
        assert _alike(pair, "post", "/feedback", data=sent)
        for page in PAGES:
            assert _alike(pair, "get", page), page
    assert _alike(pair, "post", "/no-mail")


def test_what_its_source_asks_and_relays_is_answered_alike(
    source: Source, pair: tuple[Case, Case]
) -> None:
    headers = {
        "Authorization": f"Bearer {make_key(source, Scope.STATUS_READ, Scope.FEEDBACK_WRITE)}"
    }
    answers = []
    for case in pair:
        name = Conversation.objects.get(latest_cutoff=case.pk).external_id
        said = {"conversation_id": name, "surprised": True, "comment": "Why?", "appeal": True}
        client = Client()
        sent = client.post("/api/v1/feedback", said, "application/json", headers=headers)
        address = f"/api/v1/conversations/{name}/status"
        status = client.get(address, headers=headers)
        again = client.get(address, headers=headers | {"If-None-Match": status.headers["ETag"]})
        shown = json.loads(_plain(case, status.text))
        if pair[1].cutoff.category == "hate":
            del shown["reason"]["text"]  # it says what the notice says of the category
        told = (sent.status_code, sorted(sent.json()), shown)
        answers.append((*told, sorted(status.headers), again.status_code))
    assert answers[0] == answers[1]
    assert answers[0][-1] == 304


def test_no_outcome_and_no_reply_tells_of_its_verdict(pair: tuple[Case, Case]) -> None:
    restricted, _ = pair
    ana = make_user(Role.REVIEWER)
    for case in pair:
        hear(case, comment="It was a story.", appeal=True)
    give_verdict(restricted, ana, "overturn", reply_words="We were wrong.")
    settle(restricted)
    replies.publish(case=restricted, now=NOW)
    told = [
        list(Outcome.objects.filter(cutoff=case.pk).values_list("type", flat=True)) for case in pair
    ]
    assert told[0] == told[1]
    for page in ("", "/status", "/statement"):
        assert _alike(pair, "get", page)
    assert Restriction.objects.get().lifted_at is None


@override_settings(TRANSPARENCY=True)
def test_a_statement_of_it_is_in_no_export(client: Client, pair: tuple[Case, Case]) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    period = {"since": "2026-11-01", "until": "2026-11-30"}
    for form in ("csv", "json"):
        told = client.get("/notices/statements", period | {"form": form}).getvalue().decode()
        assert str(pair[1].pk) in told
        assert str(pair[0].pk) not in told
