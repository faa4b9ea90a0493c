"""Cases like one at hand: of its category, broken the same way, or in nearly the same words.

Among these, those whose reported signals are near come first.

Only the latest cases of the category are compared, so that it costs the same among a million.
Near words are those that few of the compared cases have: each counts by its rarity among them
(inverse document frequency), read from the search index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from accounts.models import User
from reviews.models import Case, Verdict
from reviews.permissions import facts_of, facts_of_each, viewer_of
from reviews.services.reading import note
from reviews.services.seen import as_seen
from reviews.visibility import Text, visible

#: How many cases of the category are compared, the latest.
COMPARED: Final = 300
#: How many are shown.
MOST_SHOWN: Final = 5
#: What a flag in common weighs beside words in common, which weigh 0 to 1 together.
_FLAG_WEIGHT: Final = 0.5
#: What the nearness of the reported signals weighs, which is 0 to 1: less than a flag in common,
#: since most cutoffs of a category are much alike in it.
_SIGNALS_WEIGHT: Final = 0.3

#: The reported signals that are compared, each with the difference from which on two of them are
#: not alike at all. Counts differ by few: a third refusal says more than a ninth.
SIGNALS: Final = {"severity": 1.0, "distress": 1.0, "refusals": 5.0, "warnings": 3.0}

_NEARNESS = """
WITH words AS (
    SELECT cutoff_id, unnest(tsvector_to_array(words)) AS word
    FROM conversations_transcriptsearch
    WHERE cutoff_id = ANY(%(ids)s) AND chunk = 0
), own AS (
    SELECT word FROM words WHERE cutoff_id = %(own)s
), weighed AS (
    SELECT word, ln(1 + %(all)s::float / count(*)) AS weight
    FROM words JOIN own USING (word) GROUP BY word
)
SELECT cutoff_id, sum(weight) / (SELECT sum(weight) FROM weighed)
FROM words JOIN weighed USING (word)
WHERE cutoff_id <> %(own)s
GROUP BY cutoff_id
"""


@dataclass(frozen=True)
class SimilarCase:
    """A case like the one at hand. ``flags`` are in common; ``nearness`` is 0 to 1, of its words.

    ``verdict`` is the last that was given on it; None where there is none or it is not the
    viewer's to know.
    """

    case: Case
    flags: int
    nearness: float
    verdict: Verdict | None

    @property
    def percent(self) -> int:
        """How near its words are."""
        return round(100 * self.nearness)


def reveal_similar(*, case: Case, user: User) -> list[SimilarCase] | None:
    """Cases like *case*, the most similar first, and how they were decided; the ledger notes it.

    None where *user* may not see the transcript. Whoever may not know the verdict on this case
    is told no other either, as if there were none: that of a branch would give it away.
    """
    shows = visible(viewer_of(user), facts_of(case))
    if Text.TRANSCRIPT not in shows:
        return None
    note(case=case, user=user, action="similar.opened")
    ranked = _ranked(case, user)
    cases = as_seen((one for one, _ in ranked), user=user)
    verdicts = _verdicts(cases, user) if Text.VERDICTS in shows else {}
    return [
        SimilarCase(one, _common(one, case), nearness, verdicts.get(one.pk))
        for one, nearness in ranked
    ]


def _common(one: Case, other: Case) -> int:
    return len(set(one.flags) & set(other.flags))


def _ranked(case: Case, user: User) -> list[tuple[Case, float]]:
    compared = list(
        Case.objects.listed_for(user)
        .filter(category=case.category, kind=case.kind)
        .exclude(pk=case.pk)
        .select_related("cutoff")
        .order_by("-at", "cutoff")[:COMPARED]
    )
    near = _nearness(case.pk, [one.pk for one in compared])
    scored = [(one, near.get(one.pk, 0.0)) for one in compared]
    likely = [pair for pair in scored if pair[1] > 0 or _common(pair[0], case)]
    likely.sort(key=lambda pair: -_weight(case, *pair))
    return likely[:MOST_SHOWN]


def _weight(case: Case, one: Case, nearness: float) -> float:
    signals = signal_nearness(_signals(case), _signals(one))
    return nearness + _FLAG_WEIGHT * _common(one, case) + _SIGNALS_WEIGHT * signals


def _signals(case: Case) -> list[float | None]:
    return [getattr(case.cutoff, name) for name in SIGNALS]


def signal_nearness(ours: Sequence[float | None], theirs: Sequence[float | None]) -> float:
    """How near two cutoffs' reported signals are, in the order of :data:`SIGNALS`; 0 to 1.

    The mean over those that both know: what one of them does not know tells nothing. 0 where
    there is none.
    """
    known = [
        1 - min(1.0, abs(our - their) / span)
        for our, their, span in zip(ours, theirs, SIGNALS.values(), strict=True)
        if our is not None and their is not None
    ]
    return sum(known) / len(known) if known else 0.0


def _nearness(own: UUID, others: list[UUID]) -> dict[UUID, float]:
    if not others:
        return {}
    parameters: dict[str, Any] = {"own": own, "ids": [own, *others], "all": len(others)}
    with connection.cursor() as cursor:
        cursor.execute(_NEARNESS, parameters)
        return {key: float(nearness) for key, nearness in cursor.fetchall()}


def _verdicts(cases: Iterable[Case], user: User) -> dict[UUID, Verdict]:
    """The last verdict on each of *cases*, where *user* may see it."""
    viewer = viewer_of(user)
    told = [
        key
        for key, facts in facts_of_each(cases).items()
        if Text.VERDICTS in visible(viewer, facts)
    ]
    given = Verdict.objects.filter(case__in=told, withdrawal=None).order_by("at", "id")
    return {verdict.case_id: verdict for verdict in given}
