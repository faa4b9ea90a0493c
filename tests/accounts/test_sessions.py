"""A session is found as Django finds it, in one query."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.sessions import SessionStore

pytestmark = pytest.mark.django_db


def begun() -> str:
    session = SessionStore()
    session["shown"] = {"case": 7}
    session.save()
    assert session.session_key
    return session.session_key


def test_what_was_kept_is_read(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key = begun()
    with django_assert_num_queries(1):
        assert SessionStore(key)["shown"] == {"case": 7}


def test_one_that_ran_out_or_never_was_is_none() -> None:
    key = begun()
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    for unknown in (key, "x" * 32):
        session = SessionStore(unknown)
        assert session.is_empty() is False  # a key was sent
        assert "shown" not in session
        assert session.session_key is None
