"""The pages of alarms and of who is on call: who sees what, and what is said of gaps and ways."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from time_machine import travel

from accounts.models import User
from accounts.roles import Role
from reviews.danger_models import Alarm, Duty, Pager
from reviews.danger_vocabulary import Answered, Why
from reviews.models import Case
from reviews.services import danger
from reviews.vocabulary import Area, Queue
from tests.factories import NOW, give_verdict, make_case, make_user, settle
from tests.reviews.alarms import BREACH, CRISIS, call_people, on_duty
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db

#: Queries of the page of a senior, however many alarms and duties there are.
PAGE = 15
PAGER = "https://pager.example.com/hook"


@pytest.fixture
def sara(client: Client) -> User:
    """A senior reviewer who is signed in."""
    user = make_user(Role.SENIOR, name="Sara")
    client.force_login(user)
    return user


def text(client: Client, url: str) -> str:
    """The words of a page, without its marks."""
    answer = client.get(url)
    assert answer.status_code == 200, answer
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def hours(person: User, **changes: str) -> dict[str, str | list[str]]:
    """Hours as the form sends them."""
    complete: dict[str, str | list[str]] = {
        "person": str(person.pk),
        "position": "1",
        "weekdays": ["1", "5"],
        "starts": "08:00",
        "ends": "16:00",
        "time_zone": "Europe/Berlin",
    }
    return complete | changes


def test_an_empty_rota_says_who_is_told(client: Client, sara: User) -> None:
    said = text(client, reverse("on-call"))
    assert "Nobody is on call now." in said
    assert "Nobody is in the rota" in said
    assert "Nobody would be reached." in said
    assert "Never proven" in said


def test_a_gap_in_the_rota_is_said(client: Client, sara: User) -> None:
    person = make_user(Role.REVIEWER, name="Ben")
    with travel(datetime(2026, 11, 20, 9, 0, tzinfo=UTC), tick=False):  # a Friday
        client.post(reverse("add-duty"), hours(person))
        said = text(client, reverse("on-call"))
    assert "Now Ben" in said
    assert "Mon, Fri" in said
    assert "Nobody is on call from" in said


def test_hours_go_into_the_rota_and_out_again(client: Client, sara: User) -> None:
    person = make_user(Role.REVIEWER)
    assert client.post(reverse("add-duty"), hours(person)).status_code == 302
    duty = Duty.objects.live().get()
    assert (duty.person, duty.weekdays, duty.added_by) == (person, [1, 5], sara)
    client.post(reverse("end-duty", kwargs={"pk": duty.pk}))
    assert not Duty.objects.live().exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
        ({"weekdays": "9"}, "Select a valid choice"),
        ({"starts": "25:00"}, "Enter a valid time"),
        ({"position": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_explained(
    client: Client, sara: User, changes: dict[str, str], said: str
) -> None:
    answer = client.post(reverse("add-duty"), hours(make_user(Role.REVIEWER), **changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Duty.objects.exists()


def test_an_auditor_is_nobody_to_be_called(client: Client, sara: User) -> None:
    answer = client.post(reverse("add-duty"), hours(make_user(Role.AUDITOR)))
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["add-duty", "drill", "add-pager"])
def test_a_reviewer_reads_the_rota_and_changes_nothing(client: Client, name: str) -> None:
    client.force_login(make_user(Role.REVIEWER))
    said = text(client, reverse("on-call"))
    assert "Add hours" not in said
    assert "Start a drill" not in said
    assert client.post(reverse(name)).status_code == 403


def test_a_trainee_sees_none_of_it(client: Client) -> None:
    client.force_login(make_user(Role.TRAINEE))
    assert client.get(reverse("on-call")).status_code == 403


def test_a_senior_sets_no_pager(client: Client, sara: User) -> None:
    assert client.post(reverse("add-pager"), {"pager-url": PAGER}).status_code == 403


def test_a_pagers_secret_is_shown_once(client: Client) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    answer = client.post(reverse("add-pager"), {"pager-url": PAGER})
    assert answer.status_code == 200
    pager = Pager.objects.get()
    assert pager.secret in answer.content.decode()
    assert pager.secret not in client.get(reverse("on-call")).content.decode()
    twice = client.post(reverse("add-pager"), {"pager-url": PAGER})
    assert (twice.status_code, Pager.objects.count()) == (422, 1)
    client.post(reverse("remove-pager", kwargs={"pk": pager.pk}))
    pager.refresh_from_db()
    assert pager.secret == ""


@pytest.mark.parametrize("url", ["http://pager.example.com", "https://10.0.0.1/x", "pager"])
def test_a_pager_is_https_and_public(client: Client, url: str) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    assert client.post(reverse("add-pager"), {"pager-url": url}).status_code == 422
    assert not Pager.objects.exists()


@override_settings(EMAIL_HOST="mail.example.com")
def test_a_drill_proves_the_chain(client: Client, sara: User) -> None:
    ben = on_duty(name="Ben")
    client.post(reverse("drill"))
    alarm = Alarm.objects.get()
    assert alarm.is_drill
    call_people(alarm.due_at)
    page = reverse("alarm", kwargs={"pk": alarm.pk})
    assert "Ben by e-mail" in text(client, page)
    assert "Never proven" in text(client, reverse("on-call"))
    client.force_login(ben)
    client.post(reverse("acknowledge", kwargs={"pk": alarm.pk}))
    assert "Acknowledged by Ben, on the page" in text(client, page)
    assert "Last proven by a drill that Ben acknowledged" in text(client, reverse("on-call"))


def test_the_alarm_leads_to_the_case(client: Client, sara: User) -> None:
    case = make_case(**BREACH)
    said = text(client, reverse("alarm", kwargs={"pk": Alarm.objects.get().pk}))
    assert case.label in said
    assert "reopened provisionally" in said
    assert "Nobody yet" in said


def test_who_may_not_open_the_case_learns_nothing_of_it(client: Client, sara: User) -> None:
    case = make_case(**BREACH, cutoff={"category": "child_sexual_exploitation"})
    said = text(client, reverse("alarm", kwargs={"pk": Alarm.objects.get().pk}))
    assert case.label not in said
    assert "Only people who are qualified for it may open this case" in said


def test_the_case_says_that_it_was_reopened_and_stays_so(client: Client, sara: User) -> None:
    case = case_of(2, **BREACH)
    Case.objects.filter(pk=case.pk).update(queue=Queue.GENERAL)
    case.refresh_from_db()
    url = reverse("case", kwargs={"number": case.number})
    assert "nobody has acknowledged it yet" in text(client, url)
    give_verdict(case, make_user(Role.REVIEWER, name="Ben"), "uphold")
    settle(case)
    said = text(client, url)
    assert "raised and acknowledged by Ben" in said
    assert "it is locked again only by a new cutoff" in said


@pytest.mark.parametrize(
    ("roles", "areas", "on_call", "seen"),
    [
        ([Role.SENIOR], [], False, True),
        ([Role.ADMINISTRATOR], [], False, True),
        ([Role.REVIEWER], [Area.CRISIS], False, True),
        ([Role.REVIEWER], [], True, True),
        ([Role.REVIEWER], [], False, False),
        ([Role.AUDITOR], [], False, False),
    ],
)
def test_the_banner_is_for_those_who_answer(
    client: Client, roles: list[Role], areas: list[Area], on_call: bool, seen: bool
) -> None:
    user = make_user(*roles, qualified=areas)
    if on_call:
        on_duty(user=user)
    client.force_login(user)
    make_case(**BREACH)
    assert ("1 alarm waits for somebody." in text(client, reverse("queue"))) == seen
    danger.answer(alarm=Alarm.objects.get(), user=make_user(Role.SENIOR), now=NOW)
    assert "waits for somebody" not in text(client, reverse("queue"))


def test_the_banner_of_a_drill_says_so(client: Client, sara: User) -> None:
    danger.drill(user=sara, now=NOW)
    assert "A drill waits for somebody to acknowledge it." in text(client, reverse("queue"))


def test_without_an_alarm_the_banner_costs_nothing(client: Client, sara: User) -> None:
    client.get(reverse("queue"))
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(reverse("queue"))
    asked = [query["sql"] for query in captured.captured_queries if "reviews_alarm" in query["sql"]]
    assert len(asked) == 1
    assert "reviews_casequeue" in asked[0]


@pytest.mark.parametrize("number", [1, 12])
def test_queries_of_the_page(
    client: Client,
    sara: User,
    number: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for position in range(1, number + 1):
        on_duty(position=position)
        make_case(**BREACH, **CRISIS)
        Alarm.objects.create(
            why=Why.DRILL,
            drill_by=sara,
            raised_at=NOW,
            due_at=NOW,
            acknowledged_by=sara,
            acknowledged_at=NOW,
            answered=Answered.BUTTON,
        )
    client.get(reverse("on-call"))
    with django_assert_num_queries(PAGE):
        client.get(reverse("on-call"))
