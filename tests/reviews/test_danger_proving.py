"""A drill proves that people are reached, or the pages say what it lacked."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from time_machine import travel

from accounts.models import User
from accounts.roles import Role
from reviews.danger_models import Alarm
from reviews.services import calling, danger
from reviews.services.proving import Proof, Unproven, proof
from tests.factories import NOW, make_user
from tests.receiver import Reply, receiving
from tests.reviews.alarms import call_people, minutes, on_duty
from tests.reviews.test_danger_pagers import pager_at
from tests.reviews.test_danger_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_is_set_up() -> Iterator[None]:
    with override_settings(EMAIL_HOST="mail.example.com"):
        yield


@pytest.fixture
def sara() -> User:
    return make_user(Role.SENIOR, name="Sara")


def acknowledged(by: User, *, after: float = 1, drill: Alarm | None = None) -> Alarm:
    """A drill, begun by *by* where none is given, that *by* acknowledges."""
    drill = drill or danger.drill(user=by, now=NOW)
    assert danger.answer(alarm=drill, user=by, now=minutes(after))
    return drill


def test_whoever_was_sent_an_e_mail_proves_it(sara: User) -> None:
    drill = danger.drill(user=sara, now=NOW)
    call_people(NOW)
    acknowledged(sara, drill=drill)
    assert proof() == Proof(drill, None, None)


def test_before_the_worker_came_nothing_is_proven(sara: User) -> None:
    drill = acknowledged(sara)
    call_people(minutes(2))
    assert proof() == Proof(None, drill, Unproven.NO_WORKER)


def test_before_the_message_went_out_nothing_is_proven(sara: User) -> None:
    drill = danger.drill(user=sara, now=NOW)
    calling.advance(now=NOW)
    acknowledged(sara, drill=drill)
    assert proof() == Proof(None, drill, Unproven.NOT_SENT)
    call_people(minutes(2))
    assert proof() == Proof(None, drill, Unproven.NOT_SENT), "spared"


def test_a_message_that_came_after_the_button_proves_nothing(sara: User) -> None:
    drill = danger.drill(user=sara, now=NOW)
    call_people(minutes(2))
    acknowledged(sara, drill=drill, after=1)
    assert proof() == Proof(None, drill, Unproven.NOT_SENT)


@override_settings(EMAIL_HOST="")
def test_without_e_mail_and_a_pager_nothing_is_proven(sara: User) -> None:
    drill = danger.drill(user=sara, now=NOW)
    call_people(NOW)
    acknowledged(sara, drill=drill)
    assert proof() == Proof(None, drill, Unproven.NO_WAY)


def test_with_nobody_to_call_nothing_is_proven(sara: User) -> None:
    drill = danger.drill(user=sara, now=NOW)
    User.objects.filter(pk=sara.pk).update(is_active=False)
    call_people(NOW)
    acknowledged(sara, drill=drill)
    assert proof() == Proof(None, drill, Unproven.NOBODY)


def test_what_could_not_be_sent_proves_nothing(sara: User) -> None:
    drill = danger.drill(user=sara, now=NOW)
    with patch("django.core.mail.EmailMessage.send", side_effect=TimeoutError):
        call_people(NOW)
    acknowledged(sara, drill=drill)
    assert proof() == Proof(None, drill, Unproven.FAILED)


def test_an_e_mail_to_somebody_else_proves_nothing_of_whoever_acknowledged(sara: User) -> None:
    on_duty()
    drill = danger.drill(user=sara, now=NOW)
    call_people(NOW)
    acknowledged(sara, drill=drill)
    assert proof() == Proof(None, drill, Unproven.ANOTHER)


@override_settings(EMAIL_HOST="")
@pytest.mark.parametrize("status", [204, 500])
def test_a_pager_proves_it_once_it_has_taken_the_message(sara: User, status: int) -> None:
    with receiving(answer=lambda _request: Reply(status)) as receiver, travel(NOW):
        pager_at(receiver)
        drill = danger.drill(user=sara, now=NOW)
        call_people(NOW, receiver)
        acknowledged(sara, drill=drill)
    proven = Proof(drill, None, None)
    assert proof() == (proven if status == 204 else Proof(None, drill, Unproven.FAILED))


def test_a_later_drill_that_proves_nothing_is_said_beside_the_one_that_did(
    client: Client, sara: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = danger.drill(user=sara, now=NOW)
    call_people(NOW)
    acknowledged(sara, drill=first)
    second = acknowledged(sara, after=3)
    with django_assert_num_queries(3):
        assert proof() == Proof(first, second, Unproven.NO_WORKER)
    client.force_login(sara)
    for name in ("on-call", "overview"):
        said = text(client, reverse(name))
        assert "proven by a drill" in said
        assert f"Drill {second.pk} , which Sara acknowledged" in said
        assert "Is a worker running?" in said


def test_the_pages_say_what_an_acknowledged_drill_lacked(client: Client, sara: User) -> None:
    client.force_login(sara)
    client.post(reverse("drill"))
    drill = Alarm.objects.get()
    page = reverse("alarm", kwargs={"pk": drill.pk})
    assert "has not proven" not in text(client, page)
    client.post(reverse("acknowledge", kwargs={"pk": drill.pk}))
    said = text(client, page)
    assert "This drill has not proven that people are reached." in said
    assert "Nobody had been called when it was acknowledged." in said
    assert "has never been proven by a drill" in text(client, reverse("overview"))
    assert "Never proven" in text(client, reverse("on-call"))
