"""Making the public report, at night, and finding the latest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from conversations.vocabulary import Kind, Standing
from reviews.models import TransparencyReport
from reviews.transparency import ALL, MONTHS, Counted, Counts, Report, report

_ENDED = f"""
WITH ended AS (
    SELECT to_char(cutoff.at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
           cutoff.category, opened.policy_version::text AS version, opened.selected,
           cutoff.settled_at IS NOT NULL AS reviewed,
           cutoff.standing = '{Standing.OVERTURNED.value}' AS overturned,
           appealed.case_id IS NOT NULL AS appealed,
           extract(epoch FROM coalesce(cutoff.settled_at, %(now)s) - opened.opened_at)::float8
               / 3600 AS hours
    FROM conversations_cutoff cutoff
    JOIN reviews_case opened ON opened.cutoff_id = cutoff.id
    LEFT JOIN (SELECT DISTINCT case_id FROM reviews_feedback WHERE appeal) appealed
           ON appealed.case_id = cutoff.id
    WHERE cutoff.kind = '{Kind.CUTOFF.value}' AND NOT cutoff.trial
      AND cutoff.at >= %(since)s AND cutoff.at < %(until)s
)
"""  # noqa: S608 - our own words

# Reads each cutoff of the year once; the sums over months and over values come with it.
_COUNT = f"""{_ENDED}
SELECT coalesce(month, '{ALL}'),
       CASE WHEN category IS NOT NULL THEN 'category'
            WHEN version IS NOT NULL THEN 'version' ELSE '{ALL}' END,
       coalesce(category, version, '{ALL}'),
       count(*), count(*) FILTER (WHERE reviewed), count(*) FILTER (WHERE overturned),
       count(*) FILTER (WHERE appealed)
FROM ended
GROUP BY GROUPING SETS ((month), (category), (version), ())
"""  # noqa: S608 - our own words

# Kaplan and Meier (docs/explanation/estimation.md, "Times to review"): of the cases that wait
# at each time, the share that is then decided takes as much from those undecided so far. Zero has
# no logarithm: where the last ones are decided, so is everything. The median is the first time at
# which no more than half are undecided; none where it has not come yet.
_HOURS = f"""{_ENDED}, told AS (
    SELECT line.*, greatest(hours, 0) AS hours, reviewed
    FROM ended CROSS JOIN LATERAL (VALUES
        (month, '{ALL}', '{ALL}'), ('{ALL}', 'category', category),
        ('{ALL}', 'version', version), ('{ALL}', '{ALL}', '{ALL}')
    ) line (month, kind, value)
    WHERE selected
), times AS (
    SELECT month, kind, value, hours, count(*) FILTER (WHERE reviewed)::float8 AS decided,
           sum(count(*)) OVER (PARTITION BY month, kind, value ORDER BY hours DESC)::float8
               AS waited
    FROM told GROUP BY month, kind, value, hours
), curve AS (
    SELECT month, kind, value, hours,
           exp(sum(CASE WHEN decided = waited THEN -700 ELSE ln(1 - decided / waited) END)
               OVER (PARTITION BY month, kind, value ORDER BY hours)) AS undecided
    FROM times
)
SELECT month, kind, value, min(hours) FROM curve
WHERE undecided < 0.5 + 1e-9 GROUP BY month, kind, value
"""  # noqa: S608 - our own words


def make(*, now: datetime) -> TransparencyReport:
    """Keep the report of the twelve whole months before *now*; made twice a day, it is one."""
    months = months_before(now)
    made = report(_count(months, now), months)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    kept, _ = TransparencyReport.objects.update_or_create(
        made_at=midnight, defaults={"content": msgspec.to_builtins(made)}
    )
    return kept


def months_before(now: datetime) -> list[str]:
    """The whole months before *now*, the earliest first, as ``2026-10``."""
    months: list[str] = []
    first = _first_of_month(now)
    while len(months) < MONTHS:
        first = _first_of_month(first - timedelta(days=1))
        months.append(f"{first:%Y-%m}")
    return months[::-1]


def _first_of_month(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _count(months: list[str], now: datetime) -> Counted:
    window: dict[str, Any] = {
        "since": datetime.strptime(months[0], "%Y-%m").replace(tzinfo=UTC),
        "until": _first_of_month(now),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, window)
        hours = {(month, kind, value): half for month, kind, value, half in cursor.fetchall()}
        cursor.execute(_COUNT, window)
        return {
            (month, kind, value): Counts(
                cutoffs, reviewed, overturned, appeals, hours.get((month, kind, value))
            )
            for month, kind, value, cutoffs, reviewed, overturned, appeals in cursor.fetchall()
        }


def latest() -> tuple[datetime, Report] | None:
    """The report that is published, and of when it is; None before the first night."""
    kept = TransparencyReport.objects.order_by("-made_at").first()
    return (kept.made_at, msgspec.convert(kept.content, Report)) if kept else None
