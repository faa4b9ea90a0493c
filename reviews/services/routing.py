"""Which queue a case goes to: at intake, after enrichment, and tried on the past.

``reviews/routes.py`` says the same in Python; a property test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.vocabulary import Category
from policies.conformance import CRISIS_CUE, NO_WARNING, RISK_ABOVE_CEILING, RISK_UNKNOWN
from reviews.models import Case, RoutingRule
from reviews.routes import RESTRICTED, Rule
from reviews.vocabulary import CaseState, Queue

#: How much of the past a rule is tried on.
TRIED_ON: Final = timedelta(days=30)
#: Nobody needs to know how many more than this; counting them would cost.
MOST_TRIED: Final = 100_000

#: What a rule can ask for, in words.
FLAGS: Final = {
    RISK_ABOVE_CEILING: gettext_lazy("risk above the ceiling"),
    RISK_UNKNOWN: gettext_lazy("risk unknown"),
    NO_WARNING: gettext_lazy("no warning"),
    CRISIS_CUE: gettext_lazy("crisis cue in the transcript"),
}


def _meets(row: str, language: str) -> str:
    """Whether a live ``rule`` is met: ``routes.Rule.meets``."""
    return f"""
        rule.retired_at IS NULL
        AND (rule.categories = '{{}}' OR {row}.category = ANY (rule.categories))
        AND (rule.flags = '{{}}' OR rule.flags && {row}.flags)
        AND (rule.languages = '{{}}' OR {language} = ANY (rule.languages))
        AND (rule.source_id IS NULL OR rule.source_id = {row}.source_id)
    """


def rule_join(row: str, *, language: str) -> str:
    """Joins ``routed``, the first live rule that a row of a case meets, if there is one.

    *row* is an alias with ``category``, ``flags`` and ``source_id``; *language* an expression.
    """
    return f"""
    LEFT JOIN LATERAL (
        SELECT rule.id, rule.queue_id
        FROM reviews_routingrule rule
        WHERE {_meets(row, language)}
        ORDER BY rule.position, rule.id
        LIMIT 1
    ) routed ON true
    """


_RESTRICTED: Final = ", ".join(f"'{queue.value}'" for queue in sorted(RESTRICTED))

#: Of a case ``old``: nobody has claimed or decided it, and no appeal or hand has placed it.
_MOVABLE: Final = f"""
    old.state IN ('{CaseState.UNSELECTED.value}', '{CaseState.OPEN.value}')
    AND old.round = 1
    AND (old.rule_id IS NOT NULL OR old.queue = '{Queue.GENERAL.value}')
    AND old.queue NOT IN ({_RESTRICTED})
    AND NOT EXISTS (
        SELECT FROM reviews_claim claim WHERE claim.case_id = old.cutoff_id AND (
            claim.ended_at IS NULL AND claim.expires_at > statement_timestamp()
        )
    )
    AND NOT EXISTS (SELECT FROM reviews_verdict given WHERE given.case_id = old.cutoff_id)
"""

#: One new version of each row, for the language and the queue together.
_LEARN_AND_ROUTE: Final = f"""
WITH learnt AS (
    SELECT one.*, coalesce(left(evidence.found ->> 'language', 3), one.language) AS spoken
    FROM reviews_case one
    LEFT JOIN conversations_transcriptevidence evidence ON evidence.cutoff_id = one.cutoff_id
    WHERE one.cutoff_id = ANY(%(ids)s)
), found AS (
    SELECT old.cutoff_id, old.spoken,
           CASE WHEN {_MOVABLE} THEN coalesce(routed.queue_id, '{Queue.GENERAL.value}')
                ELSE old.queue END AS queue,
           CASE WHEN {_MOVABLE} THEN routed.id ELSE old.rule_id END AS rule_id
    FROM learnt old
    {rule_join("old", language="old.spoken")}
)
UPDATE reviews_case moved
SET language = found.spoken, queue = found.queue, rule_id = found.rule_id
FROM found
WHERE moved.cutoff_id = found.cutoff_id
  AND (moved.language, moved.queue, moved.rule_id)
      IS DISTINCT FROM (found.spoken, found.queue, found.rule_id)
"""


def learn_language_and_route(*, cutoff_ids: Sequence[UUID]) -> None:
    """Note the languages that enrichment found, and ask the rules again.

    Only cases move that nobody has claimed, decided or placed by hand. The caller has locked
    the cases, in the order of their keys.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LEARN_AND_ROUTE, {"ids": list(cutoff_ids)})


