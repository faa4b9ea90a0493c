"""What a chat service asks of the policies, as typed structs
(docs/how-to/ask-before-ending.md).
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from conversations.evidence import Evidence
from conversations.payloads import END, PRINTED, ConversationData, Signals, TranscriptData

#: No controls; empty is as good as absent.
_NO_CONTROLS = rf"^{PRINTED}*{END}"


class Whose(Struct, frozen=True):
    """The query of ``GET /policies/active``: the conversation whose policy is asked for."""

    model: Annotated[str, Meta(max_length=128, pattern=_NO_CONTROLS)] = ""
    surface: Annotated[str, Meta(max_length=64, pattern=_NO_CONTROLS)] = ""
    locale: Annotated[str, Meta(max_length=35, pattern=_NO_CONTROLS)] = ""
    conversation_id: Annotated[str, Meta(max_length=256, pattern=_NO_CONTROLS)] = ""


class Question(Struct):
    """The body of ``POST /policies/evaluate``: may this conversation be ended?"""

    conversation: ConversationData
    initiator: Literal["model", "user", "operator"]
    category: str | None = None
    user_confirmed: bool | None = None
    signals: Signals = field(default_factory=Signals)
    transcript: TranscriptData | None = None


def shown(evidence: Evidence) -> dict[str, int]:
    """The signals that a transcript itself shows; those that it cannot show are absent.

    The service's own marks count in any language, what is inferred only in those that were
    measured (``conversations/evidence.py``).
    """
    marks = {
        "refusals": evidence.refusals,
        "redirects": evidence.redirects,
        "warnings": evidence.warnings,
    }
    counts = {name: len(found) for name, found in marks.items() if found or evidence.assessed}
    if evidence.turns_after_warning is not None:
        counts["turns_after_warning"] = evidence.turns_after_warning
    return counts
