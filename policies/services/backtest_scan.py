"""Reading a window of cutoffs for a backtest: one scan, a month at a time.

Each piece of the window is one statement that answers under both policies and groups by all that
the figures need. The primary key carries the time, so that a piece is a range of it; no other
index would serve a window better. Where an estimate needs single cutoffs (those audited, and near
misses that the candidate may end), the same statement packs them into bytes: a row of each would
cost more than the scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
from django.db import connection, transaction
from django.db.models import Q

from conversations.keys import lowest
from conversations.models import Source
from conversations.partitions import next_month
from conversations.vocabulary import Mode
from policies.backtest import NOT, UNKNOWN, Answer, Group, Question, Rows
from policies.backtest_sql import MASK_FROM, TESTS, Parameters, answers, flags, flipped, pair
from policies.criteria_sql import VERSION_JOINS
from policies.feedback_rates import ANSWER_WINDOW
from policies.models import BUILT_IN_NUMBER, DEFAULT_SCOPE, Activation, PolicyVersion
from policies.thresholds import Thresholds
from policies.weighting import codes

Progress = Callable[[int], None]

#: With more versions than this, the window is first asked which of them it has.
MOST_VERSIONS: Final = 12
#: How many conversations are looked up at once.
LOOKED_UP: Final = 20_000

AUDITED_BIT: Final = MASK_FROM + len(TESTS)
_PACKED: Final = np.dtype(
    [("conversation", "S16"), ("audit", ">f8"), ("sending", ">f8"), ("at", ">f8")]
)
_THREADS: Final = np.dtype([("subject", ">i8"), ("ended", ">f8")])


_Packed = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class _Known:
    """The versions that are known, and the sources that are advisory, by their keys."""

    versions: frozenset[int]
    advisory: frozenset[int]


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


def scan(question: Question, *, progress: Progress = lambda _percent: None) -> list[Group]:
    """The groups of *question*'s window. *progress* is told percents, and may raise to stop."""
    baselines = _baselines(question)
    return read(
        question,
        lambda piece: _rowsets(question, piece, baselines),
        versions=frozenset(baselines),
        progress=progress,
    )


def read(
    question: Question,
    rowsets: Callable[[Piece], Iterable[Rowset]],
    *,
    versions: frozenset[int],
    progress: Progress = lambda _percent: None,
) -> list[Group]:
    """The groups of the *rowsets* of each piece; *versions* are the ones that are known."""
    advisory = Source.objects.filter(mode=Mode.ADVISORY).values_list("pk", flat=True)
    known = _Known(versions, frozenset(advisory))
    cut = pieces(question)
    found: list[tuple[Group, _Packed]] = []
    for done, piece in enumerate(cut):
        progress(100 * done // len(cut))
        for rowset in rowsets(piece):
            found += [_group(row, piece, known) for row in run(_scan_of(rowset), rowset.bound)]
    return _with_threads(found)


def pieces(question: Question) -> list[Piece]:
    """The window cut at months, at changes of what is in force, and where feedback is open."""
    activations = list(
        Activation.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=question.since), activated_at__lt=question.until
        ).order_by("activated_at")
    )
    still_open = question.now - ANSWER_WINDOW
    cuts = {still_open, *_months(question.since, question.until)}
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


def _baselines(question: Question) -> dict[int, Thresholds | None]:
    """What each version asks; the same for all where the question names the baseline."""
    versions = PolicyVersion.objects.all()
    if versions.count() > MOST_VERSIONS:
        versions = versions.filter(number__in=_named(question))
    if question.baseline:
        return dict.fromkeys(versions.values_list("number", flat=True), question.baseline)
    return {version.number: _readable(version) for version in versions}


def _named(question: Question) -> set[int]:
    """The versions that cutoffs of the window may be held against."""
    bound = Parameters()
    where = where_of(question, Piece(question.since, question.until, None, open=False), bound)
    named = run(
        f"SELECT DISTINCT cutoff.policy_version FROM conversations_cutoff cutoff WHERE {where}",
        bound,
    )
    in_force = Activation.objects.values_list("version_id", "beside_id")
    return {number for row in (*named, *in_force, (BUILT_IN_NUMBER,)) for number in row if number}


