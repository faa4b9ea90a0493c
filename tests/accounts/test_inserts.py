"""A row that is inserted is the row that ``create`` would have made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError
from django.db.models import Model
from pytest_django import DjangoAssertNumQueries

from accounts.inserts import insert
from accounts.ledger import Actor, record
from accounts.models import LedgerEntry
from accounts.roles import Role
from reviews.models import Verdict, VerdictText
from tests.factories import NOW, make_case, make_user

pytestmark = pytest.mark.django_db


def columns(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def stored(row: Model) -> Model:
    return type(row)._default_manager.get(pk=row.pk)


def new_verdict() -> Verdict:
    return Verdict(
        case=make_case(),
        round=1,
        reviewer=make_user(Role.REVIEWER),
        decision="uphold",
        remedy="keep_locked",
        policy_followed="yes",
        reason_codes=["persistent_abuse"],
        evidence=[{"turn": 3, "start": 1, "end": 4}],
        at=NOW,
    )


def test_every_column_is_kept(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    verdict = new_verdict()
    with django_assert_num_queries(1):
        given = insert(verdict)
    assert isinstance(given.pk, UUID)
    assert columns(given) == columns(stored(given))
    words = insert(VerdictText(verdict=given, rationale="100 % Spott", terms="spott 100"))
    kept = VerdictText.objects.get(pk=given.pk)
    assert (kept.rationale, kept.terms) == (words.rationale, "'100' 'spott'")


def test_what_the_database_fills_in_is_read_back() -> None:
    line = insert(LedgerEntry(agent="task:t", action="a.b", object_type="case", object_id="1"))
    again = insert(LedgerEntry(agent="task:t", action="a.b", object_type="case", object_id="2"))
    assert again.pk > line.pk
    assert columns(line) == columns(stored(line))


def test_it_is_stored_from_then_on_and_only_once() -> None:
    given = insert(new_verdict())
    assert not given._state.adding
    with pytest.raises(IntegrityError):
        insert(given)


def test_a_line_of_the_ledger_may_name_its_time() -> None:
    line = record(actor=Actor.task("t"), action="a.b", obj="case", object_id=1, at=NOW)
    assert LedgerEntry.objects.get(pk=line.pk).at == line.at == NOW
