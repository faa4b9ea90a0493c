"""Writing to the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from structlog.contextvars import get_contextvars

from accounts.inserts import insert
from accounts.models import LedgerEntry, User

#: Lines about legal holds are for those alone who may place one.
HOLD: Final = "hold"
PLACE_HOLD: Final = "conversations.place_hold"


def visible_to(user: User) -> QuerySet[LedgerEntry]:
    """The lines that *user* may see, of those who may read the ledger at all.

    Every listing begins with this one. A line about a legal hold is left out, as if there were
    none, unless *user* may place holds.
    """
    entries = LedgerEntry.objects.all()
    return entries if user.has_perm(PLACE_HOLD) else entries.exclude(object_type=HOLD)


@dataclass(frozen=True)
class Actor:
    """Who does something: a user, or an agent such as ``key:rk_12ab…`` or ``task:settle``."""

    user: User | None = None
    agent: str = ""

    @classmethod
    def task(cls, name: str) -> Actor:
        """A task that acts by itself."""
        return cls(agent=f"task:{name}")


def record(
    *,
    actor: Actor,
    action: str,
    obj: str,
    object_id: object,
    details: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> LedgerEntry:
    """Note one action, in the transaction of what it tells of.

    Its time is the database's, unless the caller was given one: *at*. *obj* is the kind of thing
    in the words of docs/explanation/ending.md, *details* are codes, ids and numbers.
    Raises ``RuntimeError`` outside a transaction: an entry that could be kept while its action
    is rolled back, or the other way round, would be worse than none.
    """
    _check_shared(action)
    return insert(LedgerEntry(**_row(actor, action, obj, object_id, details, at)))


def record_each(
    *,
    actor: Actor,
    action: str,
    obj: str,
    details: Mapping[Any, dict[str, Any]],
    at: datetime | None = None,
) -> None:
    """Note one action on many things in one statement; *details* by each thing's id.

    Otherwise as :func:`record`.
    """
    _check_shared(action)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(**_row(actor, action, obj, object_id, said, at))
        for object_id, said in details.items()
    )


def _check_shared(action: str) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError(f"The ledger entry “{action}” must share its action's transaction.")


def _row(
    actor: Actor,
    action: str,
    obj: str,
    object_id: object,
    details: dict[str, Any] | None,
    at: datetime | None,
) -> dict[str, Any]:
    context = get_contextvars()
    return {
        "actor": actor.user,
        # The token by which somebody acts, as authentication bound it.
        "agent": actor.agent or str(context.get("agent", "")),
        "action": action,
        "object_type": obj,
        "object_id": str(object_id),
        "details": details or {},
        "request_id": str(context.get("request_id", "")),
    } | ({"at": at} if at else {})
