"""What the tests of the case page share."""

from __future__ import annotations

from typing import Any

from accounts.models import LedgerEntry
from conversations.models import Cutoff
from reviews.models import Case
from reviews.services.enrichment import enrich
from tests.factories import make_case


def case_of(
    messages: list[dict[str, Any]] | int = 6,
    *,
    transcript_format: str = "openai.chat",
    **changes: Any,
) -> Case:
    """A case with these messages, or as many, that one verdict settles."""
    if isinstance(messages, int):
        messages = [
            {
                "id": f"m{number}",
                "role": ("user", "assistant")[number % 2],
                "content": f"#{number}#",
            }
            for number in range(messages)
        ]
    case = make_case(transcript={"format": transcript_format, "messages": messages}, **changes)
    Cutoff.objects.filter(pk=case.pk).update(in_double=False)
    enrich(cutoff_ids=[case.pk])
    case.refresh_from_db()
    return case


def actions(case: Case) -> list[str]:
    """The ledger's actions on *case*, oldest first."""
    return list(
        LedgerEntry.objects.filter(object_id=str(case.pk))
        .order_by("id")
        .values_list("action", flat=True)
    )


def verdict(**changes: Any) -> dict[str, Any]:
    """A complete verdict as the form sends it."""
    return {
        "decision": "overturn",
        "remedy": "reopen",
        "policy_followed": "no",
        "severity": "1",
        "reason_codes": ["roleplay"],
        "rationale": "It was a story.",
        "evidence": ["1"],
        **changes,
    }
