"""The database backend: Django's own, but for how it sees that a pooled connection is dead.

Django has the pool ask the server before every request whether the connection still works: one
round trip of the four that a status call makes. A server that ends a connection says so, or at
least closes its socket; so one that has nothing to read was not ended. Only where something is to
be read is the server asked.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module. Django's setting ``CONN_HEALTH_CHECKS`` stays off."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        """A connection, from the pool where there is one, that was not ended meanwhile."""
        while True:
            taken: psycopg.Connection[Any] = super().get_new_connection(conn_params)
            if not self.pool or not _has_something_to_read(taken) or _answers(taken):
                return taken
            # The pool replaces what is broken, and makes whoever comes next wait for that.
            self.pool.putconn(taken)


def _has_something_to_read(connection: psycopg.Connection[Any]) -> bool:
    # Not select.select, which knows no file beyond the 1,024th.
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    return bool(socket.poll(0))


def _answers(connection: psycopg.Connection[Any]) -> bool:
    try:
        connection.execute("")
    except psycopg.OperationalError:
        return False
    return True
