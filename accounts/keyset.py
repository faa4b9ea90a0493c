"""Keyset paging: lists are paged by where one is, never by how many rows came before.

A cursor holds the order fields and the key of a row, and is bound to the filters and the
ordering that it was made under. A row that moves meanwhile may recur; nothing errs.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, Generic, Literal, TypeVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
Way = Literal["next", "previous"]

#: Characters; what is longer was never one of ours.
LONGEST_CURSOR: Final = 4_000
#: Order fields, the key among them, from which on many rows are equal in the first.
_MANY_EQUAL: Final = 3


class CursorMismatch(Exception):
    """A cursor that is not one of ours, or belongs to other filters or another ordering."""

    def __init__(self) -> None:
        super().__init__("This cursor belongs to another list. Begin again without it.")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page, and the cursors of those around it; None where there is none."""

    items: list[Row]
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True)
class _Order:
    """One field that rows are ordered by."""

    name: str
    descending: bool

    def beyond(self, value: Any, *, backwards: bool) -> dict[str, Any]:
        """What holds for rows that come after *value* in the direction of reading."""
        return {f"{self.name}__{'lt' if self.descending != backwards else 'gt'}": value}

    def from_here(self, value: Any, *, backwards: bool) -> dict[str, Any]:
        """The same, with *value* itself."""
        return {f"{self.name}__{'lte' if self.descending != backwards else 'gte'}": value}

    def spelt(self, *, backwards: bool) -> str:
        """As ``order_by`` takes it."""
        return f"-{self.name}" if self.descending != backwards else self.name


def page(
    queryset: QuerySet[Row],
    *others: QuerySet[Row],
    ordering: Sequence[str],
    cursor: str | None,
    page_size: int,
    bound_to: str,
    beside: Sequence[Row] = (),
) -> Page[Row]:
    """One page of *queryset* in *ordering*, then by key, at *cursor* or at the beginning.

    *ordering* are field names, with ``-`` for descending; none of them may hold NULL. *others*
    are merged in: of models with the same order fields and key, no two of whose rows are alike
    in all of them. *beside* are rows in hand, few, merged in where their attributes say.
    *bound_to* spells the filters. Raises :class:`CursorMismatch`.
    """
    orders = _orders(queryset.model, ordering)
    binding = _binding(bound_to, ordering)
    way, values = _read(cursor, binding, queryset.model, orders) if cursor else ("next", None)
    backwards = way == "previous"
    spelt = [order.spelt(backwards=backwards) for order in orders]
    found: list[Row] = []
    for rows in (queryset, *others):
        if values is not None:
            rows = _beyond(rows, orders, values, backwards=backwards, page_size=page_size)
        found += rows.order_by(*spelt)[: page_size + 1]
    found += [
        row
        for row in beside
        if values is None or _lies_beyond(row, orders, values, backwards=backwards)
    ]
    if others or beside:
        for order in reversed(orders):
            found.sort(key=attrgetter(order.name), reverse=order.descending != backwards)
    more, items = len(found) > page_size, found[:page_size]
    if backwards:
        items.reverse()
    return Page(
        items,
        _write("next", items[-1], binding, orders) if items and (more or backwards) else None,
        _write("previous", items[0], binding, orders)
        if items and (more if backwards else values is not None)
        else None,
    )


def _orders(model: type[Model], ordering: Sequence[str]) -> list[_Order]:
    orders = [_Order(name.removeprefix("-"), name.startswith("-")) for name in ordering]
    key = model._meta.pk.attname
    return orders if orders and orders[-1].name == key else [*orders, _Order(key, False)]


def _beyond(
    rows: QuerySet[Row],
    orders: list[_Order],
    values: list[Any],
    *,
    backwards: bool,
    page_size: int,
) -> QuerySet[Row]:
    """Of *rows* beyond *values* at least the next, one more than a page.

    An index scan begins where the first field does. Where a second one orders the rows that are
    equal in it, those are many: half-way through 200,000 cases 50,000 of the same priority would
    be walked over. There each field has a range of the index of its own, the rows equal in all
    fields before it, and each range gives its first rows.
    """
    if len(orders) < _MANY_EQUAL:
        return rows.filter(_after(orders, values, backwards=backwards))
    spelt = [order.spelt(backwards=backwards) for order in orders]
    ranges, equal = [], Q()
    for order, value in zip(orders, values, strict=True):
        found = rows.filter(equal, **order.beyond(value, backwards=backwards))
        ranges.append(found.order_by(*spelt).values("pk")[: page_size + 1])
        equal &= Q(**{order.name: value})
    return rows.filter(pk__in=ranges[0].union(*ranges[1:], all=True))


def _after(orders: list[_Order], values: list[Any], *, backwards: bool) -> Q:
    """Rows beyond *values*: by the first field that differs.

    That the first field is not before its value follows from the rest; said by itself, it lets
    PostgreSQL begin its index scan there.
    """
    beyond, equal = Q(), Q()
    for order, value in zip(orders, values, strict=True):
        beyond |= equal & Q(**order.beyond(value, backwards=backwards))
        equal &= Q(**{order.name: value})
    return Q(**orders[0].from_here(values[0], backwards=backwards)) & beyond


def _lies_beyond(row: Model, orders: list[_Order], values: list[Any], *, backwards: bool) -> bool:
    """The same of a row in hand."""
    for order, value in zip(orders, values, strict=True):
        own = getattr(row, order.name)
        if own != value:
            return bool((own < value) == (order.descending != backwards))
    return False


def _binding(bound_to: str, ordering: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([*ordering, "", bound_to]).encode()).hexdigest()[:16]


def _write(way: Way, row: Model, binding: str, orders: list[_Order]) -> str:
    values = [getattr(row, order.name) for order in orders]
    # With all microseconds: Django's encoder would cut a time to milliseconds and skip rows.
    plain = [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
    text = json.dumps([binding, way, plain], cls=DjangoJSONEncoder, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(
    cursor: str, binding: str, model: type[Model], orders: list[_Order]
) -> tuple[Way, list[Any]]:
    if len(cursor) > LONGEST_CURSOR:
        raise CursorMismatch
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        sent_binding, way, values = json.loads(text)
        if sent_binding != binding or way not in ("next", "previous"):
            raise CursorMismatch
        return way, [_typed(model, *pair) for pair in zip(orders, values, strict=True)]
    # Whoever made it up may have nested it deeply, or written numbers and times beyond all bounds.
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
        raise CursorMismatch from None


def _typed(model: type[Model], order: _Order, value: Any) -> Any:
    """*value* as its field holds it. Raises ``ValidationError``, ``ValueError`` or
    ``OverflowError``.
    """
    if value is None:
        raise ValueError
    field = next(field for field in model._meta.concrete_fields if field.attname == order.name)
    read = getattr(field, "target_field", field).to_python(value)
    if isinstance(read, str) and "\x00" in read:
        raise ValueError
    if isinstance(read, datetime):
        if read.tzinfo is None:
            raise ValueError
        # PostgreSQL takes no offset of a day.
        return read.astimezone(UTC)
    return read
