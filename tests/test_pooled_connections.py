"""A connection that the server ended is replaced before anything is asked over it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from config.postgresql.base import DatabaseWrapper


@pytest.fixture
def pooled(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[DatabaseWrapper]:
    """A wrapper with a pool of one, so that what is given back is what is taken next."""
    settings = connection.settings_dict
    options = settings["OPTIONS"] | {"pool": {"min_size": 1, "max_size": 1, "timeout": 10}}
    connections.settings["pooled"] = {**settings, "OPTIONS": options}
    with django_db_blocker.unblock():
        wrapper = connections["pooled"]
        assert isinstance(wrapper, DatabaseWrapper)
        yield wrapper
        wrapper.close()
        wrapper.close_pool()
    del connections["pooled"], connections.settings["pooled"]


def backend(wrapper: DatabaseWrapper) -> int:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        number: int = cursor.fetchone()[0]
    wrapper.close()  # gives it back
    return number


def test_a_connection_that_lives_is_used_again(pooled: DatabaseWrapper) -> None:
    assert backend(pooled) == backend(pooled)


def test_one_that_the_server_ended_is_replaced(pooled: DatabaseWrapper) -> None:
    ended = backend(pooled)
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
    assert backend(pooled) != ended
