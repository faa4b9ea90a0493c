"""The cast that most tests share. A file that needs somebody else has its own."""

from __future__ import annotations

import pytest

from accounts.models import User
from accounts.roles import Role
from conversations.models import Source
from tests.factories import make_source, make_user


@pytest.fixture
def source() -> Source:
    return make_source()


@pytest.fixture
def ana() -> User:
    return make_user(Role.REVIEWER, name="Ana")


@pytest.fixture
def ben() -> User:
    return make_user(Role.REVIEWER, name="Ben")
