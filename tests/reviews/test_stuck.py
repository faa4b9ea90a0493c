"""Overdue cases that nobody can be dealt raise an alarm: nothing waits silently."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.models import CareSettings, Case
from reviews.services.stuck import stuck
from tests.factories import SIGNALS, make_case, make_user

pytestmark = pytest.mark.django_db


def overdue(**changes: Any) -> Case:
    case = make_case(**changes)
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() - timedelta(hours=1))
    return case


def opted_out_of(case: Case, *users: User) -> None:
    for user in users:
        CareSettings.objects.create(user=user, opted_out=[case.category])


def test_what_somebody_can_be_dealt_is_not_stuck() -> None:
    case, ana, _ben = overdue(), make_user(Role.REVIEWER), make_user(Role.REVIEWER)
    opted_out_of(case, ana)
    assert stuck(now=timezone.now()) == set()


def test_what_nobody_takes_is_stuck_once_it_is_overdue() -> None:
    case, later = overdue(), make_case()
    opted_out_of(case, make_user(Role.REVIEWER), make_user(Role.SENIOR))
    assert later.category == case.category
    assert stuck(now=timezone.now()) == {case.pk}


def test_a_severe_case_is_stuck_where_everybody_is_at_their_limit() -> None:
    case = overdue(signals=SIGNALS | {"severity": 0.95})
    ana = make_user(Role.REVIEWER)
    assert stuck(now=timezone.now()) == set()
    CareSettings.objects.create(user=ana, severe_per_shift=0)
    assert stuck(now=timezone.now()) == {case.pk}


def test_somebody_who_is_switched_off_takes_nothing() -> None:
    case, ana = overdue(), make_user(Role.REVIEWER)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert stuck(now=timezone.now()) == {case.pk}


@pytest.mark.parametrize(
    ("role", "told"),
    [
        (Role.SENIOR, True),
        (Role.ADMINISTRATOR, True),
        (Role.REVIEWER, False),
        (Role.AUDITOR, False),
    ],
)
def test_seniors_and_administrators_are_told(client: Client, role: Role, told: bool) -> None:
    case, user = overdue(), make_user(role, name="Ida")
    if role in (Role.SENIOR, Role.REVIEWER):
        opted_out_of(case, user)
    client.force_login(user)
    text = client.get("/review").text
    assert ("1 overdue case can be dealt to nobody." in text) is told


def test_the_alarm_names_nobody(client: Client) -> None:
    case, ben = overdue(), make_user(Role.REVIEWER, name="Benvolio")
    opted_out_of(case, ben)
    client.force_login(make_user(Role.ADMINISTRATOR))
    text = client.get("/review").text
    assert "dealt to nobody" in text
    assert "Benvolio" not in text


def test_without_overdue_cases_there_is_no_alarm(client: Client) -> None:
    make_case()
    client.force_login(make_user(Role.SENIOR))
    cache.clear()
    assert "dealt to nobody" not in client.get("/review").text
