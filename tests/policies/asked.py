"""What chat services asked, for tests; and what each constraint of it forbids."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from conversations import keys
from conversations.models import Source
from policies.models import AskedEvaluation
from tests.factories import NOW, make_source


def evaluation(source: Source | None = None, **changes: Any) -> AskedEvaluation:
    """What a source asked about the conversation c1; it was allowed to end it."""
    at = changes.pop("at", NOW)
    said: dict[str, Any] = {
        "source": source or make_source(),
        "conversation_external_id": "c1",
        "version_id": 1,
        "scope": "default",
        "decision": "end",
        "initiator": "model",
        "category": "harassment_of_model",
        "crisis_cue": False,
        "paused": False,
        "risk_self": 0.0,
        "risk_others": 0.0,
        "warnings": 1,
    }
    return AskedEvaluation.objects.create(id=keys.mint(at), at=at, **said | changes)


VIOLATIONS: dict[str, Callable[[], object]] = {
    "evaluation_signals_in_range": partial(evaluation, severity=1.1),
    "evaluation_never_ends_against_a_rule": partial(evaluation, paused=True),
    "evaluation_for_abuse_ends_after_a_warning": partial(evaluation, warnings=0),
}
