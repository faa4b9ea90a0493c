"""Links of users that lead nowhere, for whatever reason: one answer, and the same work for it.

Who tries links can tell neither by what they get nor by how long it takes whether a link was ever
somebody's. Time itself is not measured: the same statements in the same order are.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.appeal_models import AnswerAddress
from reviews.models import Case
from reviews.services import addresses
from reviews.services.notices import revoke_link
from tests.factories import make_case, make_user

pytestmark = pytest.mark.django_db

#: Of each kind.
TRIES = 250
#: Of each kind, where it is only another page or method.
FEW = 3
#: What is another with every request, whoever asks.
_PASSING = {"X-Request-ID", "Date"}
_NONCE = re.compile(r"nonce-[^'\"]+|nonce=\"[^\"]*\"")
_VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+\b|s\d+_x\d+")

Seen = tuple[int, tuple[tuple[str, str], ...], str, tuple[str, ...]]
Make = Callable[[Case, User, int], str]


def cut(token: str, number: int) -> str:
    """*token*, the less of it the higher *number*; a letter is left."""
    return token[: 1 + number % (len(token) - 1)]


def seen(client: Client, method: str, url: str) -> Seen:
    """All that an answer tells, and the statements behind it without their values."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.generic(method, url)
    body = answer.content.decode()
    assert "Set-Cookie" not in answer.headers
    assert not answer.cookies
    return (
        answer.status_code,
        headers_of(answer),
        _NONCE.sub("nonce", body),
        tuple(_VALUE.sub("?", query["sql"]) for query in asked.captured_queries),
    )


def headers_of(answer: HttpResponseBase) -> tuple[tuple[str, str], ...]:
    headers = {name: _NONCE.sub("nonce", said) for name, said in answer.headers.items()}
    return tuple(sorted((name, said) for name, said in headers.items() if name not in _PASSING))


# --- Notices: the link has no end of its own ------------------------------------------------------


def wrong(case: Case, user: User, number: int) -> str:
    return secrets.token_urlsafe(16)


def revoked(case: Case, user: User, number: int) -> str:
    old = Cutoff.objects.get(pk=case.pk).notice_token
    revoke_link(case=case, user=user, now=timezone.now())
    return str(old)


def truncated(case: Case, user: User, number: int) -> str:
    return cut(str(Cutoff.objects.get(pk=case.pk).notice_token), number)


def mangled(case: Case, user: User, number: int) -> str:
    """As mail programs and people do it; none of it can be a token."""
    token = str(Cutoff.objects.get(pk=case.pk).notice_token)
    return (f"{token}%3E", f"%20{token}", f"{token}…", f"{token * 9}", f"{token}%00")[number % 5]


NOTICES: list[Make] = [wrong, revoked, truncated, mangled]


@pytest.mark.parametrize(
    ("method", "page", "tries"),
    [
        ("GET", "", TRIES),
        ("HEAD", "", FEW),
        ("POST", "", FEW),
        *((method, page, FEW) for page in ("/feedback", "/no-mail") for method in ("GET", "POST")),
        *(("GET", page, FEW) for page in ("/statement", "/thanks", "/status")),
    ],
)
def test_a_notice_that_is_not_there_is_one_and_the_same(
    client: Client, method: str, page: str, tries: int
) -> None:
    case, user = make_case(conversation={"locale": "de-DE"}), make_user(Role.ADMINISTRATOR)
    answers = {
        seen(client, method, f"/n/{make(case, user, number)}{page}")
        for make in NOTICES
        for number in range(tries)
    }
    ((status, _headers, body, queries),) = answers
    assert status == 404
    assert len(queries) == 1
    assert method == "HEAD" or "There is nothing at this address" in body
    there = client.get(f"/n/{Cutoff.objects.get(pk=case.pk).notice_token}")
    assert there.status_code == 200


# --- The links in mails: they end after two days --------------------------------------------------


def sent_link(case: Case) -> str:
    """The token of a new link about *case*, as a mail would carry it."""
    now, token = timezone.now(), secrets.token_urlsafe(32)
    AnswerAddress.objects.filter(case=case).delete()
    AnswerAddress.objects.create(
        case=case,
        address="somebody@example.com",
        asked_at=now,
        links=1,
        digest=hashlib.sha256(token.encode()).digest(),
        expires_at=now + addresses.LINK_LASTS,
    )
    return token


def wrong_link(case: Case, user: User, number: int) -> str:
    return secrets.token_urlsafe(32)


def expired_link(case: Case, user: User, number: int) -> str:
    token = sent_link(case)
    ended = timezone.now() - timedelta(minutes=number)
    AnswerAddress.objects.filter(case=case).update(expires_at=ended)
    return token


def revoked_link(case: Case, user: User, number: int) -> str:
    """Refused, verified, or followed by a newer one."""
    token = sent_link(case)
    if number % 3 == 0:
        addresses.refuse(token=token, now=timezone.now())
    elif number % 3 == 1:
        addresses.verify(token=token, now=timezone.now())
    else:
        sent_link(case)
    return token


def truncated_link(case: Case, user: User, number: int) -> str:
    return cut(sent_link(case), number)


LINKS: list[Make] = [wrong_link, expired_link, revoked_link, truncated_link]


@override_settings(EMAIL_HOST="mail.example.com")
@pytest.mark.parametrize(("method", "tries"), [("GET", TRIES), ("HEAD", FEW), ("POST", FEW)])
def test_a_mailed_link_that_leads_nowhere_is_one_and_the_same(
    client: Client, method: str, tries: int
) -> None:
    case, user = make_case(conversation={"locale": "de-DE"}), make_user(Role.ADMINISTRATOR)
    answers = {
        seen(client, method, f"/answers/{make(case, user, number)}")
        for make in LINKS
        for number in range(tries)
    }
    ((status, _headers, _body, queries),) = answers
    assert status == 404
    assert queries
    assert client.get(f"/answers/{sent_link(case)}").status_code == 200
