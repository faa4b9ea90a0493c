"""What is missing or wrong in a verdict, in words for the field where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from conversations.vocabulary import Category, Remedy
from reviews.models import Case
from reviews.phrases import JUDGEMENTS, within
from reviews.reply_texts import LONGEST_REPLY
from reviews.services import replies
from reviews.vocabulary import (
    CODES_OF,
    CUTOFF_JUDGEMENTS,
    NEAR_MISS_JUDGEMENTS,
    Judgement,
    PolicyFollowed,
)

if TYPE_CHECKING:
    from reviews.services.verdicts import NewVerdict

LONGEST_RATIONALE = 10_000


def problems(case: Case, verdict: NewVerdict) -> None:
    """Raise ``ValidationError`` with one message a field for whatever is missing or wrong."""
    checks = {
        "decision": _decision_problem(case, verdict),
        "reason_codes": _codes_problem(verdict),
        "remedy": _remedy_problem(case, verdict),
        "policy_followed": _unless(
            verdict.policy_followed in PolicyFollowed.values,
            _("Say whether the policy was followed."),
        ),
        "severity": _unless(
            verdict.severity is None or 0 <= verdict.severity <= 4, _("Severity is 0 to 4.")
        ),
        "category": _unless(
            not verdict.category or verdict.category in Category.values,
            _("Choose one of the categories."),
        ),
        "rationale": _rationale_problem(verdict),
        "reply_words": _reply_problem(case, verdict),
    }
    if found := {field: message for field, message in checks.items() if message}:
        raise ValidationError(found)


def _unless(holds: bool, message: str) -> str:
    return "" if holds else message


def _too_long(most: int) -> str:
    return _("At most %(number)s characters.") % {"number": most}


def _decision_problem(case: Case, verdict: NewVerdict) -> str:
    allowed = CUTOFF_JUDGEMENTS if case.is_cutoff else NEAR_MISS_JUDGEMENTS
    choices = _(" or ").join(within(JUDGEMENTS, choice) for choice in allowed)
    return _unless(verdict.decision in allowed, _("Decide: %(choices)s.") % {"choices": choices})


def _codes_problem(verdict: NewVerdict) -> str:
    if not verdict.reason_codes:
        return _("Name at least one reason.")
    known = CODES_OF[Judgement(verdict.decision)] if verdict.decision in CODES_OF else None
    return _unless(
        known is None or set(verdict.reason_codes) <= set(known),
        _("These reasons do not go with this decision."),
    )


def _remedy_problem(case: Case, verdict: NewVerdict) -> str:
    if not case.is_cutoff:
        return _unless(
            not verdict.remedy, _("A near miss has no remedy: its conversation went on.")
        )
    if verdict.remedy not in Remedy.values:
        return _("Say whether the thread is reopened or stays locked.")
    return _unless(
        (verdict.decision, verdict.remedy) != (Judgement.UPHOLD, Remedy.REOPEN),
        _("An upheld cutoff stays locked."),
    )


def _rationale_problem(verdict: NewVerdict) -> str:
    if not verdict.rationale.strip():
        return _("Write why, in a sentence or two.")
    return _unless(len(verdict.rationale) <= LONGEST_RATIONALE, _too_long(LONGEST_RATIONALE))


def _reply_problem(case: Case, verdict: NewVerdict) -> str:
    if not case.is_cutoff and (verdict.reply_canned or verdict.reply_words):
        return _("The user of a near miss was told of nothing, and is answered nothing.")
    if not replies.fits(
        canned=verdict.reply_canned, decision=verdict.decision, remedy=verdict.remedy
    ):
        return _("This reply does not go with the decision, or with what becomes of the thread.")
    return _unless(len(verdict.reply_words) <= LONGEST_REPLY, _too_long(LONGEST_REPLY))
