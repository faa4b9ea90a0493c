"""Storing one row by a statement that is written once for its model.

As :mod:`accounts.prepared` for the few rows that come with every claim and verdict: ``create``
takes longer to write the same INSERT anew than PostgreSQL takes to run it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

from accounts.plans import kept_plans

Row = TypeVar("Row", bound=Model)


def insert(row: Row) -> Row:
    """Store a new *row* as ``save(force_insert=True)`` does, but for its signals; the row.

    What PostgreSQL fills in itself, as numbers and times, is read back.
    """
    values, filled_in = {}, []
    for field in row._meta.concrete_fields:
        value = field.pre_save(row, add=True)
        if isinstance(value, DatabaseDefault) or (value is None and field.primary_key):
            filled_in.append(field.attname)
        else:
            values[field.attname] = field.get_db_prep_save(value, connection)
    statement = _statement(type(row), tuple(values), tuple(filled_in))
    with kept_plans(), connection.cursor() as cursor:
        cursor.execute(statement, list(values.values()))
        for name, value in zip(filled_in, cursor.fetchone() if filled_in else (), strict=True):
            setattr(row, name, value)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return row


@lru_cache(maxsize=64)
def _statement(model: type[Model], given: tuple[str, ...], filled_in: tuple[str, ...]) -> str:
    columns = {field.attname: f'"{field.column}"' for field in model._meta.concrete_fields}
    names = ", ".join(columns[name] for name in given)
    marks = ", ".join(["%s"] * len(given))
    read_back = ", ".join(columns[name] for name in filled_in)
    returning = f" RETURNING {read_back}" if filled_in else ""
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks}){returning}'  # noqa: S608 - a model's own names
