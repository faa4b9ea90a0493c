"""Whoever waits for a person holds no case meanwhile: else two could wait for each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from reviews.models import Case
from reviews.services import claims, takeover
from tests.concurrency import PATIENCE, at_once
from tests.factories import make_case, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def _take(case: Case, user: User) -> object:
    return claims.claim(case=case, user=user)


def _take_over(case: Case, user: User) -> object:
    claims.claim(case=case, user=make_user(Role.SENIOR, name="Zoe"))
    return takeover.take_over(case=case, user=user, reason="In a hurry", now=timezone.now())


@pytest.mark.parametrize("act", [_take, _take_over])
def test_the_person_comes_before_the_case(act: Callable[[Case, User], Any]) -> None:
    user, case = make_user(Role.SENIOR, name="Ana"), make_case()
    Case.objects.filter(pk=case.pk).update(severe=True)
    case.refresh_from_db()

    def busy() -> None:
        with transaction.atomic():
            claims.lock_person(user)
            _until_somebody_waits()
            Case.objects.select_for_update(nowait=True).get(pk=case.pk)

    def later() -> object:
        _until_locked(user)
        return act(case, user)

    assert not [found for found in at_once(busy, later) if isinstance(found, Exception)]


def _until_locked(user: User) -> None:
    def free() -> bool:
        with transaction.atomic():
            rows = User.objects.select_for_update(skip_locked=True, no_key=True)
            return rows.filter(pk=user.pk).exists()

    _until(lambda: not free())


def _until_somebody_waits() -> None:
    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(cursor.fetchone()[0])

    _until(waits)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
