"""The page of policy versions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.ledger import Actor
from accounts.models import User
from accounts.roles import Role
from policies.services.activations import activate
from policies.services.versions import create_version
from policies.thresholds import CategoryThresholds, Thresholds
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ida(client: Client) -> User:
    """A policy admin who is signed in."""
    user = make_user(Role.POLICY_ADMIN, name="Ida")
    client.force_login(user)
    return user


def test_the_built_in_version_is_shown_where_none_was_activated(client: Client, ida: User) -> None:
    response = client.get("/policies")
    assert response.context["shown"].number == 1
    assert "never yet" in response.text


def test_the_version_in_force_is_shown_with_its_thresholds(client: Client, ida: User) -> None:
    stricter = Thresholds(categories={"hate": CategoryThresholds(severity=0.77, refusals=0)})
    version = create_version(thresholds=stricter, note="Stricter on hate.", actor=Actor(user=ida))
    activate(version=version, now=datetime(2026, 11, 1, tzinfo=UTC), actor=Actor(user=ida))
    response = client.get("/policies")
    assert response.context["shown"] == version
    (hate,) = (row for row in response.context["rows"] if row.label == "Hate")
    assert hate.values[:2] == ("≥ 0.77", "–")
    assert "Stricter on hate." in response.text
    assert "in force" in response.text
    assert client.get("/policies/1").context["shown"].number == 1


def test_an_unknown_version_is_not_found(client: Client, ida: User) -> None:
    assert client.get("/policies/77").status_code == 404


def test_reviewers_have_no_such_page(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER))
    assert client.get("/policies").status_code == 403
    assert "/policies" not in client.get("/review").text
