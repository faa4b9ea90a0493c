"""A source, a chat service that sends with its key, its administrator, and an intake elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from conversations.models import Source
from tests.conversations.receiving import Intake, served
from tests.factories import make_source, make_user
from tests.sender import Sender


@pytest.fixture
def source() -> Source:
    return make_source()


@pytest.fixture
def sender(source: Source) -> Iterator[Sender]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield Sender(source, stream)
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.fixture
def ida(client: Client) -> User:
    """An administrator who is signed in."""
    user = make_user(Role.ADMINISTRATOR, name="Ida")
    client.force_login(user)
    return user


@pytest.fixture
def intake() -> Iterator[Intake]:
    with served() as intake:
        yield intake
