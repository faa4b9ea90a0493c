"""The page of the ledger: who opens it, what it says of a line, and where it leads."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, LedgerSeal, User
from accounts.roles import Role
from accounts.seals import NOTHING
from reviews.ledger_words import ACTIONS, OBJECTS
from reviews.services import claims
from reviews.services.ledger import LONGEST_DETAILS, lines
from tests.factories import make_case, make_source, make_user
from tests.reviews.gold_made import settled

pytestmark = pytest.mark.django_db

#: The most queries of the page, however long the ledger, with what every page asks.
PAGE = 15


@pytest.fixture
def uwe(client: Client) -> User:
    user = make_user(Role.AUDITOR, name="Uwe")
    client.force_login(user)
    return user


def text(client: Client, query: str = "") -> str:
    answer = client.get(f"/ledger{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def write(**changes: Any) -> LedgerEntry:
    said: dict[str, Any] = {
        "actor": Actor.task("test"),
        "action": "label.made",
        "obj": "label",
        "object_id": 7,
    }
    return record(**said | changes)


def test_a_line_says_who_did_what_to_what(client: Client, uwe: User, ana: User) -> None:
    case = make_case()
    claims.claim(case=case, user=ana)
    page = text(client, "?action=case.claimed")
    assert f'<a href="/ledger?actor={ana.pk}" data-walk-item>{ana.name}</a>' in page
    assert '<td role="cell" class="did">claimed</td>' in page
    assert f'case <a href="/cases/{case.number}">CO-{case.number}</a>' in page
    assert f"/ledger?object_type=case&amp;object_id={case.number}" in page


def test_it_leads_only_where_its_reader_may_go(client: Client, uwe: User) -> None:
    case, person = make_case(), make_user(name="Otto")
    make_source("chat")
    write(obj="policy_version", object_id=1, action="policy.approved")
    write(obj="delivery", object_id=5, action="delivery.replayed")
    record(actor=Actor(user=uwe), action="case.claimed", obj="case", object_id=case.pk)
    page = text(client)
    assert 'href="/policies/1"' in page
    assert f'href="/cases/{case.number}"' in page
    for closed in ('href="/sources/chat"', f'href="/people/{person.pk}"', 'href="/deliveries/5"'):
        assert closed not in page
    # Of a person the name is said all the same.
    assert '<span class="mono">Otto</span>' in page
    client.force_login(make_user(Role.ADMINISTRATOR))
    page = text(client)
    for open_now in ('href="/sources/chat"', f'href="/people/{person.pk}"', 'href="/deliveries/5"'):
        assert open_now in page


def test_what_a_program_did_is_its_own(client: Client, uwe: User) -> None:
    write()
    page = text(client, "?object_type=label")
    assert '<a href="/ledger?actor=task%3Atest" data-walk-item>Recourse</a>' in page
    assert "task:test" in page


def test_details_are_one_line_of_codes(uwe: User) -> None:
    said = {
        "decision": "keep_locked",
        "who": 4,
        "codes": ["a_b", "c"],
        "yes": True,
        "none": None,
        "empty": "",
    }
    (line,) = lines([write(details=said)], user=uwe)
    assert line.details == "decision: keep locked · who: 4 · codes: a b, c · yes: yes · none: none"
    (line,) = lines([write(details={"nested": {"x": ["y"] * 200}})], user=uwe)
    assert line.details.startswith('nested: {"x": ["y", "y"')
    assert line.details.endswith("…")
    assert len(line.details) <= LONGEST_DETAILS + 1


def test_the_state_of_sealing_is_told(client: Client, uwe: User) -> None:
    assert "Nothing is sealed yet" in text(client)
    now = timezone.now()
    LedgerSeal.objects.create(
        number=1,
        first_id=1,
        last_id=4_321,
        count=5,
        previous=NOTHING,
        digest=b"d" * 32,
        sealed_at=now - timedelta(minutes=3),
    )
    page = text(client)
    assert "Sealed up to line 4321," in page.replace(",321", "321")
    assert "3 min ago" in page
    assert "manage.py verify_ledger" in page


def test_it_is_narrowed_and_paged(client: Client, uwe: User) -> None:
    for _ in range(60):
        write()
    page = text(client, "?object_type=label")
    assert page.count('<td role="cell" class="did">made</td>') == 50
    (older,) = re.findall(r'href="([^"]+)" rel="next"', page)
    assert "object_type=label" in older
    rest = text(client, older.removeprefix("/ledger").replace("&amp;", "&"))
    assert rest.count('<td role="cell" class="did">made</td>') == 10


def test_a_cursor_of_other_filters_begins_anew(client: Client, uwe: User) -> None:
    answer = client.get("/ledger?object_type=label&cursor=x")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/ledger?object_type=label"


def test_a_filter_that_cannot_be_is_explained(client: Client, uwe: User) -> None:
    write()
    page = text(client, "?action=made")
    assert "These filters cannot be used" in page
    assert "An action is two words with a dot between" in page
    assert "Say of what kind it is, too." in text(client, "?object_id=4")
    assert "Nothing fits these filters" in text(client, "?actor=nobody@example.com")


def test_navigation_leads_there_for_whoever_may_read_it(client: Client) -> None:
    for role in Role:
        client.force_login(make_user(role))
        page = client.get("/profile").content.decode()
        assert ('href="/ledger"' in page) == (client.get("/ledger").status_code == 200)
        assert ('href="/ledger"' in page) == (
            role in (Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR)
        )


def test_reading_it_writes_nothing(client: Client, uwe: User) -> None:
    before = LedgerEntry.objects.count()
    text(client)
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize("role", [Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_the_queries_do_not_grow(client: Client, ana: User, role: Role) -> None:
    client.force_login(make_user(role))
    settled()
    client.get("/ledger")

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/ledger").status_code == 200
        return len(asked)

    few = queries()
    for _ in range(8):
        settled()
    assert queries() == few <= PAGE


def _literals(path: Path) -> set[str]:
    """Whatever in *path* is written like an action, but for what goes to the log."""
    tree = ast.parse(path.read_text("utf-8"))
    logged = {
        id(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
        and call.args
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in logged
        and re.fullmatch(r"[a-z_]+\.(?!csv|json)[a-z_]+", node.value)
    }


def test_every_action_and_every_kind_has_its_words() -> None:
    root = Path(__file__).parents[2]
    areas = {action.partition(".")[0] for action in ACTIONS}
    kinds = set()
    for app in ("accounts", "conversations", "policies", "reviews"):
        for path in (root / app).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            found = {one for one in _literals(path) if one.partition(".")[0] in areas}
            assert found <= set(ACTIONS), path
            kinds |= set(re.findall(r'\bobj="([a-z_]+)"', path.read_text("utf-8")))
    assert kinds <= set(OBJECTS)
    assert kinds
