"""Choosing cases in the list: assigning, moving and labelling many, asked first, undone after."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import BulkAct, Case, CaseLabel, Label
from reviews.services import claims
from tests.factories import make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def sofia(client: Client) -> User:
    """A senior who is signed in."""
    user = make_user(Role.SENIOR, name="Sofia")
    client.force_login(user)
    return user


def send(client: Client, cases: list[Case], **fields: str) -> str:
    """Send the form of the list; the text of where it leads."""
    chosen = {"case": [str(case.number) for case in cases], "back": "state=all", **fields}
    return client.post("/review/arrange", chosen, follow=True).text


def undo(client: Client, text: str) -> str:
    """Press the button that *text* offers."""
    found = re.search(r'action="(/review/[^"]+/(?:undo|restore))"', text)
    assert found
    return client.post(found[1], {"back": "state=all"}, follow=True).text


def test_it_asks_first_how_many_and_what(client: Client, sofia: User) -> None:
    tom, cases = make_user(Role.REVIEWER, name="Tom"), [make_case(), make_case()]
    text = send(client, cases, act="assign", person=str(tom.pk))
    assert "2 cases will be assigned to Tom." in text
    assert all(case.label in text for case in cases)
    assert not Case.objects.exclude(assignee=None).exists()


def test_confirmed_it_is_done_and_can_be_undone(client: Client, sofia: User) -> None:
    tom, cases = make_user(Role.REVIEWER, name="Tom"), [make_case(), make_case()]
    fields = {"act": "assign", "person": str(tom.pk), "confirmed": "yes"}
    text = send(client, cases, **fields)
    assert "2 cases assigned to Tom." in text
    assert set(Case.objects.values_list("assignee", flat=True)) == {tom.pk}
    assert "2 cases put back as before." in undo(client, text)
    assert not Case.objects.exclude(assignee=None).exists()
    assert LedgerEntry.objects.filter(action="case.assigned").count() == 4


def test_what_cannot_be_changed_is_named_with_the_reason(client: Client, sofia: User) -> None:
    held, free = make_case(), make_case()
    claims.claim(case=held, user=make_user(Role.REVIEWER))
    text = send(client, [held, free], act="move", to="appeals", confirmed="yes")
    assert "1 case moved to Appeals." in text
    assert f"somebody else holds it: {held.label}." in text


def test_a_label_is_made_when_it_is_first_put_on(client: Client, sofia: User) -> None:
    case = make_case()
    text = send(client, [case], act="label", label="Refund", confirmed="yes")
    assert "1 case labelled “Refund”." in text
    assert '<span class="label">Refund</span>' in text
    send(client, [make_case()], act="label", label="refund", confirmed="yes")
    assert Label.objects.count() == 1
    undo(client, text)
    assert not CaseLabel.objects.filter(case=case).exists()
    send(client, list(Case.objects.all()), act="unlabel", label="refund", confirmed="yes")
    assert not CaseLabel.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "assign"}, "Choose whom to assign them to."),
        ({"act": "assign", "person": "999999"}, "This person gives no verdicts."),
        ({"act": "move", "to": "nowhere"}, "Choose the queue to move them to."),
        ({"act": "label", "label": " "}, "Name the label."),
        ({"act": "label", "label": "x" * 41, "confirmed": "yes"}, "at most 40 characters"),
    ],
)
def test_what_is_missing_is_said(
    client: Client, sofia: User, fields: dict[str, str], said: str
) -> None:
    assert said in send(client, [make_case()], **fields)
    assert not BulkAct.objects.exists()


def test_nothing_chosen_is_said(client: Client, sofia: User) -> None:
    make_case()
    assert "Choose the cases first" in send(client, [], act="label", label="Refund")


def test_an_act_that_is_none_is_not_found(client: Client, sofia: User) -> None:
    chosen = {"case": str(make_case().number), "act": "delete"}
    assert client.post("/review/arrange", chosen).status_code == 404


def test_reviewers_label_and_arrange_nothing(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    case = make_case()
    page = client.get("/review").text
    assert 'name="label"' in page
    assert 'name="person"' not in page
    fields = {"case": str(case.number), "act": "move", "to": "appeals", "confirmed": "yes"}
    assert client.post("/review/arrange", fields).status_code == 403


def test_who_may_do_neither_has_no_boxes(client: Client) -> None:
    client.force_login(make_user(Role.AUDITOR))
    make_case()
    page = client.get("/review")
    assert page.status_code != 200 or 'name="case"' not in page.text


def test_only_who_did_it_undoes_it(client: Client, sofia: User) -> None:
    text = send(client, [make_case()], act="move", to="appeals", confirmed="yes")
    found = re.search(r'action="(/review/arrange/[^"]+/undo)"', text)
    assert found
    client.force_login(make_user(Role.SENIOR))
    assert client.post(found[1]).status_code == 403
    assert client.post(found[1][:-41] + "0" * 36 + "/undo").status_code in (403, 404)


def test_cases_one_may_not_know_of_are_no_cases(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    case = make_case(cutoff={"category": "child_sexual_exploitation"})
    text = send(client, [case], act="label", label="Refund", confirmed="yes")
    assert "Choose the cases first" in text
    assert not CaseLabel.objects.exists()
