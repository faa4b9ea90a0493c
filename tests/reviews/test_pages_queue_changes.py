"""What the list tells apart, and what comes anew without a reload."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case, CaseLabel, Exercise, Label
from reviews.services import claims
from reviews.vocabulary import CaseState
from tests.factories import give_verdict, make_case, make_user, settle
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def labels(client: Client, query: str = "") -> list[str]:
    """The cases that the page lists, in its order."""
    return [row.case.label for row in client.get(f"/review{query}").context["rows"]]


def changes_url(client: Client, query: str = "") -> str:
    """Where the page asks for what has changed."""
    found = re.search(r'hx-get="(/review/changes[^"]+)"', client.get(f"/review{query}").text)
    assert found
    return found[1].replace("&amp;", "&")


def test_nothing_is_sent_where_nothing_has_changed(client: Client, ana: User) -> None:
    make_case()
    url = changes_url(client, "?state=all")
    assert "state=all" in url
    assert client.get(url).status_code == 204
    assert client.get(url).content == b""


def test_a_claim_a_label_and_a_new_case_are_changes(client: Client, ana: User) -> None:
    case = make_case()
    for change in (
        lambda: claims.claim(case=case, user=make_user(Role.REVIEWER, name="Tom")),
        lambda: CaseLabel.objects.create(
            case=case,
            label=Label.objects.create(name="Refund", made_by=ana, made_at=timezone.now()),
            put_by=ana,
            put_at=timezone.now(),
        ),
        make_case,
    ):
        url = changes_url(client)
        change()
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer.text.startswith('\n<div id="cases"') or '<div id="cases"' in answer.text
        assert "<html" not in answer.text


def test_the_fragment_is_what_the_page_holds(client: Client, ana: User) -> None:
    make_case()
    page = client.get("/review?state=all").text
    fragment = client.get("/review/changes?state=all&seen=before").text
    rows = re.compile(r'<tr role="row" class.*?</tr>', re.DOTALL)
    assert rows.findall(page) == rows.findall(fragment) != []


def test_searching_is_not_repeated_every_five_seconds(client: Client, ana: User) -> None:
    case_of([{"role": "user", "content": "giraffe"}])
    assert "/review/changes" not in client.get("/review?q=giraffe").text
    before = LedgerEntry.objects.count()
    assert client.get("/review/changes?q=giraffe&seen=x").status_code == 204
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize("query", ["?seen=x&cursor=abc", "?seen=x&queue=nowhere"])
def test_what_cannot_be_read_changes_nothing(client: Client, ana: User, query: str) -> None:
    assert client.get(f"/review/changes{query}").status_code == 204


def test_selected_and_unselected_are_told_apart(client: Client, ana: User) -> None:
    case, chosen = make_case(opened=False), make_case()
    Case.objects.filter(pk=case.pk).update(selected=False, state=CaseState.UNSELECTED)
    rows = {row.case.pk: row.tag.text for row in client.get("/review?state=all").context["rows"]}
    assert rows == {case.pk: "Not selected", chosen.pk: "Selected"}
    assert labels(client, "?state=all&selected=false") == [case.label]


def test_by_language_label_and_assignee(client: Client, ana: User) -> None:
    german, labelled, mine, _ = (make_case() for _ in range(4))
    Case.objects.filter(pk=german.pk).update(language="de")
    Case.objects.filter(pk=mine.pk).update(assignee=ana)
    refund = Label.objects.create(name="Refund", made_by=ana, made_at=timezone.now())
    CaseLabel.objects.create(case=labelled, label=refund, put_by=ana, put_at=timezone.now())
    assert labels(client, "?language=DE") == [german.label]
    assert labels(client, "?label=Refund") == [labelled.label]
    assert labels(client, "?assigned=me") == [mine.label]
    assert labels(client, "?assigned=somebody") == [mine.label]
    assert len(labels(client, "?assigned=nobody")) == 3
    assert client.get("/review?label=unknown").status_code == 400


def test_whom_a_case_is_kept_for_is_shown(client: Client, ana: User) -> None:
    mine, tom_s = make_case(), make_case()
    Case.objects.filter(pk=mine.pk).update(assignee=ana)
    Case.objects.filter(pk=tom_s.pk).update(assignee=make_user(Role.REVIEWER, name="Tom"))
    text = client.get("/review").text
    assert "for you" in text
    assert "for Tom" in text


def test_the_priority_is_explained_without_telling_audits(client: Client, ana: User) -> None:
    case = make_case(signals={"warnings": 0})
    text = client.get("/review").text
    assert re.search(rf'id="why-{case.number}"><span>breach <b>\+1000</b>', text)
    assert f'aria-describedby="why-{case.number}"' in text
    assert "audit" not in text


def test_when_it_is_due_stands_after_the_weights(client: Client, ana: User) -> None:
    case, over = make_case(signals={"warnings": 0}), make_case(signals={"warnings": 0})
    now = timezone.now()
    Case.objects.filter(pk=case.pk).update(due_at=now + timedelta(hours=2, minutes=1))
    Case.objects.filter(pk=over.pk).update(due_at=now - timedelta(minutes=5))
    text = client.get("/review").text
    for one, said in ((case, "in 2 h"), (over, "5 min overdue")):
        explained = re.search(rf'id="why-{one.number}">.*?</td>', text)
        assert explained
        words = re.sub(r"<[^>]+>", "|", explained[0].split(">", 1)[1])
        assert re.search(
            rf"\+1000.*\+100.*when due \|+{said}\|+among equals, the nearest comes first", words
        )
    decided = case_of()
    give_verdict(decided, ana, "uphold")
    settle(decided)
    listed = client.get("/review?state=settled").text
    assert "why-" in listed
    assert "when due" not in listed


def test_a_gold_case_stands_among_what_waits_in_its_place(client: Client, ana: User) -> None:
    low, gold, high = make_case(), make_case(), make_case()
    for case, priority in ((low, 1), (gold, 50), (high, 90)):
        Case.objects.filter(pk=case.pk).update(priority=priority)
    Case.objects.filter(pk=gold.pk).update(state=CaseState.SETTLED)
    assert labels(client) == [high.label, low.label]
    now = timezone.now()
    Exercise.objects.create(
        kind="gold", case=gold, person=ana, dealt_at=now, due_at=now + timedelta(hours=1)
    )
    assert labels(client) == [high.label, gold.label, low.label]
    assert labels(client, "?category=hate") == []
