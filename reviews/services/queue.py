"""How much waits where, and what of it comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import connection

from accounts.models import User
from accounts.prepared import Prepared
from reviews.models import Case
from reviews.permissions import WAITS_FOR_ANOTHER
from reviews.priorities import WEIGHTS
from reviews.services.seen import waits_for_another
from reviews.sight import closed_areas, unknown_to, unlisted_for
from reviews.transitions import CLAIMABLE
from reviews.vocabulary import Reason

#: In a queue. Nobody needs to know how many more than this wait; counting them would cost.
MOST_COUNTED: Final = 1_000

#: Of what somebody worked on last, this much is asked whether it waits for another's verdict.
_LATELY: Final = 50

_COUNT = """
WITH own AS MATERIALIZED (
    SELECT waits.queue, count(*) AS cases, count(*) FILTER (WHERE waits.breach) AS breaches
    FROM (
        SELECT DISTINCT case_id FROM (
            SELECT case_id FROM reviews_claim WHERE reviewer_id = %(user)s
            ORDER BY claimed_at DESC LIMIT %(lately)s
        ) lately
    ) worked
    JOIN reviews_case waits ON waits.cutoff_id = worked.case_id
    WHERE waits.selected AND waits.state = ANY (%(another)s) AND NOT waits.trial
      AND EXISTS (
          SELECT FROM reviews_verdict given
          WHERE given.case_id = waits.cutoff_id AND given.reviewer_id = %(user)s
            AND NOT EXISTS (SELECT FROM reviews_withdrawal WHERE verdict_id = given.id)
      )
    GROUP BY waits.queue
)
SELECT queue.slug, queue.name, queue.area, count(head.breach), count(*) FILTER (WHERE head.breach),
       coalesce(own.cases, 0), coalesce(own.breaches, 0), may.work,
       EXISTS (SELECT FROM reviews_alarm WHERE acknowledged_at IS NULL)
FROM reviews_casequeue queue
CROSS JOIN LATERAL (
    SELECT queue.area = '' OR %(everything)s OR EXISTS (
        SELECT FROM reviews_qualification has
        WHERE has.user_id = %(user)s AND has.area = queue.area AND has.revoked_at IS NULL
    ) AS work
) may
LEFT JOIN LATERAL (
    SELECT breach FROM reviews_case waits
    WHERE waits.queue = queue.slug
      AND waits.selected AND waits.state = ANY (%(claimable)s) AND NOT waits.trial
    ORDER BY waits.priority DESC, waits.due_at, waits.cutoff_id
    LIMIT %(most)s
) head ON true
LEFT JOIN own ON own.queue = queue.slug
WHERE queue.slug <> ALL (%(hidden)s) AND (may.work OR queue.area <> ALL (%(closed)s))
GROUP BY queue.slug, may.work, own.cases, own.breaches
HAVING queue.closed_at IS NULL OR count(head.breach) > 0
ORDER BY queue.position, queue.slug
"""


@dataclass(frozen=True)
class Waiting:
    """What waits in one queue, or in all: ``number`` cases, ``breaches`` of them breaches.

    Of one queue at most :data:`MOST_COUNTED` are counted, the most urgent ones; ``more`` says
    whether there are more.
    """

    number: int
    breaches: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number - 1}+" if self.more else str(self.number)


@dataclass(frozen=True)
class InQueue:
    """One queue with what waits in it; ``works`` where one is dealt its cases.

    ``alarm``, the same of all, says whether an alarm waits to be acknowledged.
    """

    slug: str
    name: str
    area: str
    waiting: Waiting
    works: bool
    alarm: bool = False


def waiting_counts(*, user: User) -> list[InQueue]:
    """What waits in each queue that *user* may know of, in the order of the queues. One query.

    It reads no more than the head of each queue's stretch of one index, however much waits.
    """
    parameters: dict[str, Any] = {
        "everything": user.is_superuser,
        "user": user.pk,
        "claimable": [state.value for state in CLAIMABLE],
        "most": MOST_COUNTED,
        "lately": _LATELY,
        "another": [state.value for state in WAITS_FOR_ANOTHER],
        "hidden": list(unknown_to(user)),
        "closed": list(closed_areas(user)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, parameters)
        return [
            InQueue(slug, name, area, _waiting(number, breaches, *own), works, alarm)
            for slug, name, area, number, breaches, *own, works, alarm in cursor.fetchall()
        ]


def _waiting(number: int, breaches: int, own: int, own_breaches: int) -> Waiting:
    """What waits of *number*, less what waits for another's verdict after one's own of lately.

    Where there are more than are counted, nobody sees a difference.
    """
    if number >= MOST_COUNTED:
        return Waiting(number, breaches, more=True)
    return Waiting(number - own, breaches - own_breaches, more=False)


def altogether(counts: Iterable[InQueue]) -> Waiting:
    """What waits in all of these queues."""
    each = [one.waiting for one in counts]
    return Waiting(
        sum(one.number for one in each),
        sum(one.breaches for one in each),
        any(one.more for one in each),
    )


def first_breach(*, user: User) -> Case | None:
    """The breach that is to be looked at first, not by *user* before."""
    return _breaches(unlisted_for(user)).first(user=user.pk)


@lru_cache(maxsize=16)
def _breaches(unlisted: tuple[str, ...]) -> Prepared[Case]:
    # A breach has its weight: the index ends the search where priorities fall below it.
    heavy = Case.objects.waiting().filter(priority__gte=WEIGHTS[Reason.BREACH], breach=True)
    listed = heavy.without(unlisted).in_order_of_work()
    return Prepared(lambda user: listed.exclude(waits_for_another(user))[:1], user=int)
