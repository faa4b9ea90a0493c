"""What sources are told: written in the transaction of what it tells of, sent by Celery later.

Ids and the result, never a word of anybody's. An outcome is written only where an endpoint of
the source subscribes to it. Of test events and of near misses nothing is told; the exercise that
somebody had on a gold case settles nothing, and so tells nothing either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from conversations import keys
from conversations.hurrying import hurry
from conversations.models import Conversation, Cutoff
from conversations.vocabulary import Kind
from policies.conformance import CRISIS_CUE, NO_WARNING, RISK_ABOVE_CEILING
from reviews.models import Case, Delivery, Endpoint, Feedback, Outcome
from reviews.outcome_vocabulary import OutcomeType

DELIVER_TASK: Final = "reviews.tasks.deliver"

#: What breaks a rule without a switch, of all that a case is flagged with.
_BREACHES: Final = frozenset({CRISIS_CUE, NO_WARNING, RISK_ABOVE_CEILING})

#: The lane of policies: they are told in order too.
POLICIES: Final = UUID(int=0)


@dataclass(frozen=True)
class News:
    """One thing to be told. Without a cutoff it is told in the lane of policies."""

    source_id: int
    type: OutcomeType
    data: dict[str, Any]
    cutoff: Cutoff | None = None


def breached(*, cutoff_ids: Sequence[UUID], now: datetime, reopened: Collection[UUID] = ()) -> None:
    """Tell of cutoffs whose case was opened as a breach, and by which rules.

    One query where nobody subscribes: intake waits for it.
    """
    endpoints = Endpoint.objects.present().filter(
        source=OuterRef("source"), types__contains=[OutcomeType.FLAGGED]
    )
    cases = Case.objects.filter(Exists(endpoints), pk__in=cutoff_ids).values_list("pk", "flags")
    found = {key: sorted(_BREACHES.intersection(flags)) for key, flags in cases}
    if found:
        flagged(found=found, now=now, reopened=reopened)


def flagged(
    *, found: Mapping[UUID, Sequence[str]], now: datetime, reopened: Collection[UUID] = ()
) -> None:
    """Tell at once of breaches and crisis cues: by cutoff, the rules that were broken.

    *reopened* are those whose conversation was reopened provisionally. A near miss ended nothing
    and is not told of.
    """
    cutoffs = _told_of(found)
    _tell(
        [
            News(
                cutoff.source_id,
                OutcomeType.FLAGGED,
                _about(cutoff)
                | {
                    "reasons": list(found[cutoff.pk]),
                    "provisionally_reopened": cutoff.pk in reopened,
                },
                cutoff,
            )
            for cutoff in cutoffs
        ],
        now=now,
    )


def settled(*, cutoff_id: UUID, now: datetime) -> None:
    """Tell what a cutoff was settled with; ``locked`` is where its thread stands now."""
    for cutoff in _told_of([cutoff_id], lock=True):
        data = {
            "standing": cutoff.standing,
            "remedy": cutoff.remedy,
            "locked": cutoff.conversation.locked,
        }
        _tell([News(cutoff.source_id, OutcomeType.SETTLED, _about(cutoff) | data, cutoff)], now=now)


def answered(*, feedback: Feedback, now: datetime) -> None:
    """Tell that a user's feedback was answered; the answer stands on their status page."""
    for cutoff in _told_of([feedback.case_id], lock=True):
        data = _about(cutoff) | {"feedback_id": str(feedback.pk), "appeal": feedback.appeal}
        _tell([News(cutoff.source_id, OutcomeType.ANSWERED, data, cutoff)], now=now)


def policy_activated(
    *,
    scope: str,
    version: int,
    percent: int,
    beside: int | None,
    now: datetime,
    **_kwargs: Any,
) -> None:
    """Tell every source that another version holds for a scope."""
    data = {"scope": scope, "version": version, "percent": percent, "beside": beside}
    _tell_everybody(OutcomeType.ACTIVATED, data, now)


