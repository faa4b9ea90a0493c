"""A prepared queryset answers as the queryset does, whatever the values."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.db import ProgrammingError
from django.db.models import JSONField, QuerySet, UUIDField, Value
from pytest_django import DjangoAssertNumQueries

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, User
from accounts.prepared import AnyOf, Prepared
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case
from tests.factories import NOW, make_case, make_user

pytestmark = pytest.mark.django_db


def test_it_answers_for_each_value() -> None:
    prepared = Prepared(
        lambda name, since: User.objects.filter(name=name, created_at__gt=since).order_by("pk"),
        name=str,
        since=datetime,
    )
    people = [make_user(Role.REVIEWER, name=name) for name in ("Ana", "Ben", "Ben")]
    assert prepared.all(name="Ben", since=NOW.replace(year=2000)) == people[1:]
    assert prepared.first(name="Ben", since=NOW.replace(year=2000)) == people[1]
    assert prepared.first(name="Ana", since=NOW.replace(year=9000)) is None


def test_rows_are_whole(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = make_case()
    record(
        actor=Actor.task("t"), action="a.b", obj="case", object_id=case.pk, details={"n": [1, "x"]}
    )
    line = Prepared(lambda of: LedgerEntry.objects.filter(object_id=of), of=str)
    cutoff = Prepared(lambda key: Cutoff.objects.filter(pk=key), key=UUID)
    with django_assert_num_queries(2):
        found = line.first(of=str(case.pk))
        assert found
        assert found.details == {"n": [1, "x"]}
        same = cutoff.first(key=case.pk)
    wanted = Cutoff.objects.get(pk=case.pk)
    assert same
    assert {field.attname: getattr(same, field.attname) for field in Cutoff._meta.fields} == {
        field.attname: getattr(wanted, field.attname) for field in Cutoff._meta.fields
    }
    assert cutoff.first(key=uuid4()) is None


def test_what_is_joined_comes_with_it(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    wanted = make_case()
    prepared = Prepared(
        lambda key: Case.objects.select_related("cutoff__conversation", "source").filter(pk=key),
        key=UUID,
    )
    with django_assert_num_queries(1):
        case = prepared.first(key=wanted.pk)
        assert case
        assert case.cutoff.case is case
        found = case, case.cutoff.conversation, case.source
    assert found == (wanted, wanted.cutoff.conversation, wanted.source)


def test_one_statement_asks_for_any_number_of_them() -> None:
    prepared = Prepared(
        lambda keys: Case.objects.filter(AnyOf("cutoff_id", keys, field=UUIDField())).order_by(
            "number"
        ),
        keys=list[UUID],
    )
    cases = [make_case() for _ in range(3)]
    assert prepared.all(keys=[case.pk for case in cases]) == cases
    assert prepared.all(keys=[cases[1].pk, uuid4()]) == [cases[1]]
    assert prepared.all(keys=[]) == []


def test_columns_come_as_the_queryset_gives_them() -> None:
    """Also of two querysets in one, one of which knows no such column."""
    record(actor=Actor.task("t"), action="a.b", obj="case", object_id="1", details={"n": [1, "x"]})
    make_user(Role.REVIEWER, name="Ana")

    def build(name: str) -> QuerySet[LedgerEntry, tuple[object, ...]]:
        lines = LedgerEntry.objects.filter(action="a.b").values_list("action", "details")
        people = User.objects.filter(name=name).values_list("name", Value(None, JSONField()))
        return lines.order_by().union(people, all=True)

    assert set(map(repr, Prepared(build, name=str).tuples(name="Ana"))) == set(
        map(repr, build("Ana"))
    )
    with pytest.raises(AssertionError):
        Prepared(build, name=str).all(name="Ana")


def test_a_value_that_no_condition_asks_for_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        Prepared(lambda key: Cutoff.objects.all(), key=UUID).first(key=uuid4())  # noqa: ARG005
    with pytest.raises(ProgrammingError, match="key"):
        Prepared(lambda key: Cutoff.objects.filter(pk=key), key=UUID).first()