@dataclass(frozen=True)
class Tried:
    """What a rule would have done with the cases of the last 30 days, were it in force.

    *met* are those that it would place, *moved* those of them that are in another queue now;
    *waiting* are those of the moved that nobody has decided or claimed. Each up to
    :data:`MOST_TRIED` cases looked at; *all_seen* says whether that was all.
    """

    met: int
    moved: int
    waiting: int
    all_seen: bool


_TRY: Final = f"""
WITH seen AS (
    SELECT * FROM reviews_case WHERE at >= %(since)s ORDER BY at DESC LIMIT %(most)s
), met AS (
    SELECT old.cutoff_id, old.queue <> %(queue)s AS moves, {_MOVABLE} AS movable
    FROM seen old
    WHERE old.queue NOT IN ({_RESTRICTED})
      AND (cardinality(%(categories)s::text[]) = 0 OR old.category = ANY (%(categories)s))
      AND (cardinality(%(flags)s::text[]) = 0 OR old.flags::text[] && %(flags)s)
      AND (cardinality(%(languages)s::text[]) = 0 OR old.language = ANY (%(languages)s))
      AND (%(source)s::bigint IS NULL OR old.source_id = %(source)s)
      AND NOT EXISTS (
        SELECT FROM reviews_routingrule rule
        WHERE {_meets("old", "old.language")}
          AND rule.id <> %(instead_of)s AND rule.position < %(position)s
      )
)
SELECT count(*), count(*) FILTER (WHERE moves), count(*) FILTER (WHERE moves AND movable),
       (SELECT count(*) FROM seen) < %(most)s
FROM met
"""


def try_rule(*, rule: Rule, position: int, instead_of: int | None = None, now: datetime) -> Tried:
    """Try a rule at that place in the order on the cases of the last 30 days; nothing is changed.

    *instead_of* is the rule that it is to replace.
    """
    parameters: dict[str, Any] = {
        "since": now - TRIED_ON,
        "most": MOST_TRIED,
        "queue": rule.queue,
        "categories": sorted(rule.categories),
        "flags": sorted(rule.flags),
        "languages": sorted(rule.languages),
        "source": rule.source_id,
        "position": position,
        "instead_of": instead_of or 0,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TRY, parameters)
        met, moved, waiting, all_seen = cursor.fetchone()
    return Tried(met=met, moved=moved, waiting=waiting, all_seen=all_seen)


@dataclass(frozen=True)
class Placed:
    """Why a case is in its queue, in words; ``rule`` is empty where no rule placed it."""

    rule: str
    why: str


def why_there(case: Case) -> Placed:
    """Which rule put *case* where it is."""
    # A case that was moved on keeps no rule's word, even where its row still names one.
    if case.rule is not None and case.rule.queue_id == case.queue:
        return Placed(case.rule.name, asked_for(case.rule))
    if case.queue == Queue.CHILD_SAFETY:
        label = Category.CHILD_SEXUAL_EXPLOITATION.label
        return Placed("", _("its category is %(category)s") % {"category": label})
    if case.queue == Queue.CRISIS:
        flags = [
            str(FLAGS[code]) for code in (RISK_ABOVE_CEILING, CRISIS_CUE) if code in case.flags
        ]
        return Placed("", " · ".join(flags) or _("somebody moved it there"))
    if case.queue == Queue.APPEALS:
        return Placed("", _("the user asked for another look"))
    if case.queue == Queue.GENERAL:
        return Placed("", _("no rule sends it elsewhere"))
    return Placed("", _("somebody moved it there"))


def asked_for(rule: RoutingRule) -> str:
    """What *rule* asks for, in words: ``category Hate or Privacy · language es``."""
    return " · ".join(
        f"{label} {', '.join(values)}"
        for label, values in (
            (_("category"), [str(Category(value).label) for value in rule.categories]),
            (_("flag"), [str(FLAGS.get(code, code)) for code in rule.flags]),
            (_("language"), rule.languages),
            (_("source"), [rule.source.name] if rule.source else []),
        )
        if values
    )


def rule_of(row: RoutingRule) -> Rule:
    """A stored rule as the pure module knows it."""
    return Rule(
        queue=row.queue_id,
        categories=frozenset(row.categories),
        flags=frozenset(row.flags),
        languages=frozenset(row.languages),
        source_id=row.source_id,
    )