def policy_paused(*, scope: str, now: datetime, **_kwargs: Any) -> None:
    """Tell every source that nothing of a scope may be ended."""
    _tell_everybody(OutcomeType.PAUSED, {"scope": scope}, now)


def policy_resumed(*, scope: str, now: datetime, **_kwargs: Any) -> None:
    """Tell every source that a pause has ended."""
    _tell_everybody(OutcomeType.RESUMED, {"scope": scope}, now)


def tested(*, endpoint: Endpoint, now: datetime) -> Delivery:
    """Send something to one endpoint that tells of nothing."""
    outcome = _outcome(News(endpoint.source_id, OutcomeType.TEST, {"endpoint": endpoint.pk}), now)
    outcome.save(force_insert=True)
    # In a lane of its own: nothing waits for it, and it waits for nothing.
    delivery = _delivery(outcome, endpoint, lane=outcome.pk)
    delivery.save(force_insert=True)
    transaction.on_commit(partial(hurry, DELIVER_TASK))
    return delivery


def _told_of(cutoff_ids: Iterable[UUID], *, lock: bool = False) -> list[Cutoff]:
    """The cutoffs that their sources are told of, with their conversations.

    With *lock* whoever tells of the same conversation waits: the keys of deliveries must grow in
    the order in which things happened. A flag waits for nobody.
    """
    cutoffs = Cutoff.objects.filter(
        pk__in=list(cutoff_ids), kind=Kind.CUTOFF, trial=False
    ).order_by("pk")
    if lock:
        threads = cutoffs.values("conversation_id")
        locked = Conversation.objects.filter(pk__in=threads).order_by("pk")
        list(locked.select_for_update(no_key=True).values_list("pk"))
    return list(cutoffs.select_related("conversation"))


def _about(cutoff: Cutoff) -> dict[str, Any]:
    """What names a cutoff: the source's own id of the thread, ours, and when it happened."""
    return {
        "conversation_id": cutoff.conversation.external_id,
        "cutoff_id": str(cutoff.pk),
        "ended_at": cutoff.at.isoformat(),
    }


def _tell_everybody(kind: OutcomeType, data: dict[str, Any], now: datetime) -> None:
    sources = Endpoint.objects.present().filter(types__contains=[kind]).values("source_id")
    news = [News(row["source_id"], kind, data) for row in sources.distinct().order_by("source_id")]
    _tell(news, now=now)


def _tell(news: Sequence[News], *, now: datetime) -> None:
    """Write outcomes and a delivery for each endpoint that subscribes, in three queries."""
    endpoints = _subscribed(news)
    outcomes, deliveries = [], []
    for one in news:
        wanted = [
            endpoint
            for endpoint in endpoints
            if endpoint.source_id == one.source_id and one.type in endpoint.types
        ]
        if wanted:
            outcome = _outcome(one, now)
            lane = one.cutoff.conversation_id if one.cutoff else POLICIES
            outcomes.append(outcome)
            deliveries += [_delivery(outcome, endpoint, lane=lane) for endpoint in wanted]
    if outcomes:
        Outcome.objects.bulk_create(outcomes)
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(partial(hurry, DELIVER_TASK))


def _subscribed(news: Sequence[News]) -> list[Endpoint]:
    if not news:
        return []
    return list(
        Endpoint.objects.present()
        .filter(
            source_id__in={one.source_id for one in news},
            types__overlap=sorted({one.type for one in news}),
        )
        .order_by("pk")
    )


def _outcome(news: News, now: datetime) -> Outcome:
    return Outcome(
        id=keys.mint(now),
        source_id=news.source_id,
        type=news.type,
        at=now,
        conversation_id=news.cutoff.conversation_id if news.cutoff else None,
        cutoff=news.cutoff,
        data=news.data,
    )


def _delivery(outcome: Outcome, endpoint: Endpoint, *, lane: UUID) -> Delivery:
    return Delivery(
        outcome=outcome,
        endpoint=endpoint,
        source_id=outcome.source_id,
        type=outcome.type,
        lane=lane,
        flag=outcome.type == OutcomeType.FLAGGED,
        created_at=outcome.at,
        due_at=outcome.at,
    )
