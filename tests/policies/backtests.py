"""Recorded cutoffs for backtests, each with the signals and the verdict that a test wants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from conversations.models import Conversation, Cutoff, Source
from conversations.vocabulary import FirstReview
from policies.backtest import Filters, Question
from policies.thresholds import Thresholds, parse
from tests.factories import NOW, make_source, near_miss_event, record
from tests.factories import make_cutoff as stored

#: Before the seven days of NOW in which users may still answer.
AT = NOW - timedelta(days=20)

#: Asks for severity alone, so that one signal decides.
LAX = parse(
    {
        "default": {
            "severity": 0.5,
            "refusals": 0,
            "redirects": 0,
            "turns_after_warning": 0,
            "warnings": 1,
        }
    }
)


def asking(severity: float) -> Thresholds:
    """The same, with another severity."""
    return parse(
        {
            "default": {
                "severity": severity,
                "refusals": 0,
                "redirects": 0,
                "turns_after_warning": 0,
                "warnings": 1,
            }
        }
    )


def question(candidate: Thresholds, baseline: Thresholds | None = LAX, **changes: Any) -> Question:
    """A question about the month before NOW."""
    given: dict[str, Any] = {
        "since": NOW - timedelta(days=30),
        "until": NOW + timedelta(hours=1),
        "now": NOW,
        "filters": Filters(),
    }
    return Question(candidate=candidate, baseline=baseline, **given | changes)


def make_cutoff(
    severity: float | None,
    *,
    source: Source | None = None,
    review: FirstReview | None = None,
    audited: bool = True,
    at: datetime = AT,
    initiator: str = "model",
    policy_version: int | None = None,
    **conversation: Any,
) -> Cutoff:
    """A stored cutoff; drawn for the audit, or not, by hand."""
    cutoff = stored(
        source,
        time=at.isoformat(),
        conversation=conversation,
        cutoff={
            "initiator": initiator,
            "category": "hate",
            "policy_version": policy_version,
            "user_confirmed": True if initiator == "user" else None,
        },
        signals={"severity": severity},
    )
    Cutoff.objects.filter(pk=cutoff.pk).update(
        in_audit=audited, audit_probability=0.5, first_review=review
    )
    cutoff.refresh_from_db()
    return cutoff


def make_near_miss(
    severity: float | None,
    *,
    probability: float | None = 0.5,
    ended_later: bool = False,
    at: datetime = AT,
) -> Cutoff:
    """A stored near miss; where *ended_later*, its conversation was ended an hour after."""
    event = near_miss_event(time=at.isoformat(), signals={"severity": severity})
    event["data"]["near_miss"]["sampling_probability"] = probability
    (result,) = record(make_source(), event)
    assert result.cutoff_id is not None
    near_miss = Cutoff.objects.get(pk=result.cutoff_id)
    if ended_later:
        Conversation.objects.filter(pk=near_miss.conversation_id).update(
            state="ended", latest_cutoff=near_miss.pk, ended_at=at + timedelta(hours=1)
        )
    return near_miss
