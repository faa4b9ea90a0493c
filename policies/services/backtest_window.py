"""The window of a backtest: its pieces, each a range of keys, and what is in force in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import connection
from django.db.models import Q

from conversations.keys import lowest, moment_of
from conversations.models import Cutoff, Source
from conversations.partitions import next_month
from policies.backtest import Question
from policies.backtest_sql import Parameters
from policies.feedback_rates import ANSWER_WINDOW
from policies.models import BUILT_IN_NUMBER, DEFAULT_SCOPE, Activation


@dataclass(frozen=True)
class Piece:
    """A stretch of the window in which one version was in force for all who named none.

    ``version`` is that one; None where it is a question of scopes or of a staged rollout, which
    the joins of ``policies/criteria_sql.py`` answer row by row. ``open``: users may still answer.
    """

    since: datetime
    until: datetime
    version: int | None
    open: bool


@dataclass(frozen=True)
class Extent:
    """How many cutoffs there are, as the planner counts them, and since when."""

    rows: float
    since: datetime | None

    def share(self, piece: Piece, now: datetime) -> float:
        """The share of its time that *piece* has, 0 to 1."""
        if self.since is None or self.since >= now:
            return 1.0
        return (piece.until - max(piece.since, self.since)) / (now - self.since)


def extent() -> Extent:
    """That of the table of cutoffs now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples, (SELECT id FROM conversations_cutoff ORDER BY id LIMIT 1)"
            " FROM pg_class WHERE oid = %s::regclass",
            [Cutoff._meta.db_table],
        )
        rows, first = cursor.fetchone()
    return Extent(rows, moment_of(first) if first else None)


def pieces(question: Question, *, by_month: bool = True) -> list[Piece]:
    """The window cut at changes of what is in force, where feedback is open, and at months.

    By month a long scan tells how far it is, and can be stopped.
    """
    activations = list(
        Activation.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=question.since), activated_at__lt=question.until
        ).order_by("activated_at")
    )
    still_open = question.now - ANSWER_WINDOW
    cuts = {still_open}
    if by_month:
        cuts |= set(_months(question.since, question.until))
    for activation in activations:
        cuts |= {activation.activated_at, activation.ended_at or question.until}
    inside = sorted(cut for cut in cuts if question.since < cut < question.until)
    edges = [question.since, *inside, question.until]
    return [
        Piece(since, until, _version(activations, since), open=since >= still_open)
        for since, until in pairwise(edges)
        if since < until
    ]


def _months(since: datetime, until: datetime) -> Iterator[datetime]:
    month = since.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < until:
        yield month
        month = next_month(month)


def _version(activations: list[Activation], at: datetime) -> int | None:
    holding = [
        activation
        for activation in activations
        if activation.activated_at <= at and (not activation.ended_at or activation.ended_at > at)
    ]
    if any(one.scope != DEFAULT_SCOPE or one.beside_id is not None for one in holding):
        return None
    return holding[-1].version_id if holding else BUILT_IN_NUMBER


def where_of(question: Question, piece: Piece, bound: Parameters) -> str:
    """The piece, as a range of keys, and the filters.

    A key tells milliseconds (``conversations/keys.py``): a bound between two needs the time too.
    """
    until = piece.until
    clauses = [f"cutoff.id >= {bound.bind(lowest(piece.since), 'uuid')}"]
    if _within_a_millisecond(piece.since):
        clauses.append(f"cutoff.at >= {bound.bind(piece.since, 'timestamptz')}")
    if _within_a_millisecond(until):
        clauses.append(f"cutoff.at < {bound.bind(until, 'timestamptz')}")
        until += timedelta(milliseconds=1)
    clauses += [f"cutoff.id < {bound.bind(lowest(until), 'uuid')}", "NOT cutoff.trial"]
    clauses += [
        f"cutoff.{name} = ANY({bound.bind(list(values), 'text[]')})"
        for name in ("category", "model", "prompt_version", "surface", "locale")
        if (values := getattr(question.filters, name))
    ]
    if question.filters.source:
        sources = Source.objects.filter(slug__in=question.filters.source)
        keys = list(sources.values_list("pk", flat=True))
        clauses.append(f"cutoff.source_id = ANY({bound.bind(keys, 'bigint[]')})")
    return " AND ".join(clauses)


def _within_a_millisecond(moment: datetime) -> bool:
    return moment.microsecond % 1000 != 0
