"""Statements of reasons, in the fields of the EU's DSA Transparency Database.

A ready format (https://transparency.dsa.ec.europa.eu, "API documentation"), and no claim that the
law applies. Facts are told as a notice tells them: no number, no threshold, no word of a
transcript.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from django.utils.translation import gettext, gettext_noop

from conversations.vocabulary import Category, Initiator, Standing

#: Characters of what a statement tells of facts.
LONGEST_FACTS: Final = 5_000

_CATEGORIES: Final = {
    Category.VIOLENT_CRIMES: "VIOLENCE",
    Category.SEX_RELATED_CRIMES: "VIOLENCE",
    Category.CHILD_SEXUAL_EXPLOITATION: "PROTECTION_OF_MINORS",
    Category.INDISCRIMINATE_WEAPONS: "RISK_FOR_PUBLIC_SECURITY",
    Category.SUICIDE_SELF_HARM: "SELF_HARM",
    Category.HATE: "ILLEGAL_OR_HARMFUL_SPEECH",
    Category.PRIVACY: "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    Category.INTELLECTUAL_PROPERTY: "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    Category.DEFAMATION: "ILLEGAL_OR_HARMFUL_SPEECH",
    Category.ELECTIONS: "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
}
_OTHER: Final = "OTHER_VIOLATION_TC"

_GROUND: Final = gettext_noop("The rules of this service on when a conversation may be ended.")
_EXPLANATION: Final = gettext_noop(
    "The conversation was found not to fit the rules of this service. It takes no further message;"
    " nothing else of the account is touched."
)
_FOUND: Final = {
    Standing.UPHELD: gettext_noop("A person has looked at it and found that it was right."),
    Standing.OVERTURNED: gettext_noop("A person has looked at it and found that it was wrong."),
}
_REOPENED: Final = gettext_noop("The conversation is open again.")


class Ended(msgspec.Struct, frozen=True):
    """What a statement is made of. *reason* and *met* are sentences of the notice."""

    id: str
    initiator: str
    category: str
    at: datetime
    language: str
    country: str
    platform: str
    reason: str
    met: Sequence[str]
    standing: str = ""
    settled_at: datetime | None = None
    reopened: bool = False


class Statement(msgspec.Struct, frozen=True):
    """One statement; names and values are those of the Transparency Database.

    ``issued_at``, ``amended_at`` and ``platform`` are ours: the database keeps its own.
    """

    puid: str
    decision_provision: str
    decision_ground: str
    incompatible_content_ground: str
    incompatible_content_explanation: str
    incompatible_content_illegal: str
    category: str
    content_type: list[str]
    content_language: str | None
    content_date: str
    application_date: str
    end_date_service_restriction: str | None
    territorial_scope: list[str]
    decision_facts: str
    source_type: str
    automated_detection: str
    automated_decision: str
    platform: str
    issued_at: str
    amended_at: str | None


def statement(ended: Ended) -> Statement | None:
    """The statement of what *ended*; None where the user ended it: nobody decided against them."""
    if ended.initiator == Initiator.USER:
        return None
    day = f"{ended.at:%Y-%m-%d}"
    return Statement(
        puid=ended.id,
        decision_provision="DECISION_PROVISION_PARTIAL_SUSPENSION",
        decision_ground="DECISION_GROUND_INCOMPATIBLE_CONTENT",
        incompatible_content_ground=gettext(_GROUND),
        incompatible_content_explanation=gettext(_EXPLANATION),
        incompatible_content_illegal="No",
        category=f"STATEMENT_CATEGORY_{_CATEGORIES.get(Category(ended.category), _OTHER)}",
        content_type=["CONTENT_TYPE_TEXT"],
        content_language=ended.language.upper() or None,
        content_date=day,
        application_date=day,
        end_date_service_restriction=_end(ended),
        territorial_scope=[ended.country] if ended.country else [],
        decision_facts=_facts(ended),
        source_type="SOURCE_VOLUNTARY",
        automated_detection="Yes" if ended.initiator == Initiator.MODEL else "No",
        automated_decision=f"AUTOMATED_DECISION_{_automated(ended)}",
        platform=ended.platform,
        issued_at=ended.at.isoformat(),
        amended_at=ended.settled_at.isoformat() if ended.settled_at else None,
    )


def _automated(ended: Ended) -> str:
    """A decision of the model alone, until a person has looked at it."""
    if ended.initiator != Initiator.MODEL:
        return "NOT_AUTOMATED"
    return "PARTIALLY" if ended.settled_at else "FULLY"


def _end(ended: Ended) -> str | None:
    return f"{ended.settled_at:%Y-%m-%d}" if ended.reopened and ended.settled_at else None


def _facts(ended: Ended) -> str:
    sentences = [ended.reason, *ended.met]
    if ended.settled_at:
        sentences.append(gettext(_FOUND[Standing(ended.standing)]))
    if ended.reopened:
        sentences.append(gettext(_REOPENED))
    return " ".join(sentences)[:LONGEST_FACTS]
