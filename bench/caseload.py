"""A queue of many cases with their words, filled by SQL: what reviewers find in a big installation.

Nine cases in ten wait; the near misses, one in ten, are settled. The cutoffs are those of
:mod:`bench.history`; each has a transcript of 12 messages from 2,000 drawn ones, in which now and
then stands a word that is searched for. The search index is dropped and built anew: row by row it
would take hours.
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

from django.db import connection

from bench import harness, history

SPAN = timedelta(days=90)
DRAWN = 2_000
MESSAGES = 12
WORDS = 14
_LETTERS = ("bcdfghklmnprstvw", "aeiou")

#: Words that stand in one transcript of so many; no drawn word has four letters "z".
RARE, COMMON, ABSENT = "zzrarezz", "zzcommonzz", "zzabsentzz"
RARE_EACH, COMMON_EACH = 10_000, 100

_DRAWN = """
CREATE TABLE bench_drawn (place int PRIMARY KEY, messages text NOT NULL, words tsvector NOT NULL)
"""

_MARK = f"""
concat_ws(' ', 'zz' || mod(hashtext(made.id::text), 1000000),
    CASE WHEN made.number %% {COMMON_EACH} = 7 THEN '{COMMON}' END,
    CASE WHEN made.number %% {RARE_EACH} = 77 THEN '{RARE}' END)
"""

_MADE = """
CREATE TEMP TABLE made AS
SELECT row_number() OVER (ORDER BY id) AS number, cutoff.*
FROM conversations_cutoff cutoff
WHERE NOT EXISTS (SELECT FROM reviews_case WHERE cutoff_id = cutoff.id)
"""

_CASES = """
INSERT INTO reviews_case (
    cutoff_id, source_id, kind, category, model, locale, at, policy_version,
    state, selected, queue, priority, due_at, opened_at, flags, breach
)
SELECT id, source_id, kind, category, model, locale, at, 1,
       CASE WHEN kind = 'near_miss' THEN 'settled' ELSE 'open' END, true,
       CASE WHEN number % 50 = 1 THEN 'crisis' WHEN number % 20 = 2 THEN 'appeals'
            ELSE 'general' END,
       100 + CASE WHEN number % 100 = 5 THEN 1000 ELSE 0 END
           + CASE WHEN number % 20 = 6 THEN 200 ELSE 0 END
           + CASE WHEN number % 50 = 8 THEN 20 ELSE 0 END,
       at + interval '72 hours', at, '{}', number % 100 = 5
FROM made ORDER BY id
"""

_SELECTIONS = """
INSERT INTO reviews_selection (case_id, reason, at)
SELECT id, CASE WHEN number % 100 = 5 THEN 'breach' WHEN number % 20 = 6 THEN 'feedback'
                ELSE 'audit' END, at
FROM made ORDER BY id
"""

_TRANSCRIPTS = f"""
INSERT INTO conversations_transcript (cutoff_id, format, messages, explanation, rationale)
SELECT made.id, 'openai.chat', replace(drawn.messages, '@@@@', {_MARK}), '', ''
FROM made JOIN bench_drawn drawn ON drawn.place = mod(made.number, {DRAWN})
ORDER BY made.id
"""

_SEARCH = f"""
INSERT INTO conversations_transcriptsearch (cutoff_id, chunk, words)
SELECT made.id, 0, drawn.words || array_to_tsvector(string_to_array({_MARK}, ' '))
FROM made JOIN bench_drawn drawn ON drawn.place = mod(made.number, {DRAWN})
ORDER BY made.id
"""


def fill(*, source_id: int, settings_id: int, count: int, begin: int) -> None:
    """Store *count* cases, numbered from *begin*, within the ninety days before the last day."""
    harness.say(f"Storing {count:,} cases by SQL …")
    history.fill(
        source_id=source_id,
        settings_id=settings_id,
        count=count,
        begin=begin,
        since=history.LAST - SPAN,
        span=SPAN,
    )
    _make_partitions()
    with connection.cursor() as cursor:
        if not begin:
            _draw(cursor)
        cursor.execute("SET maintenance_work_mem = '1GB'")
        index = _drop_search_index(cursor)
        for statement in (_MADE, _CASES, _SELECTIONS, _TRANSCRIPTS, _SEARCH):
            cursor.execute(statement.replace("%%", "%"))
            harness.say(f"  {' '.join(statement.split()[:3]).lower()}")
        cursor.execute("DROP TABLE made")
        cursor.execute(index)
        harness.say("  search index")
        # What autovacuum and the checkpointer would else do in the middle of what is measured.
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
        cursor.execute("CHECKPOINT")


def _make_partitions() -> None:
    from conversations import partitions

    first = history.LAST - SPAN
    partitions.ensure(
        (first + timedelta(days=days)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for days in range(SPAN.days + 1)
    )


def _drop_search_index(cursor: Any) -> str:
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'search_words'")
    definition = str(cursor.fetchone()[0])
    cursor.execute("DROP INDEX search_words")
    return definition


def _draw(cursor: Any) -> None:
    """The drawn transcripts: frequent words and many rare ones, from one seed."""
    from conversations.words import index_words

    dice = random.Random(4)
    vocabulary = [
        "".join(dice.choice(letters) for _ in range(dice.randint(1, 4)) for letters in _LETTERS)
        for _ in range(20_000)
    ]
    cursor.execute(_DRAWN)
    for place in range(DRAWN):
        said = [_sentence(dice, vocabulary) for _ in range(MESSAGES)]
        cursor.execute(
            "INSERT INTO bench_drawn VALUES (%s, %s, array_to_tsvector(%s))",
            [place, _messages(said), sorted(index_words(said))],
        )


def _sentence(dice: random.Random, vocabulary: list[str]) -> str:
    places = (int(len(vocabulary) ** dice.random()) - 1 for _ in range(WORDS))
    return " ".join(vocabulary[place] for place in places) + "."


def _messages(said: list[str]) -> str:
    return json.dumps(
        [
            {
                "role": "assistant" if number % 2 else "user",
                "parts": [{"kind": "text", "text": f"{words} @@@@" if number == 4 else words}],
                "id": f"m{number}",
            }
            for number, words in enumerate(said)
        ]
    )
