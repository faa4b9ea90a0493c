"""The case page once the term of its signals is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.roles import Role
from conversations.models import Cutoff
from conversations.services.retention import enforce
from tests.factories import NOW, make_user
from tests.reviews.pages import case_of

pytestmark = pytest.mark.django_db


def test_what_was_reported_is_said_to_be_no_longer_kept(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    case = case_of(time="2024-11-01T10:00:00Z", conversation={"locale": "en-US"})
    before = client.get(f"/cases/{case.number}").text
    assert "no longer kept" not in before
    assert client.get(f"/api/v1/cases/{case.pk}").json()["signals_expired_at"] is None

    Cutoff.objects.filter(pk=case.pk).update(received_at=NOW - timedelta(days=731))
    enforce(now=NOW)
    page = client.get(f"/cases/{case.number}").text
    assert "The signals of this case have been kept for their term: since <time" in page
    assert "20 November 2026</time> nobody can tell what was reported." in page
    assert page.count(">no longer kept<") >= 5
    assert ">unknown<" not in page
    assert "what was reported is no longer kept" in client.get("/review?state=open").text
    told = client.get(f"/api/v1/cases/{case.pk}").json()
    assert told["signals_expired_at"] == "2026-11-20T12:00:00Z"
