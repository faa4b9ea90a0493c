"""A policy admin, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from tests.factories import NOW, make_user


@pytest.fixture
def at_noon() -> Iterator[None]:
    """It is ``NOW`` for as long as the test runs."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ida(client: Client) -> User:
    """A policy admin who is signed in."""
    user = make_user(Role.POLICY_ADMIN, name="Ida")
    client.force_login(user)
    return user
