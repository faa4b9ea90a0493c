"""Finding transcripts by their words."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib.postgres.search import SearchQueryField
from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.functions import Cast

from conversations import words
from conversations.models import Transcript, TranscriptSearch
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


def _texts(transcript: Transcript) -> list[str]:
    """What is written in it, by whomever: spoken, thought, or said by a tool."""
    return [part.text for message in read_messages(transcript) for part in message.parts]


def with_all(query: str) -> list[QuerySet[TranscriptSearch, UUID]]:
    """For each word of *query*, the ids of the cutoffs whose transcripts have it.

    A transcript is found that is in all of them: its words may stand in several rows. Empty
    where *query* has no word.
    """
    return [
        TranscriptSearch.objects.filter(_holds(term)).values_list("cutoff_id", flat=True)
        for term in words.query_terms(query)
    ]


def _holds(term: str) -> Func:
    return Func(
        F("words"),
        Cast(Value(term), SearchQueryField()),
        template="(%(expressions)s)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )
