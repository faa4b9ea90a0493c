"""Opening cases in the transaction that stores their cutoffs, with set-based SQL.

A cutoff always gets a case, selected or not; a near miss only when it was drawn. Priority,
queue and selection come from what the source reported, never from the transcript: that is
read later, and may only raise them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    Exists,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models import (
    Case as When_,
)

from conversations.models import Cutoff
from conversations.vocabulary import Category, Kind
from policies import conformance, criteria_sql
from reviews.models import Case, Selection
from reviews.priorities import DUE, DUE_OTHERWISE, RISK_UNKNOWN_WEIGHT, WEIGHTS
from reviews.vocabulary import CaseState, Queue, Reason

_BREACHES = (conformance.RISK_ABOVE_CEILING, conformance.NO_WARNING)

_COLUMNS = (
    "cutoff_id",
    "source_id",
    "kind",
    "category",
    "model",
    "locale",
    "at",
    "policy_version",
    "state",
    "selected",
    "queue",
    "priority",
    "due_at",
    "opened_at",
    "flags",
    "breach",
)


def open_cases(*, cutoff_ids: Sequence[UUID], now: datetime, **_kwargs: Any) -> None:
    """Open the cases of cutoffs that were just stored. A case that is there is left alone."""
    reported = _reported(list(cutoff_ids), now)
    _insert(
        Case,
        _COLUMNS,
        reported.values_list(
            "id",
            "source_id",
            "kind",
            "category",
            "model",
            "locale",
            "at",
            "held_against",
            "case_state",
            "is_selected",
            "case_queue",
            "case_priority",
            "case_due_at",
            "case_opened_at",
            "case_flags",
            "is_breach",
        ),
    )
    for reason, holds in ((Reason.BREACH, Q(is_breach=True)), (Reason.AUDIT, Q(in_audit=True))):
        _insert(
            Selection,
            ("case_id", "reason", "at"),
            reported.filter(holds).values_list(
                "id", Value(reason.value, CharField()), "case_opened_at"
            ),
        )


def _flag(code: str) -> Value:
    return Value(code, output_field=CharField())


def _reported(cutoff_ids: list[UUID], now: datetime) -> QuerySet[Cutoff]:
    """The cutoffs with everything that their cases are opened with, all of it computed in SQL."""
    above, unknown, unwarned = (
        criteria_sql.risk_above_ceiling(),
        criteria_sql.risk_unknown(),
        criteria_sql.no_warning(),
    )
    flags: ArrayField[Any, Any] = ArrayField(CharField(max_length=32))
    codes = Func(
        *(
            When_(When(rule, then=_flag(code)), default=Value(None), output_field=CharField())
            for rule, code in (
                (above, conformance.RISK_ABOVE_CEILING),
                (unknown, conformance.RISK_UNKNOWN),
                (unwarned, conformance.NO_WARNING),
            )
        ),
        function="array_remove",
        template="%(function)s(ARRAY[%(expressions)s]::varchar[], NULL)",
        output_field=flags,
    )
    cutoffs = criteria_sql.with_policy(Cutoff.objects.filter(pk__in=sorted(cutoff_ids)))
    return (
        cutoffs.filter(Q(kind=Kind.CUTOFF) | Q(in_audit=True))
        .exclude(Exists(Case.objects.filter(cutoff=OuterRef("pk"))))
        .annotate(
            case_flags=When_(
                When(kind=Kind.CUTOFF, then=codes), default=Value([], flags), output_field=flags
            ),
            is_breach=_is(Q(kind=Kind.CUTOFF) & (above | unwarned)),
            case_opened_at=Value(now, DateTimeField()),
        )
        .annotate(is_selected=_is(Q(in_audit=True) | Q(is_breach=True)))
        .annotate(
            case_state=When_(
                When(is_selected=True, then=Value(CaseState.OPEN.value)),
                default=Value(CaseState.UNSELECTED.value),
                output_field=CharField(),
            ),
            case_queue=When_(
                When(
                    category=Category.CHILD_SEXUAL_EXPLOITATION,
                    then=Value(Queue.CHILD_SAFETY.value),
                ),
                When(above, then=Value(Queue.CRISIS.value)),
                default=Value(Queue.GENERAL.value),
                output_field=CharField(),
            ),
            case_priority=_weight(Q(is_breach=True), WEIGHTS[Reason.BREACH])
            + _weight(Q(in_audit=True), WEIGHTS[Reason.AUDIT])
            + _weight(Q(kind=Kind.CUTOFF) & unknown, RISK_UNKNOWN_WEIGHT),
            case_due_at=When_(
                When(is_breach=True, then=Value(now + DUE[Reason.BREACH])),
                default=Value(now + DUE_OTHERWISE),
                output_field=DateTimeField(),
            ),
        )
        .order_by("pk")
    )


def _is(condition: Q) -> When_:
    return When_(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )


def _weight(condition: Q, weight: int) -> When_:
    return When_(When(condition, then=Value(weight)), default=Value(0), output_field=IntegerField())


def _insert(
    model: type[Case | Selection], columns: Sequence[str], rows: QuerySet[Cutoff, Any]
) -> None:
    """INSERT … SELECT: the rows never leave the database."""
    statement, parameters = rows.query.sql_with_params()
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) {statement}",
            parameters,
        )
