"""Cursors that somebody made up, carried elsewhere or blew up: refused, never an error."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from accounts.keyset import CursorMismatch, page
from accounts.roles import Role
from reviews.models import Case, CaseQueue
from reviews.vocabulary import Area
from tests.factories import make_case, make_source, make_user

pytestmark = pytest.mark.django_db

ORDERING = ("-priority", "due_at")


def written(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def real() -> list[Any]:
    """What a real cursor of a list of cases holds: binding, way, values."""
    source = make_source()
    for _ in range(2):
        make_case(source)
    found = page(Case.objects.all(), ordering=ORDERING, cursor=None, page_size=1, bound_to="a")
    assert found.next_cursor
    text = base64.urlsafe_b64decode(found.next_cursor + "=" * (-len(found.next_cursor) % 4))
    held: list[Any] = json.loads(text)
    return held


def read(cursor: str) -> list[Case]:
    return page(
        Case.objects.all(), ordering=ORDERING, cursor=cursor, page_size=1, bound_to="a"
    ).items


@pytest.mark.parametrize(
    "values",
    [
        ["Infinity", 0],
        ["-Infinity", 0],
        ["NaN", 0],
        ['"9" * 3', 0],
        ["[]", 0],
        ["null", 0],
        ["{}", 0],
        ['"2026-11-20"', 1],
        ['"2026-11-20T10:00:00"', 1],
        ['"0001-01-01T00:00:00+23:59"', 1],
        ['"9999-12-31T23:59:59.999999-23:59"', 1],
        ["7", 1],
        ["1e400", 2],
        ["-1", 2],
        [f"{2**200}", 2],
        ['"\\u0000"', 2],
        ["true", 2],
    ],
)
def test_values_that_no_row_has_are_refused_or_lead_nowhere(values: list[Any]) -> None:
    binding, way, held = real()
    sent, place = values
    spelt = [json.dumps(value) for value in held]
    spelt[place] = sent
    try:
        read(written(f'["{binding}","{way}",[{",".join(spelt)}]]'))
    except CursorMismatch:
        return
    assert place != 0 or sent not in ("Infinity", "NaN"), "a number that is none was taken"


@pytest.mark.parametrize("number", [10**30, -(10**30)])
def test_numbers_beyond_any_column_lead_nowhere(number: int) -> None:
    binding, way, held = real()
    held[0] = number
    assert len(read(written(json.dumps([binding, way, held])))) <= 1


def test_a_time_without_a_zone_is_none_of_ours() -> None:
    binding, way, held = real()
    held[1] = "2026-11-20T10:00:00"
    with pytest.raises(CursorMismatch):
        read(written(json.dumps([binding, way, held])))


@pytest.mark.parametrize(
    "cursor", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, "9" * 100_000, '"' + "x" * 100_000]
)
def test_a_huge_one_is_refused(cursor: str) -> None:
    with pytest.raises(CursorMismatch):
        read(written(cursor))


@pytest.mark.parametrize("cursor", ["\x00", "é", "=", "e30", "bnVsbA", "🦒", "a" * 5])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorMismatch):
        read(cursor)


def test_a_text_with_nul_is_refused() -> None:
    for number in range(2):
        CaseQueue.objects.create(slug=f"q{number}", name=f"Q {number}", position=number)
    first = page(
        CaseQueue.objects.all(), ordering=["name"], cursor=None, page_size=1, bound_to=""
    ).next_cursor
    assert first
    binding, way, values = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    with pytest.raises(CursorMismatch):
        page(
            CaseQueue.objects.all(),
            ordering=["name"],
            cursor=written(json.dumps([binding, way, ["a\x00", *values[1:]]])),
            page_size=1,
            bound_to="",
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [("cursor", written("[" * 3_000)), ("page_size", "9" * 5_000)],
)
def test_the_api_says_what_is_wrong(client: Client, name: str, value: str) -> None:
    client.force_login(make_user(Role.REVIEWER))
    answer = client.get("/api/v1/cases", {name: value})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_page_begins_anew(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    for address in ("/review", "/escalations", "/feedback"):
        answer = client.get(address, {"cursor": written("[" * 3_000)})
        assert answer.status_code == 302, address


def test_one_of_another_person_shows_no_more(client: Client) -> None:
    """A cursor is a place in a list; what is listed is asked for anew for whoever brings it."""
    source = make_source()
    cases = [make_case(source) for _ in range(55)]
    Case.objects.filter(pk__in=[case.pk for case in cases[::2]]).update(queue="child_safety")
    qualified, other = (
        make_user(Role.REVIEWER, qualified=[Area.CHILD_SAFETY]),
        make_user(Role.REVIEWER),
    )
    client.force_login(qualified)
    link = client.get("/api/v1/cases", {"page_size": "1"}).json()["next"]
    client.force_login(other)
    rest = client.get(link.replace("page_size=1", "page_size=200")).json()["results"]
    assert rest
    assert not [row for row in rest if row["queue"] == "child_safety"]


def test_one_of_another_queue_is_refused(client: Client) -> None:
    source = make_source()
    for _ in range(3):
        make_case(source)
    client.force_login(make_user(Role.REVIEWER))
    link = client.get("/api/v1/cases", {"page_size": "1", "queue": "general"}).json()["next"]
    cursor = link.partition("cursor=")[2].partition("&")[0]
    answer = client.get("/api/v1/cases", {"page_size": "1", "queue": "appeals", "cursor": cursor})
    assert (answer.status_code, answer.json()["type"] is not None) == (400, True)
    assert "cursor_mismatch" in answer.text
