"""Finding transcripts by their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg, BoolOr
from django.contrib.postgres.search import SearchQueryField
from django.db import connection, transaction
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast

from conversations import words
from conversations.models import Enrichment, Transcript, TranscriptSearch
from conversations.services.evidence import read_messages, transcripts_of

_INSERT = """
INSERT INTO conversations_transcriptsearch (cutoff_id, chunk, words)
SELECT cutoff_id, chunk, array_to_tsvector(string_to_array(words, ' '))
FROM unnest(%s::uuid[], %s::smallint[], %s::text[]) AS row (cutoff_id, chunk, words)
"""


def index(cutoff_ids: Iterable[UUID]) -> None:
    """Make the transcripts of *cutoff_ids* findable by their words, and by no earlier ones.

    One without words, or whose words are no longer kept, has no row. In the caller's transaction.
    """
    ids = sorted(cutoff_ids)
    rows = [
        (transcript.cutoff_id, chunk, " ".join(row))
        for transcript in sorted(transcripts_of(ids), key=lambda one: one.cutoff_id)
        for chunk, row in enumerate(words.rows(words.index_words(_texts(transcript))))
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM conversations_transcriptsearch WHERE cutoff_id = ANY(%s)", [ids]
        )
        if rows:
            cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])


#: How many transcripts one transaction looks at for missing words.
PAGE: Final = 500


class Page(NamedTuple):
    """How many transcripts were *indexed*; *last* is the key to go on after, None at the end."""

    indexed: int
    last: UUID | None


@transaction.atomic
def index_missing(*, after: UUID | None) -> Page:
    """Index the next transcripts that have no row, by key, and are not about to be enriched.

    One without words is read again each time: it costs little, and a mark would have to be kept
    true. Rows are locked, so that an erasure or a deletion at the same moment leaves no word
    behind.
    """
    ahead = Transcript.objects.filter(pk__gt=after) if after else Transcript.objects.all()
    page = list(ahead.order_by("pk").values_list("pk", flat=True)[:PAGE])
    found = TranscriptSearch.objects.filter(cutoff_id__in=page).values("cutoff_id")
    missing = (
        Transcript.objects.filter(pk__in=page, erased_at=None)
        .exclude(messages="[]")
        .exclude(pk__in=found)
        .exclude(pk__in=Enrichment.objects.filter(pk__in=page).values("pk"))
        .select_for_update(skip_locked=True)
        .order_by("pk")
    )
    keys = list(missing.values_list("pk", flat=True))
    if keys:
        index(keys)
    return Page(len(keys), page[-1] if len(page) == PAGE else None)


def _texts(transcript: Transcript) -> list[str]:
    """What is written in it, by whomever: spoken, thought, said by a tool; and what the model and
    its service said of the end.
    """
    spoken = [part.text for message in read_messages(transcript) for part in message.parts]
    return [*spoken, transcript.explanation, transcript.rationale]


#: Of more transcripts than so many no list is made: they are asked one by one instead. Making it
#: takes a fifteenth of what asking as many takes.
MOST_LISTED: Final = 20_000


def listed(terms: Sequence[str]) -> str | None:
    """The cutoffs whose transcripts have all *terms* (``words.query_terms``), as :func:`keys`.

    None where they are more than :data:`MOST_LISTED`.
    """
    found = keys(TranscriptSearch.objects.filter(holds("words", " & ".join(terms))), "cutoff_id")
    if found is None or len(terms) == 1:
        return found
    return ",".join(filter(None, [found, *map(str, _spread(terms))]))


def keys(rows: QuerySet[Any], field: str) -> str | None:
    """The values of *field*, a UUID, parted by commas; None for more than :data:`MOST_LISTED`.

    As text: thousands of them on their way from one query into the next take ten times as long
    when each becomes an object of Python.
    """
    found = rows.order_by()[: MOST_LISTED + 1].aggregate(
        count=Count(field), keys=Cast(ArrayAgg(field), TextField())
    )
    return None if found["count"] > MOST_LISTED else (found["keys"] or "{}")[1:-1]


def _spread(terms: Sequence[str]) -> list[UUID]:
    """Those whose words stand in several rows, of which no single one need have all."""
    long = TranscriptSearch.objects.filter(chunk=1)
    for term in terms:
        rows = TranscriptSearch.objects.filter(cutoff_id=OuterRef("cutoff_id"))
        long = long.filter(Exists(rows.filter(holds("words", term))))
    return list(long.values_list("cutoff_id", flat=True))


def has_all(terms: Sequence[str]) -> Q:
    """Whether the transcript of the row at hand, by its key, has all *terms*.

    One look into an index for each row that is asked, and never a list of all that have them:
    PostgreSQL makes none of a scalar subquery.
    """
    rows = TranscriptSearch.objects.filter(cutoff_id=OuterRef("pk")).values("cutoff_id")
    found = Q()
    for term in terms:
        of_any_row = rows.annotate(found=BoolOr(holds("words", term))).values("found")
        found &= Q(Subquery(of_any_row, output_field=BooleanField()))
    return found


def holds(field: str, query: str) -> Func:
    """Whether the ``tsvector`` of that name matches *query*, the text of a ``tsquery``."""
    return Func(
        F(field),
        Cast(Value(query), SearchQueryField()),
        template="(%(expressions)s)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )
