"""Reading a window of cutoffs for a backtest: one scan, in pieces.

Each piece of the window is one statement that answers under both policies and groups by all that
the figures need. The primary key carries the time, so that a piece is a range of it; no other
index would serve a window better. Where an estimate needs single cutoffs (those audited, and near
misses that the candidate may end), the same statement packs them into bytes: a row of each would
cost more than the scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
from django.db import connection, transaction

from conversations.models import Source
from conversations.vocabulary import Mode
from policies.backtest import END, NOT, UNKNOWN, Answer, Group, Question, Rows
from policies.backtest_sql import MASK_FROM, TESTS, Parameters, answers, flags, flipped, pair
from policies.criteria_sql import VERSION_JOINS
from policies.feedback_rates import ANSWER_WINDOW
from policies.models import BUILT_IN_NUMBER, Activation, PolicyVersion
from policies.services.backtest_window import Piece as Piece
from policies.services.backtest_window import extent, where_of
from policies.services.backtest_window import pieces as pieces
from policies.thresholds import Thresholds
from policies.weighting import codes

Progress = Callable[[int], None]

#: With more versions than this, the window is first asked which of them it has.
MOST_VERSIONS: Final = 12
#: From so many cutoffs on, as the planner counts them, a window is read month by month: a few
#: seconds. Below, a piece for each month costs more than it tells.
LONG: Final = 5_000_000
#: Below this share of the table, its own pages are found by key. A third of it took a quarter less.
PART: Final = 0.5
#: How many conversations are looked up at once.
LOOKED_UP: Final = 20_000

AUDITED_BIT: Final = MASK_FROM + len(TESTS)
#: Above it stand the first review, in three bits, and the user's answer.
_REVIEW_FROM: Final = AUDITED_BIT + 1
_REVIEW: Final = 7
_SURPRISED: Final = 1 << _REVIEW_FROM + 3
_UNSURPRISED: Final = _SURPRISED << 1
#: Pairs of answers by which the candidate, and not the baseline, may have ended.
_MAY_END: Final = ", ".join(
    str(pair(one, other)) for one in (UNKNOWN, END) for other in (NOT, UNKNOWN)
)
_PACKED: Final = np.dtype(
    [("conversation", "S16"), ("time", ">u8"), ("rest", "V8"), ("audit", ">f8"), ("sending", ">f8")]
)
_THREADS: Final = np.dtype([("place", ">i8"), ("subject", ">i8"), ("ended", ">f8")])


_Packed = np.ndarray[Any, np.dtype[Any]]


def scan(
    question: Question,
    *,
    progress: Progress = lambda _percent: None,
    threads: Callable[[_Packed], _Packed] | None = None,
) -> list[Group]:
    """The groups of *question*'s window. *progress* is told percents, and may raise to stop.

    *threads* looks conversations up, :func:`look_up_threads` where nothing else is said.
    """
    baselines = _baselines(question)
    return read(
        question,
        lambda piece: _rowsets(question, piece, baselines),
        versions=frozenset(baselines),
        progress=progress,
        threads=threads,
    )


def read(
    question: Question,
    rowsets: Callable[[Piece], Iterable[Rowset]],
    *,
    versions: frozenset[int],
    progress: Progress = lambda _percent: None,
    threads: Callable[[_Packed], _Packed] | None = None,
) -> list[Group]:
    """The groups of the *rowsets* of each piece; *versions* are the ones that are known."""
    advisory = _advisory()
    table = extent()
    cut = pieces(question, by_month=table.rows >= LONG)
    found: list[tuple[Group, bytes]] = []
    for done, piece in enumerate(cut):
        progress(100 * done // len(cut))
        for rowset in rowsets(piece):
            rows = run(
                _scan_of(rowset, advisory),
                rowset.bound,
                by_page=not rowset.joins,
                part=table.share(piece, question.now) < PART,
            )
            found += [_group(row, piece, versions) for row in rows]
    return _with_threads(found, threads or look_up_threads)


def _advisory() -> frozenset[int] | bool:
    """The sources that are advisory; True where all are, False where none is."""
    modes = dict(Source.objects.values_list("pk", "mode"))
    advisory = frozenset(key for key, mode in modes.items() if mode == Mode.ADVISORY)
    return len(advisory) == len(modes) if len(advisory) in (0, len(modes)) else advisory


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
    step: str = ""
    #: A row whose version is none of these counts for that numbered otherwise.
    known: frozenset[int] = frozenset()
    otherwise: int | None = None

    def bit(self, test: str) -> int:
        """The bit of *flags* that says that *test* came out differently."""
        return 1 << MASK_FROM + TESTS.index(test)

    def held_against(self, number: int) -> str:
        """A condition: the row counts for the version *number*, as in :func:`_group`."""
        told = f"{self.version} = {self.bound.bind(number, 'int')}"
        if number != self.otherwise:
            return told
        known = self.bound.bind(sorted(self.known), "int[]")
        return f"({told} OR ({self.version} = ANY({known})) IS NOT TRUE)"


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
    return Rowset(
        f"({written})",
        version,
        VERSION_JOINS if joined else "",
        where,
        bound,
        known=frozenset(baselines),
        otherwise=piece.version,
    )


#: Groups a piece of the window. What is no text is one number: each column to group by costs as
#: much as several criteria. A difference of times that are NULL, as most are, costs nothing; adding
#: days to each time does. Audited cutoffs, and near misses that the candidate alone may have
#: ended, are packed one by one.
_SCAN: Final = """
SELECT {flags} + CASE WHEN cutoff.in_audit THEN {audited} ELSE 0 END
               + coalesce(cutoff.first_review, 0) * {reviewed}
               + CASE WHEN cutoff.surprised_at IS NULL AND cutoff.unsurprised_at IS NULL THEN 0
                      WHEN cutoff.surprised_at - cutoff.at <= interval '{days} days'
                      THEN {surprised}
                      WHEN cutoff.unsurprised_at - cutoff.at <= interval '{days} days'
                      THEN {unsurprised} ELSE 0 END,
       cutoff.initiator, cutoff.model, cutoff.prompt_version, {version}, {advisory}, {step},
       count(*),
       string_agg(
           uuid_send(cutoff.conversation_id) || uuid_send(cutoff.id)
               || float8send(cutoff.audit_probability)
               || float8send(CASE WHEN cutoff.initiator = '' THEN
                      coalesce(cutoff.sampling_probability, 'NaN') ELSE 1 END),
           ''::bytea)
           FILTER (WHERE cutoff.in_audit AND cutoff.initiator = 'model'
                   OR cutoff.initiator = '' AND ({flags} & {pair}) IN ({may_end}))
