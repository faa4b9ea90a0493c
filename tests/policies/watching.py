"""What tests of the guard are made of: a rollout, and the audits of both of its sides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from conversations.models import Cutoff, Source
from conversations.vocabulary import FirstReview
from policies.models import Activation, PolicyVersion
from policies.scopes import in_share
from policies.services.activations import Guard
from policies.thresholds import BUILT_IN
from tests.factories import NOW, ended_event, make_source, record
from tests.policies.lifecycle import approved, put

START = NOW - timedelta(days=20)
HOUR = timedelta(hours=1)


def built_in(**default: Any) -> dict[str, Any]:
    """The built-in policy, which is what a rollback goes back to, with another default."""
    content: dict[str, Any] = msgspec.to_builtins(BUILT_IN)
    return content | {"default": content["default"] | default}


#: Laxer than the built-in policy.
LAXER = built_in(severity=0.1)
ASKS_BACK = Guard(rolls_back=True)

_numbers = count(1)


def rollout(percent: int = 50, *, content: Any = None, **more: Any) -> Activation:
    """A version that is rolled out to *percent* since START, and may be taken back."""
    version = approved(LAXER if content is None else content)
    terms: dict[str, Any] = {"percent": percent, "now": START, "guard": ASKS_BACK}
    return put(version, **terms | more)


def conversation_of(version: PolicyVersion, percent: int, *, candidate: bool) -> str:
    """The id of a conversation on one side of a rollout."""
    ids: Iterator[str] = (f"thread-{next(_numbers)}" for _ in count())
    return next(one for one in ids if in_share(version.pk, one, percent) == candidate)


def audited(
    sides: list[tuple[bool, bool]],
    activation: Activation,
    *,
    since: datetime = START,
    source: Source | None = None,
    decided: bool = True,
    surprised: bool = False,
    now: datetime = NOW,
) -> list[Cutoff]:
    """An audited cutoff an hour from *since* on: (of the new version, overturned).

    Each is received at once and decided two hours later. With *surprised*, who was overturned
    was surprised a day later, and nobody else was.
    """
    events = [
        ended_event(
            time=(since + place * HOUR).isoformat(),
            conversation={
                "id": conversation_of(activation.version, activation.percent, candidate=side)
            },
        )
        for place, (side, _overturned) in enumerate(sides, start=1)
    ]
    results = record(source or make_source(), *events, now=now)
    made = []
    for result, (_side, overturned) in zip(results, sides, strict=True):
        assert result.cutoff_id is not None
        one = Cutoff.objects.get(pk=result.cutoff_id)
        review = FirstReview.OVERTURNED if overturned else FirstReview.UPHELD
        Cutoff.objects.filter(pk=one.pk).update(
            in_audit=True,
            received_at=one.at,
            first_review=review if decided else None,
            first_reviewed_at=one.at + 2 * HOUR if decided else None,
            surprised_at=one.at + timedelta(days=1) if surprised and overturned else None,
        )
        made.append(one)
    return made


def pairs(number: int, *, worse: bool = True) -> list[tuple[bool, bool]]:
    """Both sides in turn; of the new one all are overturned, or none is."""
    return [(False, False), (True, worse)] * number
