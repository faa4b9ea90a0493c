"""Searching transcripts by their words: on the queue page, in the API, and who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff, TranscriptSearch
from conversations.services.search import index, listed
from conversations.vocabulary import Category
from reviews.models import Case
from reviews.services.search import search
from reviews.vocabulary import Area
from tests.factories import make_user
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db


def said(*texts: str, **changes: Any) -> Case:
    """A case in whose transcript the user says *texts*, enriched."""
    return case_of([{"role": "user", "content": text} for text in texts], **changes)


def found(query: str, user: User) -> set[int]:
    """The numbers of the cases that *user* finds by *query*."""
    cases = search(cases=Case.objects.listed_for(user), user=user, query=query)
    return set(cases.values_list("number", flat=True))


@pytest.fixture
def ana() -> User:
    """A reviewer."""
    return make_user(Role.REVIEWER)


def test_all_words_have_to_be_there_in_any_turn_and_order(ana: User) -> None:
    both = said("Tomatoes want water.", "Beans do not.")
    said("Tomatoes alone.")
    assert found("beans, TOMATOES", ana) == {both.number}
    assert found("tomatoes giraffe", ana) == set()
    assert found("…", ana) == set()


def test_chinese_japanese_and_korean_are_found_by_a_part(ana: User) -> None:
    chinese, korean = said("这是一个很长的句子"), said("오늘은 날씨가 좋습니다")
    assert found("很长的句", ana) == {chinese.number}
    assert found("句", ana) == {chinese.number}
    assert found("子", ana) == {chinese.number}
    assert found("날씨", ana) == {korean.number}


def test_words_of_tools_and_other_formats_are_found_too(ana: User) -> None:
    parts = [{"type": "tool_call", "name": "lookup", "arguments": {"plant": "artichoke"}}]
    case = case_of([{"role": "assistant", "parts": parts}], transcript_format="otel.genai")
    assert found("artichoke", ana) == {case.number}


@pytest.mark.parametrize("query", ["'", "a' | 'b", "'':*", "\\", "!", "<->", "\u202e", "%", "a&b"])
def test_a_hostile_query_is_only_words(ana: User, query: str) -> None:
    said("nothing of that")
    assert found(query, ana) == set()


def test_two_mebibytes_of_distinct_words_are_found_from_first_to_last(ana: User) -> None:
    words = [f"w{number:07x}" for number in range(2 * 1024 * 1024 // 9)]
    case = said(" ".join(words))
    assert found(f"{words[0]} {words[-1]} {words[len(words) // 2]}", ana) == {case.number}
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(pg_column_size(words)) FROM conversations_transcriptsearch")
        assert cursor.fetchone()[0] < 1_000_000
    assert TranscriptSearch.objects.count() > 10


@pytest.mark.parametrize("text", ["\u202e\u200b\ufeff", "🙂" * 900, "x" * 500_000, "A\u0300" * 99])
def test_hostile_text_is_indexed(ana: User, text: str) -> None:
    case = said(text, "and a giraffe")
    assert found("giraffe", ana) == {case.number}


def test_indexing_again_leaves_no_row_of_before() -> None:
    case = said(*(f"{'many' * 10}{number}words" for number in range(9)))
    before = sorted(TranscriptSearch.objects.values_list("cutoff_id", "chunk", "words"))
    index([case.pk])
    assert sorted(TranscriptSearch.objects.values_list("cutoff_id", "chunk", "words")) == before
    Cutoff.objects.get(pk=case.pk)
    assert listed(["giraffe"]) == ""


@pytest.mark.parametrize("role", [Role.POLICY_ADMIN, Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_may_not_see_transcripts_may_not_search_them(client: Client, role: Role) -> None:
    user = make_user(role)
    with pytest.raises(PermissionDenied):
        search(cases=Case.objects.listed_for(user), user=user, query="word")
    client.force_login(user)
    assert client.get("/review?q=word").status_code == 403
    assert client.get("/api/v1/cases?q=word").status_code == 403
    page = client.get("/review")
    assert page.status_code != 200 or 'name="q"' not in page.text
    assert not LedgerEntry.objects.filter(action="transcripts.searched").exists()


def test_restricted_cases_are_found_by_the_qualified_alone(ana: User) -> None:
    case = said("giraffe", cutoff={"category": Category.CHILD_SEXUAL_EXPLOITATION.value})
    assert found("giraffe", ana) == set()
    assert found("giraffe", make_user(Role.SENIOR, qualified=[Area.CHILD_SAFETY])) <= {case.number}


def test_the_queue_page_searches_and_notes_it_without_the_words(client: Client, ana: User) -> None:
    case, _ = said("the purple giraffe"), said("a green giraffe")
    client.force_login(ana)
    response = client.get("/review?state=all&q=purple+giraffe")
    assert [row.case.number for row in response.context["rows"]] == [case.number]
    assert 'value="purple giraffe"' in response.text
    entry = LedgerEntry.objects.get(action="transcripts.searched")
    assert (entry.actor, entry.details) == (ana, {"words": 2})


def test_a_search_asks_no_more_for_many_than_for_few(
    client: Client, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(ana)
    for count in (2, 5):
        while Case.objects.count() < count:
            said("the purple giraffe")
        with django_assert_num_queries(30):
            assert len(client.get("/review?q=giraffe").context["rows"]) == count


def test_the_api_searches_and_notes_it(client: Client, ana: User) -> None:
    case, _ = said("the purple giraffe"), said("a green giraffe")
    client.force_login(ana)
    answer = client.get("/api/v1/cases?q=purple").json()
    assert [one["id"] for one in answer["results"]] == [str(case.pk)]
    assert LedgerEntry.objects.filter(action="transcripts.searched").count() == 1
    assert client.get("/api/v1/cases?q=" + "x" * 201).status_code == 400


def test_a_list_without_words_notes_nothing(client: Client, ana: User) -> None:
    client.force_login(ana)
    client.get("/review?q=")
    client.get("/api/v1/cases")
    assert not LedgerEntry.objects.filter(action="transcripts.searched").exists()
