"""How soon a case is due: as the version in force by default says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from policies.models import Activation, PolicyVersion
from policies.services.due_hours import due_hours, due_hours_at
from policies.thresholds import DueHours
from reviews.models import Case
from reviews.services.selection import select
from reviews.vocabulary import Reason
from tests.factories import NOW, make_case
from tests.policies.lifecycle import WEB, approved, put

pytestmark = pytest.mark.django_db

SOON: dict[str, Any] = {"review": {"due_hours": {"breach": 2, "appeal": 5, "other": 100}}}


def due(case: Case) -> timedelta:
    return case.due_at - case.opened_at


def test_cases_are_due_as_the_policy_in_force_says() -> None:
    put(approved(SOON))
    case = make_case()
    assert due(case) == timedelta(hours=100)
    assert due(make_case(signals={"warnings": 0})) == timedelta(hours=2)
    select(case=case, reason=Reason.APPEAL, now=NOW)
    assert case.due_at == NOW + timedelta(hours=5)


def test_where_nothing_was_activated_the_first_ones_hold() -> None:
    assert due_hours() == DueHours()
    assert due(make_case()) == timedelta(days=3)


def test_neither_an_override_nor_a_share_decides(django_assert_num_queries: Any) -> None:
    soon = approved(SOON)
    put(soon, WEB)
    assert due_hours() == DueHours()
    put(soon, percent=50)
    assert due_hours() == DueHours()
    put(soon)
    with django_assert_num_queries(1):
        assert due_hours().appeal == 5


@pytest.mark.parametrize(
    "content", [{}, {"review": {"due_hours": {"cue": 99}}}, {"review": 3}], ids=str
)
def test_of_what_can_no_longer_be_read_the_first_ones_hold(content: dict[str, Any]) -> None:
    old = PolicyVersion.objects.create(number=9, content=content)
    Activation.objects.create(version=old, activated_at=NOW)
    assert due_hours() == DueHours()


def test_what_held_at_a_moment_is_told_by_the_activations() -> None:
    put(approved(SOON), now=NOW)
    put(approved({"review": {"due_hours": {"other": 9}}}), now=NOW + timedelta(days=1))

    at = due_hours_at(since=NOW - timedelta(days=1), until=NOW + timedelta(days=2))

    days = (-1, 0, 0.99, 1, 2)
    assert [at(NOW + timedelta(days=day)).other for day in days] == [72, 100, 100, 9, 9]
