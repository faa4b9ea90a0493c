"""What the guard reads: the cutoffs of a rollout, on which side each was, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from conversations.keys import lowest
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview, Initiator
from policies.feedback_rates import ANSWER_WINDOW, Noticed, surprise_rate
from policies.guard import Watched
from policies.models import EVERYTHING, Activation, Pause, PolicyVersion
from policies.scopes import Scope, candidates, in_share
from policies.services.due_hours import due_hours_at

#: The first so many cutoffs of a rollout are read; what comes later does not count.
MOST: Final = 100_000
#: So long before an activation users are asked how often a cutoff surprises them.
BEFORE: Final = timedelta(days=28)

_OVERTURNED = (FirstReview.OVERTURNED, FirstReview.OVERTURNED_FOR_PROCEDURE)
_COLUMNS = (
    "id",
    "at",
    "received_at",
    "model",
    "surface",
    "locale",
    "policy_version",
    "first_review",
    "first_reviewed_at",
    "settled_at",
    "surprised_at",
    "conversation__id",
    "conversation__external_id",
    "conversation__subject",
    "audit_probability",
    "audit_settings__audit_share",
    "audit_settings__category_shares",
)


@dataclass(frozen=True)
class Rollout:
    """An activation that holds, and the stretches without a gap in which its version held before
    it in the same scope. The oldest comes first, the live one last.
    """

    stretches: tuple[Activation, ...]

    @property
    def live(self) -> Activation:
        """What holds now."""
        return self.stretches[-1]

    @property
    def compared(self) -> tuple[Activation, ...]:
        """The stretches that count: of a rollout all, of a version for all its own one."""
        return self.stretches if self.live.beside_id else (self.live,)


def rollout_of(live: Activation) -> Rollout:
    """The rollout that *live* is the latest stretch of."""
    found = [live]
    earlier = Activation.objects.filter(scope=live.scope, activated_at__lte=live.activated_at)
    for one in earlier.exclude(pk=live.pk).order_by("-activated_at", "-pk"):
        if one.version_id != live.version_id or one.ended_at != found[-1].activated_at:
            break
        found.append(one)
    return Rollout(tuple(reversed(found)))


def audits(rollout: Rollout, *, now: datetime) -> list[Watched]:
    """The audited cutoffs of *rollout* up to *now*, each with its first verdict.

    An audit is due when any other case is, by what was in force by default when the cutoff was
    received: that is what its case was told, unless some reason hurried it.
    """
    due_at = due_hours_at(since=rollout.compared[0].activated_at, until=now)
    return [
        Watched(
            key=str(row["id"]),
            subject=_subject(row),
            ended=row["at"],
            candidate=candidate,
            overturned=row["first_review"] in _OVERTURNED,
            decided=_decided(row),
            due=row["received_at"] + timedelta(hours=due_at(row["received_at"]).other),
            stretch=stretch,
            stake=_stake(row),
        )
        for row, stretch, candidate in _sides(rollout, now=now, audited=True)
    ]


def _stake(row: dict[str, Any]) -> float:
    shares = row["audit_settings__category_shares"].values()
    smallest = min([row["audit_settings__audit_share"], *shares])
    return float(smallest / row["audit_probability"])


def answers(rollout: Rollout, *, now: datetime) -> list[Watched]:
    """The cutoffs of *rollout* up to *now*, each with what its user said within seven days.

    ``overturned`` is that it surprised them; who said nothing was not surprised.
    """
    return [
        Watched(
            key=str(row["id"]),
            subject=_subject(row),
            ended=row["at"],
            candidate=candidate,
            overturned=_surprised(row),
            decided=row["at"] + ANSWER_WINDOW,
            due=row["at"] + ANSWER_WINDOW,
            stretch=stretch,
        )
        for row, stretch, candidate in _sides(rollout, now=now, audited=False)
    ]


def surprise_before(rollout: Rollout, *, now: datetime) -> float | None:
    """How often cutoffs surprised users in the four weeks before *rollout*, at most: the upper end
    of the 95 % interval. None without such cutoffs, or while their users may still answer.
    """
    until = rollout.stretches[0].activated_at
    if now - until < ANSWER_WINDOW:
        return None
    rows = _rows(rollout.live.scope, since=until - BEFORE, until=until, audited=False)
    noticed = [
        Noticed(
            subject=_subject(row),
            ended=row["at"],
            answered=row["surprised_at"],
            surprised=row["surprised_at"] is not None,
        )
        for row in rows
    ]
    rate = surprise_rate(noticed, now=now).rate
    return min(rate.high, 0.99) if rate.estimate is not None else None


def _rows(
    scope: str, *, since: datetime, until: datetime, audited: bool
) -> Iterator[dict[str, Any]]:
    """The cutoffs by the model in *scope*, the earliest first."""
    said = Scope.parse(scope)
    found: QuerySet[Cutoff] = Cutoff.objects.filter(
        pk__gte=lowest(since),
        pk__lt=lowest(until + timedelta(milliseconds=1)),
        at__gte=since,
        at__lt=until,
        initiator=Initiator.MODEL,
        trial=False,
    )
    if audited:
        found = found.filter(in_audit=True)
    for name in ("model", "surface"):
        if value := getattr(said, name):
            found = found.filter(**{name: value})
    for row in found.order_by("pk").values(*_COLUMNS)[:MOST].iterator():
        if scope in candidates(row["model"], row["surface"], row["locale"]):
            yield row


def _sides(
    rollout: Rollout, *, now: datetime, audited: bool
) -> Iterator[tuple[dict[str, Any], int, bool]]:
    """The cutoffs that were made under *rollout*: in which stretch, and whether under its version.

    A cutoff of a more specific override is not, nor one that was made while ending was paused. A
    version that the event reported stands; otherwise the side is the one that the conversation
    was drawn for (``policies/criteria_sql.py`` says the same).
    """
    since = rollout.compared[0].activated_at
    holding = _holding(since, now)
    paused = _paused(since, now)
    known = frozenset(PolicyVersion.objects.values_list("number", flat=True))
    places = {one.pk: place for place, one in enumerate(rollout.compared)}
    for row in _rows(rollout.live.scope, since=since, until=now, audited=audited):
        within = candidates(row["model"], row["surface"], row["locale"])
        one = holding(within, row["at"])
        if one is None or one.pk not in places or paused(within, row["at"]):
            continue
        version = _version(one, row, known)
        if version in (one.version_id, one.beside_id):
            yield row, places[one.pk], version == one.version_id


def _version(stretch: Activation, row: dict[str, Any], known: frozenset[int]) -> int:
    if row["policy_version"] in known:
        return int(row["policy_version"])
    if stretch.beside_id is None:
        return stretch.version_id
    drawn = in_share(stretch.version_id, row["conversation__external_id"], stretch.percent)
    return stretch.version_id if drawn else stretch.beside_id


def _holding(
    since: datetime, until: datetime
) -> Callable[[Iterable[str], datetime], Activation | None]:
    """What held for a conversation at a moment of the window, by its scopes."""
    by_scope: dict[str, list[Activation]] = {}
    for one in _overlapping(
        Activation.objects.order_by("-activated_at"), "activated", since, until
    ):
        by_scope.setdefault(one.scope, []).append(one)

    def holding(within: Iterable[str], at: datetime) -> Activation | None:
        for scope in within:
            for one in by_scope.get(scope, ()):
                if one.activated_at <= at and (one.ended_at is None or at < one.ended_at):
                    return one
        return None

    return holding


def _paused(since: datetime, until: datetime) -> Callable[[Iterable[str], datetime], bool]:
    pauses: Sequence[Pause] = list(_overlapping(Pause.objects.all(), "paused", since, until))

    def paused(within: Iterable[str], at: datetime) -> bool:
        return any(
            (one.scope == EVERYTHING or one.scope in within)
            and one.paused_at <= at
            and (one.ended_at is None or at < one.ended_at)
            for one in pauses
        )

    return paused


def _overlapping(found: QuerySet[Any], began: str, since: datetime, until: datetime) -> Any:
    ends = Q(ended_at=None) | Q(ended_at__gt=since)
    return found.filter(ends, **{f"{began}_at__lt": until})


def _subject(row: dict[str, Any]) -> str:
    """Somebody without a pseudonym counts as a subject of each conversation."""
    return row["conversation__subject"] or str(row["conversation__id"])


def _decided(row: dict[str, Any]) -> datetime | None:
    if row["first_review"] is None:
        return None
    # The earliest rows know only when they were settled.
    decided: datetime = row["first_reviewed_at"] or row["settled_at"] or row["received_at"]
    return decided


def _surprised(row: dict[str, Any]) -> bool:
    return row["surprised_at"] is not None and row["surprised_at"] - row["at"] <= ANSWER_WINDOW