def _readable(version: PolicyVersion) -> Thresholds | None:
    try:
        return version.thresholds
    except msgspec.ValidationError:
        return None


@dataclass(frozen=True)
class Rowset:
    """The rows of a piece and what is said of each: SQL, and the values bound to it."""

    flags: str
    version: str
    joins: str
    where: str
    bound: Parameters
    step: str = "NULL::int"

    def bit(self, test: str) -> int:
        """The bit of *flags* that says that *test* came out differently."""
        return 1 << MASK_FROM + TESTS.index(test)


def sources(question: Question, piece: Piece) -> Iterator[Rowset]:
    """What to read for a piece. Two sets where scopes matter: cutoffs that named a known version,
    and those that did not.
    """
    yield from _rowsets(question, piece, _baselines(question))


def _rowsets(
    question: Question, piece: Piece, baselines: dict[int, Thresholds | None]
) -> Iterator[Rowset]:
    if piece.version is not None:
        yield _rowset(question, piece, baselines, named="")
        return
    simple = replace(piece, version=BUILT_IN_NUMBER)
    yield _rowset(question, simple, baselines, named="cutoff.policy_version = ANY({known})")
    yield _rowset(
        question, piece, baselines, named="(cutoff.policy_version = ANY({known})) IS NOT TRUE"
    )


def _rowset(
    question: Question, piece: Piece, baselines: dict[int, Thresholds | None], *, named: str
) -> Rowset:
    bound = Parameters()
    joined = piece.version is None
    # A column as it is: the planner can count its groups.
    version = "held.number" if joined else "cutoff.policy_version"
    written = flags(
        question.candidate,
        baselines,
        otherwise=BUILT_IN_NUMBER if piece.version is None else piece.version,
        version=version,
        bound=bound,
    )
    where = where_of(question, piece, bound)
    if named:
        known = bound.bind(sorted(baselines), "int[]")
        where += f" AND {named.format(known=known)}"
    return Rowset(f"({written})", version, VERSION_JOINS if joined else "", where, bound)


#: Groups a piece of the window. Booleans keep the planner's count of groups low enough for it to
#: aggregate in parallel.
_SCAN: Final = """
SELECT {flags} + CASE WHEN cutoff.in_audit THEN {audited} ELSE 0 END, {step},
       cutoff.initiator, cutoff.first_review,
       CASE WHEN cutoff.surprised_at <= cutoff.at + interval '{days} days' THEN true
            WHEN cutoff.unsurprised_at <= cutoff.at + interval '{days} days' THEN false END,
       cutoff.model, cutoff.prompt_version, {version}, cutoff.source_id,
       count(*),
       string_agg(
           CASE WHEN cutoff.in_audit
                  OR cutoff.initiator = '' AND ({flags} & {pair}) >= {may_end}
                THEN uuid_send(cutoff.conversation_id) || float8send(cutoff.audit_probability)
                     || float8send(CASE WHEN cutoff.initiator = ''
                            THEN coalesce(cutoff.sampling_probability, 'NaN') ELSE 1 END)
                     || float8send(extract(epoch FROM cutoff.at)::float8) END,
           ''::bytea)
FROM conversations_cutoff cutoff
{joins}
WHERE {where}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""


def _scan_of(rowset: Rowset) -> str:
    return _SCAN.format(
        flags=rowset.flags,
        audited=1 << AUDITED_BIT,
        days=ANSWER_WINDOW.days,
        may_end=pair(UNKNOWN, NOT),
        pair=(1 << MASK_FROM) - 1,
        version=rowset.version,
        step=rowset.step,
        joins=rowset.joins,
        where=rowset.where,
    )


def where_of(question: Question, piece: Piece, bound: Parameters) -> str:
    """The piece, as a range of keys and then exactly, and the filters."""
    until = lowest(piece.until + timedelta(milliseconds=1))
    clauses = [
        f"cutoff.id >= {bound.bind(lowest(piece.since), 'uuid')}",
        f"cutoff.id < {bound.bind(until, 'uuid')}",
        f"cutoff.at >= {bound.bind(piece.since, 'timestamptz')}",
        f"cutoff.at < {bound.bind(piece.until, 'timestamptz')}",
    ]
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


def run(statement: str, bound: Parameters, *, sort: bool = False) -> list[tuple[Any, ...]]:
    """The rows of a statement that groups, or with *sort* of one that orders."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not sort:
            # Groups are few, whatever the planner thinks of products of columns.
            cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(statement, bound.values)
        return list(cursor.fetchall())


