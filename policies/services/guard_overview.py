"""What the pages say of the guard: what it watches, what it read last, and what it did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from policies.guard import audits_of_a_doubling, cutoffs_of_a_doubling
from policies.models import Activation, GuardReading
from policies.scopes import label_of
from policies.services.guarding import watched
from policies.watch_models import Evidence, GuardState

#: So many readings of an activation, and so many acts of the guard, are listed.
READINGS: Final = 24
ACTS: Final = 20


@dataclass(frozen=True)
class Guarded:
    """An activation that the guard watches, and its readings of audits, the latest first.

    ``takes`` is about how many audits a doubled rate takes to show, and ``rate`` and ``doubled``
    are that in percent; ``takes`` is None where twice the ceiling is no rate.
    """

    activation: Activation
    audits: Sequence[GuardReading]
    feedback: GuardReading | None
    takes: int | None
    rate: float
    doubled: float

    @property
    def label(self) -> str:
        """The scope in words."""
        return label_of(self.activation.scope)

    @property
    def others(self) -> int:
        """The percentage that the version beside it has."""
        return 100 - self.activation.percent

    @property
    def ceiling(self) -> float | None:
        """What it is held against, in percent; None where the other side is."""
        share = self.activation.guard_ceiling
        return None if self.activation.beside_id or share is None else round(100 * share, 2)

    @property
    def latest(self) -> GuardReading | None:
        """What was read last of the audits."""
        return self.audits[0] if self.audits else None


def guarded() -> list[Guarded]:
    """What the guard watches, in two queries."""
    live = list(watched())
    numbered = GuardReading.objects.filter(activation__in=live).annotate(
        place=Window(
            RowNumber(), partition_by=[F("activation"), F("kind")], order_by=F("hour").desc()
        )
    )
    by_kind: dict[tuple[int, str], list[GuardReading]] = defaultdict(list)
    for reading in numbered.filter(place__lte=READINGS).order_by("-hour"):
        by_kind[reading.activation_id, reading.kind].append(reading)
    return [
        _guarded(one, by_kind[one.pk, Evidence.AUDITS], by_kind[one.pk, Evidence.FEEDBACK])
        for one in live
    ]


def _guarded(
    live: Activation, audits: Sequence[GuardReading], feedback: Sequence[GuardReading]
) -> Guarded:
    ceiling = None if live.beside_id else live.guard_ceiling
    takes: float | None
    if ceiling is None:
        rate, takes = 5.0, audits_of_a_doubling(percent=live.percent)
    else:
        rate = 100 * ceiling
        takes = cutoffs_of_a_doubling(ceiling=ceiling) if ceiling < 1 / 2 else None
    return Guarded(
        activation=live,
        audits=audits,
        feedback=feedback[0] if feedback else None,
        takes=None if takes is None else _rounded(takes),
        rate=round(rate, 2),
        doubled=round(2 * rate, 2),
    )


def _rounded(number: float) -> int:
    """Two digits of *number*: it is an estimate."""
    return max(1, int(round(number, 1 - floor(log10(number)))))


def unwatched() -> list[Activation]:
    """What is in force for all of its scope without a ceiling: nothing is watched there."""
    live = Activation.objects.live().filter(beside=None, guard_ceiling=None)
    return list(live.order_by("scope"))


def acts() -> list[GuardReading]:
    """What the guard did, the latest first."""
    done = GuardReading.objects.exclude(act="").select_related("activation")
    return list(done.order_by("-at")[:ACTS])


def alerts() -> list[GuardReading]:
    """The latest readings of what is in force that somebody should look at, in one query."""
    latest = (
        GuardReading.objects.filter(activation__ended_at=None)
        .select_related("activation")
        .order_by("activation_id", "kind", "-hour")
        .distinct("activation_id", "kind")
    )
    return [reading for reading in latest if reading.state != GuardState.WATCHING]
