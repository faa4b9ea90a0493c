"""Months of cutoffs as a backtest finds them: varied signals, verdicts, feedback.

Filled by SQL, without events or transcripts: a backtest reads neither. Every draw comes from one
seed, so that two runs measure the same history. One in twenty is audited, and of these almost all
are decided: more than a team reads in a quarter.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from bench import harness

#: The end of what is filled in, for pages that look back from now.
LAST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
PIECE = 100_000

# A UUIDv7 of a moment (RFC 9562, section 5.7), with random bits of its own.
_KEY = (
    "(lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0') || '7'"
    " || substr(md5({seed}), 1, 3) || '8' || substr(md5({seed}), 4, 15))::uuid"
)

_CONVERSATIONS = f"""
INSERT INTO conversations_conversation (
    id, source_id, external_id, subject, parent_external_id, branched_from_message_id,
    started_at, state, latest_cutoff_id, ended_at
)
SELECT {_KEY.format(at="at", seed="'conversation' || number")}, %(source)s, 'conv-' || number,
       md5('subject' || (number / 3)), '', '', at, 'open', NULL, NULL
FROM (
    SELECT number, %(first)s::timestamptz
           + (number - %(begin)s) * 1.0 / %(count)s * %(span)s::interval AS at
    FROM generate_series(%(start)s::int, %(stop)s::int) AS number
) AS made
"""

_CUTOFFS = f"""
INSERT INTO conversations_cutoff (
    id, kind, source_id, conversation_id, at, received_at, initiator, category, model,
    prompt_version, surface, locale, country, age_band, message_id, policy_version,
    evaluation_id, user_confirmed, severity, distress, risk_self, risk_others, refusals,
    redirects, warnings, turns_after_warning, capture_rule, attempted, sampling_probability,
    audit_settings_id, audit_probability, in_audit, double_probability, in_double,
    text_replaced, notice_token, standing, remedy, surprised_at, first_review, unsurprised_at
)
SELECT {_KEY.format(at="at", seed="'cutoff' || number")},
       CASE WHEN near THEN 'near_miss' ELSE 'cutoff' END, %(source)s,
       {_KEY.format(at="at", seed="'conversation' || number")}, at, at,
       CASE WHEN near THEN '' WHEN r1 < 0.93 THEN 'model' WHEN r1 < 0.99 THEN 'user'
            ELSE 'operator' END,
       (ARRAY['harassment_of_model', 'harassment_of_model', 'hate', 'violent_crimes',
              'sexual_content', 'nonviolent_crimes', 'specialized_advice', 'other'])
           [1 + floor(r2 * 8)::int],
       'model-' || 1 + floor(r3 * 3)::int, 'p' || 1 + (number - %(begin)s) * 4 / %(count)s,
       (ARRAY['web', 'app', 'api'])[1 + floor(r4 * 3)::int],
       (ARRAY['en-US', 'en-GB', 'de-DE', 'fr-FR', 'ja-JP'])[1 + floor(r5 * 5)::int],
       'US', 'adult', 'm12', CASE WHEN r6 < 0.95 THEN 1 END, 'ev-' || number, r7 < 0.9,
       CASE WHEN random() < 0.98 THEN round((0.4 + 0.6 * sqrt(random()))::numeric, 3) END,
       round(random()::numeric, 3),
       CASE WHEN random() < 0.98 THEN round((random() ^ 6)::numeric, 3) END,
       CASE WHEN random() < 0.98 THEN round((random() ^ 8)::numeric, 3) END,
       1 + floor(random() * 5), 1 + floor(random() * 4), floor(0.9 + random() * 2),
       CASE WHEN random() < 0.97 THEN floor(0.8 + random() * 4) END,
       CASE WHEN near THEN 'one short' ELSE '' END, CASE WHEN near THEN r1 < 0.5 END,
       CASE WHEN near AND r7 < 0.9 THEN 0.1 END, %(settings)s,
       0.05, audited, 0.1, r7 < 0.1, false,
       CASE WHEN NOT near THEN 'token-' || number END, '', '',
       CASE WHEN NOT near AND r9 < 0.03 THEN at + interval '1 hour' END,
       CASE WHEN audited AND r7 < 0.98 OR r7 < 0.01 THEN
           CASE WHEN near THEN CASE WHEN r8 < 0.9 THEN 4 ELSE 5 END
                WHEN r8 < 0.93 THEN 1 WHEN r8 < 0.98 THEN 2 ELSE 3 END END,
       CASE WHEN NOT near AND r9 > 0.98 THEN at + interval '1 hour' END
FROM (
    SELECT number, %(first)s::timestamptz
           + (number - %(begin)s) * 1.0 / %(count)s * %(span)s::interval AS at,
           near, random() < 0.05 AS audited,
           random() AS r1, random() AS r2,
           random() AS r3, random() AS r4, random() AS r5, random() AS r6, random() AS r7,
           random() AS r8, random() AS r9
    FROM (SELECT number, random() < 0.1 AS near
          FROM generate_series(%(start)s::int, %(stop)s::int) AS number) AS drawn
) AS made
"""


def fill(
    *, source_id: int, settings_id: int, count: int, begin: int, since: datetime, span: timedelta
) -> None:
    """Store *count* cutoffs and near misses, numbered from *begin*, evenly over *span*."""
    harness.say(f"Storing {count:,} cutoffs by SQL …")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.4)")
        for start in range(begin, begin + count, PIECE):
            parameters: dict[str, Any] = {
                "source": source_id,
                "settings": settings_id,
                "first": since,
                "span": span,
                "count": count,
                "begin": begin,
                "start": start,
                "stop": min(start + PIECE, begin + count) - 1,
            }
            cursor.execute(_CONVERSATIONS, parameters)
            cursor.execute(_CUTOFFS, parameters)
        # What autovacuum and the checkpointer would else do in the middle of what is measured.
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