_ANSWERS: Final = {True: Answer.SURPRISED, False: Answer.UNSURPRISED, None: Answer.SILENT}


def _group(row: tuple[Any, ...], piece: Piece, known: _Known) -> tuple[Group, _Packed]:
    marks, step, initiator, review, surprised, model, prompt, version, source, count, packed = row
    candidate, baseline = answers(marks)
    if piece.version is not None and version not in known.versions:
        version = piece.version
    group = Group(
        initiator=initiator,
        candidate=candidate,
        baseline=baseline,
        flipped=flipped(marks),
        review=review,
        answer=Answer.OPEN if piece.open else _ANSWERS[surprised],
        audited=bool(marks >> AUDITED_BIT & 1),
        model=model,
        prompt_version=prompt,
        version=version,
        advisory=source in known.advisory,
        count=count,
        step=step,
    )
    return group, np.frombuffer(packed or b"", _PACKED)


def _with_threads(found: list[tuple[Group, _Packed]]) -> list[Group]:
    """The groups with their rows, once the conversations of these were looked up, all at once."""
    packed = np.concatenate([rows for _, rows in found]) if found else np.empty(0, _PACKED)
    threads = _threads(packed["conversation"])
    all_rows = Rows(
        subject=codes(threads["subject"]),
        stratum=codes(packed["audit"]),
        review=packed["audit"].astype(np.float64),
        sending=packed["sending"].astype(np.float64),
        later=threads["ended"] > packed["at"],
    )
    edges = np.cumsum([0, *(len(rows) for _, rows in found)])
    return [
        msgspec.structs.replace(group, rows=all_rows.part(int(start), int(stop)))
        if stop > start
        else group
        for (group, _), start, stop in zip(found, edges[:-1], edges[1:], strict=True)
    ]


#: Somebody without a pseudonym counts as a subject of each conversation.
_LOOK_UP: Final = """
SELECT string_agg(
    int8send(hashtextextended(coalesce(nullif(thread.subject, ''), asked.id::text), 0))
        || float8send(coalesce(extract(epoch FROM thread.ended_at)::float8, '-Infinity')),
    ''::bytea ORDER BY asked.place)
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS asked (id, place)
LEFT JOIN conversations_conversation thread ON thread.id = asked.id
"""


def _threads(ids: _Packed) -> _Packed:
    """Whose each conversation is, and when it was last ended (epoch seconds)."""
    # In the order of the keys, neighbours lie on the same pages.
    order = np.argsort(ids, kind="stable")
    found = np.empty(len(ids), _THREADS)
    for start in range(0, len(ids), LOOKED_UP):
        part = order[start : start + LOOKED_UP]
        found[part] = np.frombuffer(_looked_up(ids[part].tobytes()), _THREADS)
    return found


def _looked_up(ids: bytes) -> bytes:
    # As an array in words: PostgreSQL reads UUIDs without hyphens.
    words = f"{{{ids.hex(',', 16)}}}"
    # psycopg's own cursor binds them apart; Django's would write them into the statement.
    with transaction.atomic(), psycopg.Cursor(_own_connection()) as cursor:
        # By key: the planner would rather read all conversations that there ever were.
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute("SET LOCAL enable_mergejoin = off")
        cursor.execute(_LOOK_UP, {"ids": words}, binary=True)
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def _own_connection() -> Any:
    connection.ensure_connection()
    return connection.connection
