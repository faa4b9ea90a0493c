"""``/api/v1/ledger``: who reads it, which lines, how it is narrowed and paged."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case
from reviews.services import claims, notes, reading
from reviews.services.ledger import visible_to
from reviews.vocabulary import Area, CaseState, Queue
from tests.factories import NOW, give_verdict, hear, make_case, make_token, make_user, settle
from tests.reviews.gold_made import dealt, settled

pytestmark = pytest.mark.django_db

#: Queries of one page: who asks, what they may, their roles, the lines.
QUERIES = 4


@pytest.fixture
def auditor(client: Client) -> User:
    user = make_user(Role.AUDITOR, name="Uwe")
    client.force_login(user)
    return user


def results(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/ledger{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def write(count: int = 1, **changes: Any) -> None:
    said: dict[str, Any] = {
        "actor": Actor.task("test"),
        "action": "source.tested",
        "obj": "source",
        "object_id": "chat",
    }
    for _ in range(count):
        record(**said | changes)


def about(case: Case, reader: User) -> set[str]:
    """What *reader* learns was done to *case*."""
    lines = visible_to(reader).filter(object_type="case", object_id=str(case.pk))
    return set(lines.values_list("action", flat=True))


def test_one_line_says_who_did_what_when(client: Client, auditor: User, ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    (line,) = results(client, "?action=case.claimed")
    entry = LedgerEntry.objects.get(action="case.claimed")
    assert line == {
        "id": entry.pk,
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "actor": ana.pk,
        "actor_name": ana.name,
        "agent": None,
        "action": "case.claimed",
        "object_type": "case",
        "object_id": str(case.pk),
        "details": {},
        "request_id": None,
    }


def test_reading_it_writes_nothing(client: Client, auditor: User) -> None:
    write()
    before = LedgerEntry.objects.count()
    assert results(client)
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.REVIEWER, Role.POLICY_ADMIN])
def test_others_may_not(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    answer = client.get("/api/v1/ledger")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_token_opens_it_and_stands_beside_what_it_does(auditor: User) -> None:
    bearer = {"Authorization": f"Bearer {make_token(auditor)}"}
    write()
    assert results(Client(headers=bearer))


# --- Filters ------------------------------------------------------------------------------------


def test_it_is_narrowed_by_who(client: Client, auditor: User, ana: User) -> None:
    claims.claim(case=make_case(), user=ana)
    write()
    for who in (str(ana.pk), ana.email.upper()):
        assert {line["actor_name"] for line in results(client, f"?actor={who}")} == {ana.name}
    assert {line["agent"] for line in results(client, "?actor=task:test")} == {"task:test"}
    for nobody in ("no@example.com", "task:none", "9" * 18, "9" * 30):
        assert results(client, f"?actor={nobody}") == []


def test_it_is_narrowed_by_action(client: Client, auditor: User) -> None:
    for action in ("case.decided", "case.decided_so", "cases.none", "caseX"):
        write(action=action)
    assert [line["action"] for line in results(client, "?action=case.decided")] == ["case.decided"]
    begun = [line["action"] for line in results(client, "?action=case.")]
    assert begun == ["case.decided_so", "case.decided"]


def test_it_is_narrowed_by_what(client: Client, auditor: User, ana: User) -> None:
    case, other = make_case(), make_case()
    for one in (case, other):
        claims.claim(case=one, user=ana)
    write(obj="source", object_id=str(case.number))
    for key in (str(case.pk), str(case.number), f"co-{case.number}"):
        found = results(client, f"?object_type=case&object_id={key}")
        assert {line["object_id"] for line in found} == {str(case.pk)}
        assert "case.claimed" in {line["action"] for line in found}
    assert {line["object_type"] for line in results(client, "?object_type=case")} == {"case"}


def test_it_is_narrowed_by_time_and_pages_on(client: Client, auditor: User) -> None:
    for day in (1, 3, 2, 4):
        write(at=NOW.replace(day=day), object_id=f"day-{day}")
    query = "?after=2026-11-02T12:00:00Z&before=2026-11-04T13:00:00%2B01:00&page_size=1"
    first = client.get(f"/api/v1/ledger{query}").json()
    rest = client.get(first["next"]).json()
    days = [line["object_id"] for line in (*first["results"], *rest["results"])]
    assert days == ["day-3", "day-2"]
    assert rest["next"] is None
    assert client.get(rest["previous"]).json()["results"] == first["results"]


def test_it_is_newest_first_and_pages_on(client: Client, auditor: User) -> None:
    write(5, obj="label", action="label.made")
    first = client.get("/api/v1/ledger?object_type=label&page_size=3").json()
    rest = client.get(first["next"]).json()["results"]
    ids = [line["id"] for line in (*first["results"], *rest)]
    assert len(set(ids)) == 5
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("action=case", "/action"),
        ("action=case.%25", "/action"),
        ("action=case.decided%0Ax", "/action"),
        ("action=transcript.revealed", "/action"),
        ("object_type=cases", "/object_type"),
        ("object_id=4", "/object_id"),
        ("object_type=case&object_id=%00", "/object_id"),
        ("actor=%00", "/actor"),
        ("after=yesterday", "/after"),
        ("before=0001-01-01T00:00:00%2B16:00", "/before"),
        ("page_size=201", "/page_size"),
    ],
)
def test_a_bad_question_is_a_problem(
    client: Client, auditor: User, query: str, pointer: str
) -> None:
    answer = client.get(f"/api/v1/ledger?{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_another_lists_cursor_is_refused(client: Client, auditor: User) -> None:
    write(3)
    following = client.get("/api/v1/ledger?page_size=1").json()["next"]
    cursor = following.split("cursor=")[1].split("&")[0]
    for query in (
        f"cursor={cursor}&action=source.",
        f"cursor={cursor}&after=2026-01-01",
        "cursor=x",
    ):
        answer = client.get(f"/api/v1/ledger?{query}")
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("cursor_mismatch")


def test_the_queries_do_not_grow(
    client: Client, auditor: User, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        claims.claim(case=make_case(), user=ana)
    with django_assert_num_queries(QUERIES):
        assert len(results(client)) == 50


# --- What is left out -----------------------------------------------------------------------------


def test_whoever_gives_verdicts_learns_nothing_of_what_is_not_settled(ana: User) -> None:
    sara, uwe = make_user(Role.SENIOR), make_user(Role.AUDITOR)
    ada, both = make_user(Role.ADMINISTRATOR), make_user(Role.AUDITOR, Role.REVIEWER)
    case = make_case(double=True)
    give_verdict(case, ana, "uphold")
    told = {"case.claimed", "case.decided"}
    assert told <= about(case, uwe)
    assert "case.claimed" in about(case, ada)
    for reader in (sara, both, User.objects.create_superuser("all@example.com", None, name="All")):
        assert about(case, reader) == set()
    give_verdict(case, make_user(Role.REVIEWER), "uphold")
    assert about(case, sara) == set()
    settle(case)
    assert told | {"case.settled"} <= about(case, sara)


def test_ones_own_work_on_it_is_left_out_too() -> None:
    """Else a case that was worked on by others would be known by what it lacks."""
    sara = make_user(Role.SENIOR)
    case = make_case()
    claims.claim(case=case, user=sara)
    assert about(case, sara) == set()


def test_lines_tell_of_no_text_that_a_role_never_shows(ana: User) -> None:
    case = make_case()
    notes.write(case=case, user=ana, text="Mind the story.", now=NOW)
    hear(case)
    reading.reveal_feedback(case=case, user=ana)
    give_verdict(case, ana)
    settle(case)
    if case.state != CaseState.SETTLED:
        give_verdict(case, make_user(Role.REVIEWER))
        settle(case)
    verdicts = {"case.decided", "case.settled"}
    felt = {"feedback.received"}
    seen = {
        Role.SENIOR: verdicts | felt | {"note.written"},
        Role.AUDITOR: verdicts,
        Role.ADMINISTRATOR: set(),
    }
    for role, told in seen.items():
        found = about(case, make_user(role))
        assert found & (verdicts | felt | {"note.written"}) == told
        # That somebody looked, or worked on it, is told all the same.
        assert {"feedback.opened", "case.claimed"} <= found


def test_reveals_are_in_the_history_of_a_case_and_nowhere_else(
    client: Client, auditor: User, ana: User
) -> None:
    case = make_case()
    assert reading.reveal(case=case, user=ana, turns=None)
    revealed = "transcript.revealed"
    history = f"?object_type=case&object_id={case.number}"
    for query in (history, f"{history}&action={revealed}"):
        assert revealed in {line["action"] for line in results(client, query)}
    for query in ("", f"?actor={ana.pk}", "?action=transcript.", "?object_type=case"):
        assert revealed not in {line["action"] for line in results(client, query)}


def test_child_safety_is_for_the_qualified_alone(ana: User) -> None:
    case = settled()
    Case.objects.filter(pk=case.pk).update(queue=Queue.CHILD_SAFETY)
    for role in (Role.AUDITOR, Role.ADMINISTRATOR, Role.SENIOR):
        assert about(case, make_user(role)) == set()
        assert "case.claimed" in about(case, make_user(role, qualified=[Area.CHILD_SAFETY]))


def test_gold_cases_are_for_those_who_make_them() -> None:
    sara, both = make_user(Role.SENIOR), make_user(Role.AUDITOR, Role.REVIEWER)
    exercise = dealt(make_user(Role.REVIEWER), sara)
    claims.release(case=exercise.case, user=exercise.person)
    kinds = {("exercise.claimed", "case"), ("exercise.released", "case"), ("gold.made", "gold")}

    def seen(reader: User) -> set[tuple[str, str]]:
        lines = visible_to(reader).filter(action__regex="^(exercise|gold)[.]")
        return set(lines.values_list("action", "object_type"))

    assert seen(sara) == seen(make_user(Role.ADMINISTRATOR)) == kinds
    for reader in (both, make_user(Role.AUDITOR)):
        assert seen(reader) == set()
        assert not visible_to(reader).filter(object_type__in=["gold", "exercise"]).exists()


def test_a_gold_case_that_looks_like_work_has_no_lines_for_its_reviewer() -> None:
    sara, both = make_user(Role.SENIOR), make_user(Role.AUDITOR, Role.REVIEWER)
    case = settled()
    assert "case.settled" in about(case, both)
    dealt(both, sara, case)
    assert about(case, both) == set()
    assert "case.settled" in about(case, make_user(Role.AUDITOR, Role.REVIEWER))


def test_lines_about_what_is_no_case_key_stay(auditor: User) -> None:
    """A key of another shape names no case: nothing is cast that cannot be."""
    write(obj="case", object_id="demo", action="case.moved")
    write(obj="search", object_id="", action="transcripts.searched")
    for reader in (auditor, make_user(Role.SENIOR)):
        seen = set(visible_to(reader).values_list("action", flat=True))
        assert {"case.moved", "transcripts.searched"} <= seen


def test_a_number_of_a_case_that_one_may_not_know_of_finds_nothing(
    client: Client, auditor: User
) -> None:
    case = settled()
    Case.objects.filter(pk=case.pk).update(queue=Queue.CHILD_SAFETY)
    assert results(client, f"?object_type=case&object_id={case.number}") == []
    assert results(client, f"?object_type=case&object_id={case.pk}") == []


# --- Plans ----------------------------------------------------------------------------------------

LINES = 40_000


def plan_of(client: Client, query: str) -> str:
    """How PostgreSQL finds a page of *query*."""
    with CaptureQueriesContext(connection) as asked:
        results(client, query)
    (page,) = [one["sql"] for one in asked if 'ORDER BY "accounts_ledgerentry"' in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {page}")
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.fixture
def long_ledger(ana: User) -> User:
    """Many lines: one in four hundred is Ana's, one in eight hundred through a key."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_ledgerentry
                (at, actor_id, agent, action, object_type, object_id, details, request_id)
            SELECT timestamptz '2026-01-01 00:00Z' + n * interval '1 minute',
                   CASE WHEN n %% 400 = 1 THEN %s::bigint END,
                   CASE WHEN n %% 800 = 7 THEN 'key:rk_1' WHEN n %% 2 = 0 THEN 'task:enrich'
                        ELSE '' END,
                   CASE WHEN n %% 900 = 11 THEN 'queue.renamed' ELSE 'transcript.opened' END,
                   'case', md5((n / 40)::text)::uuid::text, '{}', ''
            FROM generate_series(1, %s) AS n
            """,
            [ana.pk, LINES],
        )
        cursor.execute("ANALYZE accounts_ledgerentry")
        cursor.execute("ANALYZE reviews_case")
    return ana


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SENIOR])
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "accounts_ledgerentry_pkey"),
        ("?actor=ANA", "ledger_actor"),
        ("?actor=key:rk_1", "ledger_agent"),
        ("?action=queue.renamed", "ledger_action"),
        ("?action=queue.", "ledger_action"),
        ("?object_type=case&object_id=c4ca4238-a0b9-2382-0dcc-509a6f75849b", "ledger_object"),
        ("?before=2026-01-04", "ledger_time"),
        ("?after=2026-01-03&before=2026-01-04", "ledger_time"),
    ],
)
def test_each_filter_walks_its_index(
    client: Client, long_ledger: User, role: Role, query: str, index: str
) -> None:
    for _ in range(5):
        make_case()
    client.force_login(make_user(role))
    plan = plan_of(client, query.replace("ANA", str(long_ledger.pk)))
    assert index in plan, plan
    assert "Seq Scan on accounts_ledgerentry" not in plan, plan
