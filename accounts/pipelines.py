"""Sending several statements at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def without_waiting() -> Iterator[None]:
    """Send the statements within without waiting for each, until one's answer is read.

    On a busy machine each wait costs some milliseconds: the answer is there long before it is this
    thread's turn again. An error is raised where the next answer is read, at the latest with the
    COMMIT or at the end; so whatever is written within must belong to one transaction, which
    stands around it or, begun before, ends within it.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
