"""Keyset paging walks through every row once, whatever is equal, and refuses foreign cursors."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.keyset import CursorMismatch, Page, page
from reviews.models import Case, Feedback
from reviews.vocabulary import Channel
from tests.factories import make_case, make_source

pytestmark = pytest.mark.django_db

ORDERING = ("-priority", "due_at")


@pytest.fixture
def cases() -> list[Case]:
    """Seven cases in three groups of equals."""
    source = make_source()
    made = [make_case(source) for _ in range(7)]
    now = timezone.now()
    for number, case in enumerate(made):
        case.priority = (300, 100)[number % 2]
        case.due_at = now + timedelta(microseconds=number // 3)
        case.save()
    return made


def walk(*, size: int = 2, without: int = 0) -> list[Page[Case]]:
    """All pages, forwards; of a number of *without* the case is in hand, not asked for."""
    in_hand = list(Case.objects.filter(number=without))
    pages, cursor = [], None
    while True:
        found = page(
            Case.objects.exclude(number=without),
            ordering=ORDERING,
            cursor=cursor,
            page_size=size,
            bound_to="a",
            beside=in_hand,
        )
        pages.append(found)
        cursor = found.next_cursor
        if cursor is None:
            return pages


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_every_row_comes_once_and_in_order(cases: list[Case], size: int) -> None:
    keys = [case.pk for found in walk(size=size) for case in found.items]
    assert keys == list(
        Case.objects.order_by("-priority", "due_at", "cutoff_id").values_list("pk", flat=True)
    )


@pytest.mark.parametrize("place", range(7))
def test_a_row_in_hand_comes_once_in_its_place(cases: list[Case], place: int) -> None:
    keys = [case.pk for found in walk(without=cases[place].number) for case in found.items]
    assert keys == list(
        Case.objects.order_by("-priority", "due_at", "cutoff_id").values_list("pk", flat=True)
    )


def test_going_back_shows_the_same_pages(cases: list[Case]) -> None:
    forwards = walk()
    assert forwards[0].previous_cursor is None
    for before, after in pairwise(forwards):
        back = page(
            Case.objects.all(),
            ordering=ORDERING,
            cursor=after.previous_cursor,
            page_size=2,
            bound_to="a",
        )
        assert back.items == before.items
        assert back.next_cursor is not None
        assert (back.previous_cursor is None) == (before is forwards[0])


def test_a_row_that_came_meanwhile_shifts_nothing(cases: list[Case]) -> None:
    first = walk()[0]
    urgent = make_case()
    urgent.priority = 9_000
    urgent.save()
    second = page(
        Case.objects.all(), ordering=ORDERING, cursor=first.next_cursor, page_size=2, bound_to="a"
    )
    assert not {case.pk for case in second.items} & {case.pk for case in first.items}


@pytest.mark.parametrize(
    ("ordering", "bound_to"), [(("due_at",), "a"), (ORDERING, "b"), (("priority", "due_at"), "a")]
)
def test_a_cursor_is_bound_to_filters_and_ordering(
    cases: list[Case], ordering: tuple[str, ...], bound_to: str
) -> None:
    cursor = walk()[0].next_cursor
    with pytest.raises(CursorMismatch):
        page(Case.objects.all(), ordering=ordering, cursor=cursor, page_size=2, bound_to=bound_to)


def _spoilt(cursor: str, values: object) -> str:
    binding, way, _ = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(json.dumps([binding, way, values]).encode()).decode()


@pytest.mark.parametrize(
    "values",
    [[], None, [None, None, None], ["x", "2026-01-01T00:00:00Z", "y"], [1, "never", "y"], {}],
)
def test_a_spoilt_cursor_is_refused(cases: list[Case], values: object) -> None:
    cursor = walk()[0].next_cursor
    assert cursor is not None
    with pytest.raises(CursorMismatch):
        page(
            Case.objects.all(),
            ordering=ORDERING,
            cursor=_spoilt(cursor, values),
            page_size=2,
            bound_to="a",
        )


@pytest.mark.parametrize("cursor", ["x", "é", "////", "bnVsbA", "W10", "MQ"])
def test_what_is_no_cursor_is_refused(cases: list[Case], cursor: str) -> None:
    with pytest.raises(CursorMismatch):
        page(Case.objects.all(), ordering=ORDERING, cursor=cursor, page_size=2, bound_to="a")


def test_the_key_can_be_part_of_the_ordering() -> None:
    case = make_case()
    for _ in range(3):
        Feedback.objects.create(
            case=case, surprised=True, channel=Channel.API, at=timezone.now() - timedelta(days=1)
        )
    ordering = ("-at", "-id")
    first = page(Feedback.objects.all(), ordering=ordering, cursor=None, page_size=2, bound_to="")
    second = page(
        Feedback.objects.all(),
        ordering=ordering,
        cursor=first.next_cursor,
        page_size=2,
        bound_to="",
    )
    expected = list(Feedback.objects.order_by("-at", "-id"))
    assert [*first.items, *second.items] == expected
    assert second.next_cursor is None


def test_a_page_is_one_query(
    cases: list[Case], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cursor = walk()[0].next_cursor
    with django_assert_num_queries(1):
        page(Case.objects.all(), ordering=ORDERING, cursor=cursor, page_size=2, bound_to="a")


def test_rows_equal_in_the_first_field_are_not_walked_over(cases: list[Case]) -> None:
    """Each field has a range of the index of its own: of the case's priority, due time and key."""
    cursor = walk()[0].next_cursor
    with CaptureQueriesContext(connection) as asked:
        page(Case.objects.all(), ordering=ORDERING, cursor=cursor, page_size=2, bound_to="a")
    assert asked.captured_queries[-1]["sql"].count(" UNION ALL ") == len(ORDERING)
