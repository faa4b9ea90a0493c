"""A source, and a chat service that sends with its key."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from conversations.models import Source
from tests.factories import make_source
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
