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

from django.db import connection

from conversations.vocabulary import Category, Kind
from policies import conformance
from policies.criteria_sql import NO_WARNING, RISK_ABOVE_CEILING, RISK_UNKNOWN, VERSION_JOINS
from policies.services.due_hours import due_hours
from reviews import hazards
from reviews.priorities import RISK_UNKNOWN_WEIGHT, SELECTED_WEIGHT, WEIGHTS, due_in
from reviews.services import danger
from reviews.services.routing import rule_join
from reviews.vocabulary import CaseState, Queue, Reason

#: As ``hazards.is_severe`` has it.
_SEVERE = ", ".join(f"'{category.value}'" for category in sorted(hazards.SEVERE_CATEGORIES))

_OPEN = f"""
WITH ruled AS (
    SELECT cutoff.*,
           held.number AS held_against,
           cutoff.kind = '{Kind.CUTOFF.value}' AS ended,
           {RISK_ABOVE_CEILING} AS above,
           {RISK_UNKNOWN} AS unknown,
           {NO_WARNING} AS unwarned
    FROM conversations_cutoff cutoff
    {VERSION_JOINS}
    WHERE cutoff.id = ANY(%(ids)s) AND (cutoff.kind = '{Kind.CUTOFF.value}' OR cutoff.in_audit)
), reported AS (
    SELECT ruled.*, ended AND (above OR unwarned) AS breach,
           CASE WHEN ended THEN array_remove(ARRAY[
               CASE WHEN above THEN '{conformance.RISK_ABOVE_CEILING}' END,
               CASE WHEN unknown THEN '{conformance.RISK_UNKNOWN}' END,
               CASE WHEN unwarned THEN '{conformance.NO_WARNING}' END
           ], NULL) ELSE '{{}}' END::varchar[] AS flags,
           CASE WHEN category = '{Category.CHILD_SEXUAL_EXPLOITATION.value}'
                    THEN '{Queue.CHILD_SAFETY.value}'
                WHEN above THEN '{Queue.CRISIS.value}' END AS restricted_to
    FROM ruled
)
INSERT INTO reviews_case (
    cutoff_id, source_id, kind, category, model, locale, at, policy_version,
    state, selected, queue, rule_id, priority, due_at, opened_at, trial, flags, breach, severe
)
SELECT reported.id, source_id, kind, category, model, locale, at, held_against,
       CASE WHEN breach OR in_audit THEN '{CaseState.OPEN.value}'
            ELSE '{CaseState.UNSELECTED.value}' END,
       breach OR in_audit,
       coalesce(restricted_to, routed.queue_id, '{Queue.GENERAL.value}'),
       CASE WHEN restricted_to IS NULL THEN routed.id END,
       CASE WHEN breach THEN {WEIGHTS[Reason.BREACH]} ELSE 0 END
           + CASE WHEN breach OR in_audit THEN {SELECTED_WEIGHT} ELSE 0 END
           + CASE WHEN ended AND unknown THEN {RISK_UNKNOWN_WEIGHT} ELSE 0 END,
       CASE WHEN breach THEN %(due_breach)s ELSE %(due)s END,
       %(now)s,
       trial,
       flags,
       breach,
       category IN ({_SEVERE}) OR coalesce(above, false)
           OR coalesce(severity >= {hazards.SEVERE_FROM}, false)
FROM reported
{rule_join("reported", language="''")}
ORDER BY reported.id
ON CONFLICT (cutoff_id) DO NOTHING
"""

_SELECT = f"""
WITH chosen AS (
INSERT INTO reviews_selection (case_id, reason, at)
SELECT opened.cutoff_id, why.reason, opened.opened_at
FROM reviews_case opened
JOIN conversations_cutoff cutoff ON cutoff.id = opened.cutoff_id
CROSS JOIN LATERAL (VALUES ('{Reason.BREACH.value}', opened.breach),
                           ('{Reason.AUDIT.value}', cutoff.in_audit)) AS why (reason, holds)
WHERE opened.cutoff_id = ANY(%(ids)s) AND why.holds
ORDER BY 1, 2
ON CONFLICT (case_id, reason) DO NOTHING
RETURNING case_id, reason
)
SELECT case_id FROM chosen WHERE reason = '{Reason.BREACH.value}'
"""


def open_cases(*, cutoff_ids: Sequence[UUID], now: datetime, **_kwargs: Any) -> None:
    """Open the cases of cutoffs that were just stored, and say of breaches at once.

    A case that is there is left alone.
    """
    hours = due_hours()
    parameters: dict[str, Any] = {
        "ids": sorted(cutoff_ids),
        "now": now,
        "due": now + due_in(None, hours),
        "due_breach": now + due_in(Reason.BREACH, hours),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, parameters)
        cursor.execute(_SELECT, parameters)
        breaches = [row[0] for row in cursor.fetchall()]
    if breaches:
        danger.breached(cutoff_ids=breaches, now=now)
