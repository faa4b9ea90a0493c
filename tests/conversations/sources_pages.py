"""What the tests of the sources pages say and look up."""

from __future__ import annotations

from typing import Any

from accounts.models import LedgerEntry
from conversations.models import Source
from tests.factories import ended_event, record


def entries(action: str) -> list[LedgerEntry]:
    """The ledger's lines of *action*."""
    return list(LedgerEntry.objects.filter(action=action).select_related("actor"))


def said(**changes: Any) -> dict[str, Any]:
    """An ended conversation without a time: that of receipt counts, whatever the clock says."""
    event = ended_event(**changes)
    del event["time"]
    return event


def refuse(source: Source, event: dict[str, Any] | None = None) -> None:
    """Have one event refused, now."""
    record(source, event or said(transcript={"format": "telepathy"}))
