"""Statements whose plan PostgreSQL keeps for the length of a connection.

To plan a read of four tables by their keys took it 0.35 ms, to run it 0.04. What runs with every
call of a chat service, every claim and every verdict asks the same each time: planned once for
each connection (``PREPARE``), it costs a tenth. Whatever is asked rarely, or whose best plan
depends on the values (searches, backtests), is better planned anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from django.db import connection
from psycopg._queries import PostgresQuery


class _Keeping(psycopg.Cursor[Any]):
    """Prepares each statement at its first run; its values are bound, not quoted into it."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Run *query*, as psycopg does. What has no values, as a savepoint, has no plan either."""
        return super().execute(query, params, **options | {"prepare": bool(params)})

    def _send_query_prepared(self, name: bytes, pgq: PostgresQuery, **options: Any) -> None:
        # For Django's log of queries, which would else show None.
        self._query = pgq
        super()._send_query_prepared(name, pgq, **options)


@contextmanager
def kept_plans() -> Iterator[None]:
    """Keep the plan of every statement that runs within: also a decorator of functions.

    Values do not reach the planner: a statement that needs a partial index names what the index
    is about itself. PostgreSQL itself goes on planning anew where that is estimated to be cheaper.
    """
    connection.ensure_connection()
    # Django makes its cursors by these, so that querysets and logging stay as they are.
    driver = connection.connection
    before = driver.cursor_factory, driver.prepare_threshold
    driver.cursor_factory, driver.prepare_threshold = _Keeping, 0
    try:
        yield
    finally:
        driver.cursor_factory, driver.prepare_threshold = before
