"""Querysets whose SQL is written once, for the few that run with every page, claim and verdict.

Django takes longer to write the SQL of a queryset than PostgreSQL takes to answer it. Here it is
written with a stand-in for each value and kept; each run binds the values, and PostgreSQL keeps
its plan too. The queryset stays the one place that says what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, get_args
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BooleanField, F, Field, Func, Model, QuerySet, Value
from django.db.models.query import get_related_populators
from psycopg.sql import Literal

from accounts.plans import kept_plans

Row = TypeVar("Row", bound=Model)

#: The stubs are a version ahead.
_populators: Callable[..., list[Any]] = get_related_populators

#: What no real value equals, for each type and place among the values.
_STAND_INS: Final[dict[type, Callable[[int], object]]] = {
    int: lambda place: 32_700 + place,  # fits the smallest column
    str: lambda place: f"stand-in {place}",
    UUID: lambda place: UUID(int=place),
    datetime: lambda place: datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=place),
}


class AnyOf(Func):
    """Whether the column *name* is one of *values*: ``IN``, however many, in one parameter.

    With ``__in`` each number of values is a statement of its own, written and planned anew.
    """

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, name: str, values: Sequence[Any], *, field: Field[Any, Any]) -> None:
        super().__init__(F(name), Value(list(values), output_field=ArrayField(field)))


class Prepared(Generic[Row]):
    """What *build* makes of some values: whole rows of one model, and of those joined to it.

    *types* names the arguments of *build*, each an ``int``, ``str``, ``UUID`` or ``datetime``, or
    a list of one of them for :class:`AnyOf`. Whatever else shapes the queryset must stay the same.
    """

    def __init__(self, build: Callable[..., QuerySet[Row, Any]], **types: Any) -> None:
        self._build = build
        self._types = types

    def first(self, **values: Any) -> Row | None:
        """The first row for *values*, if there is one. The queryset says how many it asks for."""
        return next(iter(self.all(**values)), None)

    def all(self, **values: Any) -> list[Row]:
        """Every row for *values*."""
        return self._statement.made_of(self.tuples(**values))

    def tuples(self, **values: Any) -> list[tuple[Any, ...]]:
        """The columns of every row for *values*, for a queryset that names them."""
        statement = self._statement
        with kept_plans(), connection.cursor() as cursor:
            cursor.execute(statement.sql, values)
            return statement.converted(cursor.fetchall())

    @cached_property
    def _statement(self) -> _Statement[Row]:
        stand_ins = {
            name: _stand_in(kind, place) for place, (name, kind) in enumerate(self._types.items())
        }
        return _Statement(self._build(**stand_ins), stand_ins)


def _stand_in(kind: Any, place: int) -> object:
    of_one = get_args(kind)
    return [_STAND_INS[of_one[0]](place)] if of_one else _STAND_INS[kind](place)


class _Statement(Generic[Row]):
    """The SQL of a queryset, and how rows become its model again."""

    def __init__(self, rows: QuerySet[Row, Any], stand_ins: dict[str, object]) -> None:
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        written, parameters = compiler.as_sql()
        names = {_key(stand_in): name for name, stand_in in stand_ins.items()}
        # bool, which is an int too, is never meant.
        places = [None if type(value) is bool else names.get(_key(value)) for value in parameters]
        assert set(places) - {None} == set(stand_ins)  # noqa: S101 - each value has its place
        # What never changes is written out: the planner, who sees no values, knows by it that a
        # partial index will do.
        texts = iter(
            f"%({name})s" if name else _literal(value)
            for name, value in zip(places, parameters, strict=True)
        )
        self.sql = re.sub("%[%s]", lambda mark: next(texts) if mark[0] == "%s" else "%%", written)
        self._compiler = compiler
        self._converters = compiler.get_converters(column for column, *_ in compiler.select)
        self._fields = [field.attname for field in rows.model._meta.concrete_fields]
        self._joined = (
            _populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)
            if compiler.klass_info
            else []
        )
        self._model = rows.model

    def converted(self, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows with what Django makes of each column's value."""
        if not self._converters or not found:
            return found
        return list(map(tuple, self._compiler.apply_converters(found, self._converters)))

    def made_of(self, found: list[tuple[Any, ...]]) -> list[Row]:
        """The model's instances."""
        assert self._compiler.klass_info  # noqa: S101 - named columns make no model
        assert not self._compiler.annotation_col_map  # noqa: S101 - no model has a field for one
        return [self._made_of(row) for row in found]

    def _made_of(self, row: Sequence[Any]) -> Row:
        made = self._model.from_db(DEFAULT_DB_ALIAS, self._fields, row[: len(self._fields)])
        for joined in self._joined:
            joined.populate(row, made)
        return made


def _key(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _literal(value: object) -> str:
    connection.ensure_connection()
    return Literal(value).as_string(connection.connection).replace("%", "%%")
