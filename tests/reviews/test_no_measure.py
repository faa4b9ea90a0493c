"""Reveals, pauses and timings are no measure: no code counts them, no page shows them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from reviews.services import claims
from tests.factories import make_user
from tests.reviews.pages import case_of

ROOT: Final = Path(__file__).parents[2]
#: Where people's work is in reach. Policies count cutoffs, and never those who reviewed them.
MODULES: Final = sorted(
    path
    for app in ("accounts", "config", "conversations", "reviews")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and "demo" not in path.parts
)
TEMPLATES: Final = sorted((ROOT / "templates").rglob("*.html"))

_SUMS: Final = {"annotate", "aggregate", "Avg", "Count", "Sum", "Max", "Min"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _names(tree: ast.AST) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_sums_up_the_ledger_or_claims(path: Path) -> None:
    """Queries of lines and claims are for one case or one's own shift, never added up."""
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef):
            names = _names(function)
            assert not (names & {"LedgerEntry", "Claim", "ShiftEnd"} and names & _SUMS), (
                f"{name_of(path)}, line {function.lineno}"
            )


def test_only_opening_a_case_and_its_history_know_of_reveals() -> None:
    knowing = [
        name_of(path) for path in MODULES if "transcript.revealed" in path.read_text("utf-8")
    ]
    assert knowing == ["reviews/ledger_words.py", "reviews/services/reading.py"]


def test_what_somebody_set_is_read_where_it_is_obeyed_and_nowhere_else() -> None:
    pattern = re.compile(r"\b(CareSettings|care_of)\b")
    reading = {name_of(path) for path in MODULES if pattern.search(path.read_text("utf-8"))}
    assert reading == {
        "reviews/care_forms.py",
        "reviews/care_models.py",
        "reviews/models.py",
        "reviews/services/care.py",
        "reviews/services/glance.py",
        "reviews/views/care_page.py",
    }


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_page_ranks_or_times_people(path: Path) -> None:
    text = path.read_text("utf-8").lower()
    found = re.findall(
        r"leaderboard|ranking|fastest|per hour|handling time|cases an hour|claimed_at|time spent",
        text,
    )
    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_what_somebody_asked_to_see_shows_on_no_page_of_another(role: Role, client: Client) -> None:
    ana, case = make_user(Role.REVIEWER, name="Anastasia"), case_of(6, signals={"severity": 0.8})
    hers = Client()
    hers.force_login(ana)
    hers.post(f"/cases/{case.number}/reveal")
    claims.claim(case=case, user=ana, at=timezone.now())
    claims.release(case=case, user=ana)
    client.force_login(make_user(role))
    pages = ["/review", f"/cases/{case.number}", "/people", f"/people/{ana.pk}"]
    lists = [
        "ledger",
        f"ledger?actor={ana.pk}",
        "ledger?action=transcript.",
        "ledger?object_type=case",
    ]
    pages += [address for name in lists for address in (f"/{name}", f"/api/v1/{name}")]
    for address in (*pages, f"/api/v1/cases/{case.pk}"):
        text = client.get(address).text
        assert "asked for hidden turns" not in text
        assert "transcript.revealed" not in text
