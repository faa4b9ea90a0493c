"""Every address as everybody: who is let in stands in ``access_table.txt``, and nothing else holds.

A new address needs a line there: the failing test prints it.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from policies.models import PolicyVersion
from reviews.models import Case
from tests.factories import make_case, make_token, make_user
from tests.routes import addresses

pytestmark = pytest.mark.django_db

VIEWERS: Final = ("anonymous", "nobody", *(role.value for role in Role))
#: Behind a token in the address, which is the key: there is no login to borrow.
BY_TOKEN: Final = ("/n/", "/answers/")

Table = dict[str, tuple[str, str]]


def _table() -> Table:
    lines = (Path(__file__).parent / "access_table.txt").read_text().splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {name: (got, posted) for name, got, posted in rows}


def _known(case: Case) -> dict[str, Any]:
    """Values for addresses, of things that exist."""
    on_a_case = ("case", "claim", "heartbeat", "release", "defer", "escalate", "skip", "verdicts")
    on_a_version = ("version", "submit", "approve", "reject", "activate", "document")
    person, version = make_user(Role.TRAINEE).pk, PolicyVersion.objects.earliest("number").number
    return {
        "number": case.number,
        "turn": 1,
        "slug": case.source.slug,
        "external_id": case.cutoff.conversation.external_id,
        "case-of:pk": case.pk,
        "way-out:slug": "skip",
        "rename-queue:slug": "general",
        "close-queue:slug": "general",
        **{f"api-{name}:pk": case.pk for name in on_a_case},
        **{f"api-{name}:number": version for name in on_a_version},
        **{f"{name}:pk": person for name in ("person", "change-access", "new-link", "certify")},
    }


def _viewer(name: str) -> User | None:
    if name == "anonymous":
        return None
    return make_user(*([] if name == "nobody" else [Role(name)]), name=name)


def _letter(client: Client, method: str, address: str) -> str:
    """What one call comes to, as the table has it; nothing that it changes is kept."""
    plain = {"data": {}, "content_type": "application/json"} if "/api/" in address else {}
    with transaction.atomic():
        answer = getattr(client, method)(address, **plain if method == "post" else {})
        transaction.set_rollback(True)
    assert answer.status_code < 500, f"{method} {address}"
    if answer.status_code == 405:
        return "-"
    signs_in = answer.status_code == 302 and answer.headers["Location"].startswith("/login")
    return "x" if signs_in or answer.status_code in (401, 403) else "o"


@pytest.mark.parametrize("place", range(len(VIEWERS)), ids=VIEWERS)
def test_who_is_let_in(place: int) -> None:
    viewer, client, found = _viewer(VIEWERS[place]), Client(), {}
    if viewer:
        client.force_login(viewer)
    signed_in = client.cookies.output()
    for name, address in addresses(_known(make_case())).items():
        found[name] = (_letter(client, "get", address), _letter(client, "post", address))
        # Signing out clears them.
        client.cookies.load(signed_in.replace("Set-Cookie: ", ""))
    expected = {name: (got[place], posted[place]) for name, (got, posted) in _table().items()}
    assert found == expected


def test_the_table_lets_nobody_in_who_has_not_signed_in_but_where_it_is_meant() -> None:
    public = {name for name, (got, posted) in _table().items() if "o" in (got[0], posted[0])}
    by_token = {name for name in public if name.startswith(("notice", "answers"))}
    assert public - by_token == {
        *("healthz", "readyz", "metrics", "api-schema", "api-docs", "policy-schema", "words"),
        *("transparency", "transparency-csv", "login", "welcome"),
    }


def test_nothing_is_posted_without_a_token_against_forgery() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(_superuser())
    for name, address in addresses(_known(make_case())).items():
        body: dict[str, Any] = {"data": {}, "content_type": "application/json"}
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(client, method)(address, **body if "/api/" in address else {})
            if address.startswith(BY_TOKEN):
                assert answer.status_code in (404, 405), name
            else:
                assert answer.status_code in (401, 403, 405), f"{method} {name}"


def _superuser() -> User:
    return User.objects.create_superuser("all@example.com", None, name="All")


def test_a_personal_token_needs_none_and_opens_no_more_than_its_person() -> None:
    case = make_case()
    known = _known(case)
    headers = {viewer: _bearer(viewer) for viewer in ("nobody", "reviewer", "auditor")}
    headers["gone"] = _bearer("reviewer", is_active=False)
    headers["expired"] = _bearer("reviewer", hours=-1)
    table = _table()
    client = Client(enforce_csrf_checks=True)
    for name, address in addresses(known).items():
        if not address.startswith("/api/v1/"):
            continue
        for viewer, header in headers.items():
            with transaction.atomic():
                answer = client.get(address, headers=header)
                transaction.set_rollback(True)
            if viewer in ("gone", "expired"):
                # A document that is everybody's is theirs, too.
                assert answer.status_code == 401 or table[name][0][0] == "o", name
            elif table[name][0][VIEWERS.index(viewer)] == "x":
                assert answer.status_code in (401, 403), f"{viewer} {name}"
            else:
                assert answer.status_code < 500, name
    with_none = client.post(
        "/api/v1/cases/claim-next", {}, "application/json", headers=headers["reviewer"]
    )
    assert with_none.status_code == 200


def _bearer(viewer: str, *, is_active: bool = True, hours: int = 1) -> dict[str, str]:
    user = _viewer(viewer)
    assert user is not None
    ends = timezone.now() + timedelta(hours=hours)
    token = make_token(user, expires_at=ends)
    User.objects.filter(pk=user.pk).update(is_active=is_active)
    return {"Authorization": f"Bearer {token}"}


def test_pages_take_no_personal_token() -> None:
    assert Client().get("/review", headers=_bearer("reviewer")).status_code == 302
