"""Personal tokens: made within one's role and shown once, used to the minute, revoked at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import last_used, personal_tokens, tokens
from accounts.ledger import Actor
from accounts.models import LedgerEntry, PersonalToken, User
from accounts.roles import Role
from accounts.token_scopes import TokenScope
from tests.concurrency import at_once
from tests.factories import NOW, make_case, make_token, make_user

READ, WRITE = TokenScope.CASES_READ, TokenScope.CASES_WRITE
CASES = "/api/v1/cases"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    last_used._looked.clear()


def create(user: User, name: str = "Report", **changes: Any) -> tokens.Token:
    """A token of *user*, as a form would make it."""
    asked: dict[str, Any] = {"scopes": [READ], "expires_at": NOW + timedelta(days=90), "now": NOW}
    return personal_tokens.create(user=user, name=name, actor=Actor(user=user), **asked | changes)


def asking(token: object) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


# --- Making -------------------------------------------------------------------------------------


def test_of_a_token_only_its_digest_is_kept() -> None:
    user = make_user(Role.REVIEWER)
    token = create(user, scopes=[WRITE, READ, READ])
    row = PersonalToken.objects.get()
    assert str(token) == f"{row}_{token.secret}"
    assert token.matches(bytes(row.digest))
    assert not tokens.mint("rp").matches(bytes(row.digest))
    assert token.secret.encode() not in bytes(row.digest)
    entry = LedgerEntry.objects.latest("id")
    assert (entry.actor, entry.action, entry.object_id) == (user, "token.created", token.public_id)
    expires = (NOW + timedelta(days=90)).isoformat()
    known = {"user": user.pk, "scopes": ["cases:read", "cases:write"], "expires_at": expires}
    assert entry.details == known
    assert token.secret not in str(entry.__dict__)


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.TRAINEE, set()),
        (Role.REVIEWER, {"cases:read", "cases:write", "feedback:read"}),
        (Role.SENIOR, {"cases:read", "cases:write", "feedback:read", "ledger:read"}),
        (Role.POLICY_ADMIN, {"cases:read", "policies:read", "policies:write"}),
        (Role.AUDITOR, {"cases:read", "policies:read", "ledger:read"}),
        (
            Role.ADMINISTRATOR,
            {"cases:read", "policies:read", "deliveries:read", "deliveries:write", "ledger:read"},
        ),
    ],
)
def test_a_role_has_its_scopes_and_a_token_no_other(role: Role, scopes: set[str]) -> None:
    user = make_user(role)
    assert set(personal_tokens.within_role(user)) == scopes
    for scope in set(TokenScope) - scopes:
        with pytest.raises(ValidationError, match="only what your role has"):
            create(user, scopes=[scope])
    assert not PersonalToken.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"expires_at": NOW}, "days"),
        ({"expires_at": NOW + timedelta(days=366)}, "days"),
        ({"name": "rEPORT"}, "name"),
    ],
)
def test_what_is_refused_is_said_at_its_field(changes: dict[str, Any], field: str) -> None:
    user = make_user(Role.REVIEWER)
    create(user)
    with pytest.raises(ValidationError) as refused:
        create(user, **{"name": "Other"} | changes)
    assert [*refused.value.message_dict] == [field]
    assert PersonalToken.objects.count() == LedgerEntry.objects.filter(object_type="token").count()


def test_a_name_is_free_again_once_its_token_is_revoked() -> None:
    user = make_user(Role.REVIEWER)
    create(make_user(Role.REVIEWER))
    create(user)
    personal_tokens.revoke(token=user.tokens.get(), now=NOW, actor=Actor(user=user))
    create(user)
    assert user.tokens.filter(revoked_at=None).count() == 1


def test_twenty_are_enough_and_expired_ones_do_not_count() -> None:
    user = make_user(Role.REVIEWER)
    soon = NOW + timedelta(hours=1)
    create(user, "first", expires_at=soon)
    for number in range(19):
        create(user, str(number))
    with pytest.raises(ValidationError, match="20 tokens already"):
        create(user, "one more")
    create(user, "one more", now=soon)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_neither_one_name_nor_the_last_place_twice() -> None:
    user = make_user(Role.REVIEWER)
    for number in range(18):
        create(user, str(number))
    same = at_once(*[lambda: create(user, "same")] * 3)
    assert sum(isinstance(one, tokens.Token) for one in same) == 1
    last = at_once(*[lambda name=name: create(user, name) for name in "abc"])
    assert sum(isinstance(one, tokens.Token) for one in last) == 1
    assert all(isinstance(one, tokens.Token | ValidationError) for one in same + last)
    assert user.tokens.count() == personal_tokens.MOST_LIVE


# --- Revoking -----------------------------------------------------------------------------------


def test_revoked_twice_it_keeps_the_first_moment_and_one_line() -> None:
    user, other = make_user(Role.REVIEWER), make_user(Role.REVIEWER)
    create(user)
    create(other)
    row = user.tokens.get()
    for hours in (1, 2):
        now = NOW + timedelta(hours=hours)
        personal_tokens.revoke(token=row, now=now, actor=Actor(user=user))
    row.refresh_from_db()
    assert row.revoked_at == NOW + timedelta(hours=1)
    entry = LedgerEntry.objects.get(action="token.revoked")
    assert (entry.object_id, entry.details) == (row.public_id, {"user": user.pk})
    assert other.tokens.get().revoked_at is None


def test_all_of_somebody_are_revoked_and_each_is_in_the_ledger() -> None:
    user, other, ada = (
        make_user(Role.REVIEWER),
        make_user(Role.REVIEWER),
        make_user(Role.ADMINISTRATOR),
    )
    for name in ("a", "b"):
        create(user, name)
    create(user, "expired", expires_at=NOW + timedelta(hours=1))
    create(other)
    later = NOW + timedelta(hours=2)
    assert personal_tokens.revoke_all(user=user, now=later, actor=Actor(user=ada)) == 2
    assert set(user.tokens.values_list("revoked_at", flat=True)) == {later}
    assert other.tokens.get().revoked_at is None
    lines = LedgerEntry.objects.filter(action="token.revoked", actor=ada)
    assert {line.object_id for line in lines} == {row.public_id for row in user.tokens.all()}
    assert personal_tokens.revoke_all(user=user, now=later, actor=Actor(user=ada)) == 0
    assert lines.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_revocation_holds_for_every_call_that_begins_after_it() -> None:
    user = make_user(Role.REVIEWER)
    token = make_token(user)
    row = user.tokens.get()

    def ask() -> list[int]:
        last_used._looked.clear()
        return [asking(token).get(CASES).status_code for _ in range(8)]

    def revoke() -> list[int]:
        personal_tokens.revoke(token=row, now=NOW, actor=Actor(user=user))
        return [asking(token).get(CASES).status_code for _ in range(4)]

    first, second, after = at_once(ask, ask, revoke)
    assert after == [401] * 4
    for answers in (first, second):
        assert isinstance(answers, list)
        assert set(answers) <= {200, 401}
        assert not any((one, two) == (401, 200) for one, two in pairwise(answers))
    row.refresh_from_db()
    assert row.revoked_at == NOW


# --- Using --------------------------------------------------------------------------------------


def test_unknown_expired_revoked_and_switched_off_read_the_same() -> None:
    user, off = make_user(Role.REVIEWER), make_user(Role.REVIEWER)
    revoked = make_token(user)
    user.tokens.update(revoked_at=NOW)
    of_off = make_token(off)
    User.objects.filter(pk=off.pk).update(is_active=False)
    good = make_token(make_user(Role.REVIEWER))
    refused = [
        tokens.mint("rp"),
        make_token(user, expires_at=NOW - timedelta(days=3650)),
        revoked,
        of_off,
        good[:-1] + ("A" if good[-1] != "A" else "B"),
    ]
    answers = [asking(token).get(CASES) for token in refused]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["detail"] for answer in answers} == {
        "This personal token is unknown, expired or revoked."
    }
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Bearer realm="recourse"'}
    assert not PersonalToken.objects.exclude(last_used_at=None).exists()


def test_a_role_that_is_taken_ends_what_the_token_opened() -> None:
    user = make_user(Role.REVIEWER)
    client = asking(make_token(user))
    assert client.get(CASES).status_code == 200
    user.groups.clear()
    assert client.get(CASES).status_code == 403


def test_its_use_is_noted_once_a_minute() -> None:
    user = make_user(Role.REVIEWER)
    token = make_token(user, expires_at=datetime.now(tz=NOW.tzinfo) + timedelta(days=9))

    def ask(at: datetime) -> int:
        with CaptureQueriesContext(connection) as queries, time_machine.travel(at, tick=False):
            assert asking(token).get(CASES).status_code == 200
        return sum("UPDATE accounts_personaltoken" in query["sql"] for query in queries)

    assert [ask(NOW), ask(NOW + timedelta(seconds=59))] == [1, 0]
    assert user.tokens.get().last_used_at == NOW
    assert ask(NOW + timedelta(seconds=60)) == 1
    assert user.tokens.get().last_used_at == NOW + timedelta(seconds=60)


def test_the_ledger_says_which_token_acted_and_forgets_it_with_the_request() -> None:
    user, case = make_user(Role.REVIEWER), make_case()
    token = make_token(user)
    assert asking(token).post(f"{CASES}/{case.pk}/claim").status_code == 200
    entry = LedgerEntry.objects.get(action="case.claimed")
    assert (entry.actor, entry.agent) == (user, f"token:{user.tokens.get()}")
    personal_tokens.revoke(token=user.tokens.get(), now=NOW, actor=Actor(user=user))
    assert LedgerEntry.objects.get(action="token.revoked").agent == ""


def test_tokens_from_before_there_were_scopes_are_revoked_and_in_the_ledger() -> None:
    user = make_user(Role.REVIEWER)
    make_token(user)
    make_token(user, expires_at=NOW - timedelta(days=3650))
    make_token(user)
    before = user.tokens.latest("id")
    PersonalToken.objects.filter(pk=before.pk).update(revoked_at=NOW)
    with connection.cursor() as cursor:
        cursor.execute(import_module("accounts.migrations.0003_token_scopes")._REVOKE)
    assert not user.tokens.filter(revoked_at=None).exists()
    assert user.tokens.get(pk=before.pk).revoked_at == NOW
    lines = LedgerEntry.objects.filter(action="token.revoked", agent="task:migrate")
    told = {row.public_id for row in user.tokens.exclude(pk=before.pk)}
    assert {line.object_id for line in lines} == told
    assert all(line.details == {"user": user.pk} for line in lines)