FROM conversations_cutoff cutoff
{joins}
WHERE {where}
GROUP BY 1, 2, 3, 4, 5{more}
"""


def _scan_of(rowset: Rowset, advisory: frozenset[int] | bool) -> str:
    """The statement. *advisory* are the sources that are, or whether all are."""
    one_mode = isinstance(advisory, bool)
    mode = (
        str(advisory).lower()
        if isinstance(advisory, bool)
        else f"cutoff.source_id IN ({', '.join(map(str, sorted(advisory)))})"
    )
    return _SCAN.format(
        flags=rowset.flags,
        audited=1 << AUDITED_BIT,
        days=ANSWER_WINDOW.days,
        reviewed=1 << _REVIEW_FROM,
        surprised=_SURPRISED,
        unsurprised=_UNSURPRISED,
        pair=(1 << MASK_FROM) - 1,
        may_end=_MAY_END,
        version=rowset.version,
        advisory=mode,
        step=rowset.step or "NULL",
        # What is the same for all is no column to group by.
        more=("" if one_mode else ", 6") + (", 7" if rowset.step else ""),
        joins=rowset.joins,
        where=rowset.where,
    )


def run(
    statement: str,
    bound: Parameters,
    *,
    sort: bool = False,
    by_page: bool = False,
    part: bool = False,
) -> list[tuple[Any, ...]]:
    """The rows of a statement that groups, or with *sort* of one that orders.

    *by_page*: read the pages of a window one after the other. Going from key to key costs half
    as much again, and the planner, told that pages are cheap to reach, would. Of a *part* of
    the table only its own pages: the planner does not see that they lie side by side.
    """
    # Groups are few, whatever the planner thinks of products of columns.
    settings = {} if sort else {"enable_sort": "off"}
    if by_page:
        settings["enable_indexscan"] = "off"
    if by_page and part:
        settings["enable_seqscan"] = "off"
    with transaction.atomic(), connection.cursor() as cursor:
        if settings:
            called = ", ".join("set_config(%s, %s, true)" for _ in settings)
            cursor.execute(f"SELECT {called}", [part for one in settings.items() for part in one])
        cursor.execute(statement, bound.values)
        return list(cursor.fetchall())


_ANSWERS: Final = {_SURPRISED: Answer.SURPRISED, _UNSURPRISED: Answer.UNSURPRISED}


def _group(row: tuple[Any, ...], piece: Piece, versions: frozenset[int]) -> tuple[Group, bytes]:
    marks, initiator, model, prompt, version, advisory, step, count, packed = row
    candidate, baseline = answers(marks)
    if piece.version is not None and version not in versions:
        version = piece.version
    said = _ANSWERS.get(marks & (_SURPRISED | _UNSURPRISED), Answer.SILENT)
    group = Group(
        initiator=initiator,
        candidate=candidate,
        baseline=baseline,
        flipped=flipped(marks),
        review=marks >> _REVIEW_FROM & _REVIEW or None,
        answer=Answer.OPEN if piece.open else said,
        audited=bool(marks >> AUDITED_BIT & 1),
        model=model,
        prompt_version=prompt,
        version=version,
        advisory=advisory,
        count=count,
        step=step,
    )
    return group, packed or b""


def _with_threads(
    found: list[tuple[Group, bytes]], look_up: Callable[[_Packed], _Packed]
) -> list[Group]:
    """The groups with their rows, once the conversations of these were looked up, all at once."""
    packed = np.frombuffer(b"".join(rows for _, rows in found), _PACKED)
    threads = look_up(packed["conversation"])
    # The first 48 bits of a key are milliseconds.
    moments = (packed["time"] >> np.uint64(16)) / 1000
    all_rows = Rows(
        subject=codes(threads["subject"]),
        stratum=codes(packed["audit"]),
        review=packed["audit"].astype(np.float64),
        sending=packed["sending"].astype(np.float64),
        later=threads["ended"] > moments,
    )
    edges = np.cumsum([0, *(len(rows) // _PACKED.itemsize for _, rows in found)])
    return [
        msgspec.structs.replace(group, rows=all_rows.part(int(start), int(stop)))
        if stop > start
        else group
        for (group, _), start, stop in zip(found, edges[:-1], edges[1:], strict=True)
    ]


#: Somebody without a pseudonym counts as a subject of each conversation. The places come along:
#: sorting by them here costs less than there.
_LOOK_UP: Final = """
SELECT string_agg(
    int8send(asked.place)
        || int8send(hashtextextended(coalesce(nullif(thread.subject, ''), asked.id::text), 0))
        || float8send(coalesce(date_part('epoch', thread.ended_at), '-Infinity')),
    ''::bytea)
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS asked (id, place)
LEFT JOIN conversations_conversation thread ON thread.id = asked.id
"""


def look_up_threads(ids: _Packed) -> _Packed:
    """Whose each conversation is, and when it was last ended (epoch seconds)."""
    # In the order of the keys, neighbours lie on the same pages.
    order = np.argsort(ids, kind="stable")
    found = np.empty(len(ids), _THREADS)
    for start in range(0, len(ids), LOOKED_UP):
        part = order[start : start + LOOKED_UP]
        threads = np.frombuffer(_looked_up(ids[part].tobytes()), _THREADS)
        found[part[threads["place"] - 1]] = threads
    return found


def _looked_up(ids: bytes) -> bytes:
    # As an array in words: PostgreSQL reads UUIDs without hyphens.
    words = f"{{{ids.hex(',', 16)}}}"
    # psycopg's own cursor binds them apart; Django's would write them into the statement.
    with transaction.atomic(), psycopg.Cursor(_own_connection()) as cursor:
        # By key: the planner would rather read all conversations that there ever were.
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute("SET LOCAL enable_mergejoin = off")
        cursor.execute("SET LOCAL enable_memoize = off")
        cursor.execute(_LOOK_UP, {"ids": words}, binary=True)
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def _own_connection() -> Any:
    connection.ensure_connection()
    return connection.connection
