"""The ledger: in the action's transaction, never changed, never deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog
from django.db import DatabaseError, transaction

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db


def test_an_entry_names_who_what_and_which() -> None:
    user = make_user()
    structlog.contextvars.bind_contextvars(request_id="r-1")
    entry = record(
        actor=Actor(user=user), action="a.b", obj="case", object_id=7, details={"n": 1}, at=NOW
    )
    entry.refresh_from_db()
    assert (entry.actor, entry.agent, entry.action) == (user, "", "a.b")
    assert (entry.object_type, entry.object_id, entry.details) == ("case", "7", {"n": 1})
    assert (entry.request_id, entry.at) == ("r-1", NOW)


def test_a_task_acts_as_itself() -> None:
    entry = record(actor=Actor.task("settle"), action="a.b", obj="case", object_id=7)
    entry.refresh_from_db()
    assert (entry.actor, entry.agent, entry.details) == (None, "task:settle", {})
    assert entry.at is not None


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        record(actor=Actor.task("t"), action="a.b", obj="case", object_id=7)
    assert not LedgerEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_its_action() -> None:
    @transaction.atomic
    def act_and_fail() -> None:
        record(actor=Actor.task("t"), action="a.b", obj="case", object_id=7)
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        act_and_fail()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("what", ["save", "update", "delete", "delete_all"])
def test_an_entry_is_never_changed_or_deleted(what: str) -> None:
    entry = record(actor=Actor.task("t"), action="a.b", obj="case", object_id=7)
    doings: dict[str, Callable[[], object]] = {
        "save": entry.save,
        "update": lambda: LedgerEntry.objects.update(action="x"),
        "delete": entry.delete,
        "delete_all": lambda: LedgerEntry.objects.all().delete(),
    }
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        doings[what]()
    entry.refresh_from_db()
    assert entry.action == "a.b"
