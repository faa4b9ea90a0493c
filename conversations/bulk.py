"""Writing many rows with one statement.

The rows travel as one JSON parameter and are unpacked by ``jsonb_to_recordset``; what was
measured against the alternatives stands in docs/performance.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import psycopg
from django.db import connection
from django.db.models import Model
from psycopg.types.json import Jsonb

Row = TypeVar("Row", bound=msgspec.Struct)


@lru_cache(maxsize=32)
def _columns(model: type[Model], row: type[msgspec.Struct]) -> tuple[str, str]:
    """The columns that *row* names, and the same with their types."""
    types = {
        field.column: field.rel_db_type(connection)
        if field.primary_key
        else field.db_type(connection)
        for field in model._meta.concrete_fields
    }
    names = [f'"{name}"' for name in row.__struct_fields__]
    typed = [f'"{name}" {types[name]}' for name in row.__struct_fields__]
    return ", ".join(names), ", ".join(typed)


#: Bytes of JSON that one statement takes at most, but for a row that is larger by itself. The
#: driver copies a parameter twice: of 16 MiB that makes 48.
PIECE = 2 * 1024 * 1024


def pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows with long texts in lists of about :data:`PIECE` bytes each, to be inserted apart.

    Only for tables where nothing waits for the order of the rows.
    """
    piece: list[Row] = []
    size = 0
    for row in rows:
        length = len(msgspec.json.encode(row))
        if piece and size + length > PIECE:
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += length
    if piece:
        yield piece


def insert(
    model: type[Model],
    rows: Sequence[msgspec.Struct],
    *,
    order_by: str = "1",
    on_conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """Insert *rows*, whose fields are named as the table's columns; what RETURNING gave.

    Runs in the caller's transaction. *order_by* puts the rows into the order in which every
    transaction takes their locks: two overlapping batches in different orders deadlock.
    """
    if not rows:
        return []
    names, typed = _columns(model, type(rows[0]))
    table = model._meta.db_table
    statement = (
        f"INSERT INTO {table} AS stored ({names})"
        f" SELECT {names} FROM jsonb_to_recordset(%s) AS sent ({typed}) ORDER BY {order_by}"
        f" {on_conflict}" + (f" RETURNING {returning}" if returning else "")
    )
    # Django's own cursor would quote the rows into the text of the statement, megabytes that
    # PostgreSQL then has to lex; psycopg's binds them as a parameter.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement.encode(), [Jsonb(rows, dumps=msgspec.json.encode)])
        return list(cursor.fetchall()) if returning else []
