"""Searching rationales, and where the words stand: only as far as one may read the text itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from conversations.vocabulary import Category
from conversations.words import places
from reviews.models import Case, Exercise, Verdict, VerdictText
from reviews.permissions import visible_texts
from reviews.services import claims, verdicts
from reviews.services.search import search
from reviews.services.verdicts import NewVerdict
from reviews.visibility import CaseFacts, Text, Viewer, visible
from reviews.vocabulary import CaseState
from tests.factories import make_user
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db

VERDICT = NewVerdict(
    decision="uphold",
    remedy="keep_locked",
    policy_followed="yes",
    reason_codes=("persistent_abuse",),
    rationale="He insisted on the Marmalade.",
    severity=1,
)


def decided(*, double: bool = False, by: User | None = None, **changes: Any) -> Case:
    """A case on which a verdict was given whose rationale speaks of marmalade."""
    case = case_of(6, **changes)
    Cutoff.objects.filter(pk=case.pk).update(in_double=double)
    user = by or make_user(Role.REVIEWER)
    claims.claim(case=case, user=user)
    verdicts.decide(
        case=Case.objects.get(pk=case.pk), user=user, verdict=VERDICT, now=timezone.now()
    )
    return Case.objects.get(pk=case.pk)


def found(user: User, query: str = "marmalade") -> list[int]:
    """The numbers of the cases that *user* finds."""
    cases = search(cases=Case.objects.listed_for(user), user=user, query=query)
    return list(cases.order_by("number").values_list("number", flat=True))


def test_a_settled_verdict_s_rationale_is_found_by_its_words() -> None:
    case = decided()
    assert found(make_user(Role.REVIEWER)) == []
    Case.objects.filter(pk=case.pk).update(state=CaseState.SETTLED, settle_at=None)
    assert found(make_user(Role.REVIEWER)) == [case.number]
    assert found(make_user(Role.REVIEWER), "insisted marmalade") == [case.number]
    assert found(make_user(Role.REVIEWER), "insisted jam") == []


def test_a_withdrawn_one_is_not() -> None:
    ana = make_user(Role.REVIEWER)
    case = decided(by=ana)
    verdicts.undo(case=case, user=ana, now=timezone.now())
    assert found(ana) == []


@pytest.mark.parametrize("state", CaseState.values)
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SENIOR, Role.TRAINEE])
@pytest.mark.parametrize("own", [False, True])
def test_it_is_found_where_it_could_be_read(state: str, role: Role, own: bool) -> None:
    ana = make_user(Role.REVIEWER)
    case = decided(by=ana)
    if state == CaseState.UNSELECTED:
        Case.objects.filter(pk=case.pk).update(selected=False, settle_at=None, state=state)
    elif state != CaseState.SETTLING:
        Case.objects.filter(pk=case.pk).update(settle_at=None, state=state)
    case.refresh_from_db()
    user = ana if own else make_user(role)
    readable = Text.VERDICTS in visible_texts(user, case)
    assert found(user) == ([case.number] if readable else [])


def test_a_blind_second_reviewer_finds_nothing_of_the_first_verdict(client: Client) -> None:
    case, bea = decided(double=True), make_user(Role.REVIEWER)
    assert case.state == CaseState.SECOND_REVIEW
    assert found(bea) == []
    client.force_login(bea)
    assert "CO-" not in client.get("/review?state=all&q=marmalade").text
    claims.claim(case=case, user=bea)
    verdicts.decide(case=case, user=bea, verdict=VERDICT, now=timezone.now())
    assert found(bea) == [case.number]


def test_whoever_answers_a_gold_case_does_not_find_how_it_was_decided() -> None:
    case, bea = decided(), make_user(Role.REVIEWER)
    Case.objects.filter(pk=case.pk).update(state=CaseState.SETTLED, settle_at=None)
    now = timezone.now()
    Exercise.objects.create(kind="gold", case=case, person=bea, dealt_at=now, due_at=now)
    assert found(bea) == []


def test_the_words_go_with_the_rationale() -> None:
    decided()
    text = VerdictText.objects.get()
    assert "marmalade" in str(text.terms)
    assert Verdict.objects.count() == 1


def test_the_model_s_and_the_service_s_words_are_found(client: Client) -> None:
    case = case_of(6, cutoff={"explanation": "I end this pleasantly.", "rationale": "Grumbling."})
    ana = make_user(Role.REVIEWER)
    assert found(ana, "pleasantly grumbling") == [case.number]
    client.force_login(ana)
    text = client.get("/review?state=all&q=grumbling").text
    assert "<b>Service’s rationale</b> <mark>Grumbling</mark>." in text


@pytest.mark.parametrize("role", Role)
def test_whoever_sees_transcripts_sees_what_is_indexed_with_them(role: Role) -> None:
    shown = visible(Viewer(1, frozenset({role})), CaseFacts(False, CaseState.OPEN))
    assert Text.TRANSCRIPT not in shown or Text.RATIONALE in shown


def said(category: str = "", **signals: Any) -> Case:
    """A case in which the user speaks of a giraffe and the model of a zebra."""
    changes: dict[str, Any] = {"cutoff": {"category": category}} if category else {}
    turns = [("user", "A <b>Purple</b> giraffe!"), ("assistant", "No, a zebra.")]
    messages = [{"role": role, "content": words} for role, words in turns]
    return case_of(messages, signals={"severity": 0.1} | signals, **changes)


def page(client: Client, query: str) -> str:
    """The list of what a reviewer finds."""
    client.force_login(make_user(Role.REVIEWER))
    return client.get(f"/review?state=all&q={query}").text


def test_the_words_are_marked_and_escaped(client: Client) -> None:
    case = said()
    text = page(client, "giraffe+purple")
    assert "&lt;b&gt;<mark>Purple</mark>&lt;/b&gt; <mark>giraffe</mark>!" in text
    assert f'href="/cases/{case.number}#turn-1">Turn 1</a>' in text


def test_words_of_hidden_turns_are_not_in_the_page(client: Client) -> None:
    said(severity=0.95)
    text = page(client, "giraffe")
    assert "Hidden: it was rated severe and may be upsetting." in text
    assert "Purple" not in text


@pytest.mark.parametrize("word", ["zebra", "pleasantly", "grumbling"])
def test_nor_are_those_of_the_model_and_the_service_where_excerpts_are_hidden(
    client: Client, word: str
) -> None:
    words = {"explanation": "I end this pleasantly.", "rationale": "Grumbling."}
    case_of([{"role": "assistant", "content": "No, a zebra."}], cutoff=words | {"category": "hate"})
    text = page(client, word)
    assert "CO-" in text
    assert "Hidden: it may hold hateful language." in text
    assert f"<mark>{word}" not in text.lower()


def test_the_words_of_the_model_are_shown_where_excerpts_are(client: Client) -> None:
    said()
    assert "<mark>zebra</mark>" in page(client, "zebra")


def test_nothing_of_a_restricted_case_is(client: Client) -> None:
    said(Category.CHILD_SEXUAL_EXPLOITATION.value)
    assert "Turn 1" not in page(client, "giraffe")


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("Straße, STRASSE", "straße", ["Straße", "STRASSE"]),
        ("snake_case name", "case", ["case"]),
        ("ｆｕｌｌ width", "full", ["ｆｕｌｌ"]),
        ("这是一个很长的句子", "很长", ["很长"]),
        ("abc这是abc", "这是 abc", ["abc", "这是", "abc"]),
        ("cat catalogue", "cat", ["cat"]),
        ("nothing of it", "giraffe", []),
    ],
)
def test_where_words_stand(text: str, query: str, words: list[str]) -> None:
    assert [text[begin:end] for begin, end in places(text, query)] == words
