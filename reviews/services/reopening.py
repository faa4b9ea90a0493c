"""Whose word reopens a thread that more hangs on (docs/explanation/ending.md,
"Verdict and remedy").

A senior's; and where teams were asked about the case, a senior's who is qualified for them.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from accounts.models import User
from conversations.vocabulary import Remedy
from reviews.models import Case, Escalation
from reviews.permissions import can_reopen_held
from reviews.phrases import AREAS, within
from reviews.services.qualifications import areas_of
from reviews.vocabulary import Area, CaseState, EscalationEnd


def may_reopen(user: User, case: Case) -> bool:
    """Whether *user*'s verdict is enough to have the thread of *case* reopened."""
    return can_reopen_held(user) and not _lacking(user, case)


def check_last_word(case: Case, user: User, remedy: str) -> None:
    """Raise ``ValidationError`` where *user*, who has the last word, may not reopen the thread."""
    if case.state != CaseState.ADJUDICATION or remedy != Remedy.REOPEN:
        return
    if lacking := _lacking(user, case):
        teams = gettext(" and ").join(sorted(within(AREAS, area) for area in lacking))
        sentence = gettext("Only a senior who is qualified for %(teams)s can reopen this thread.")
        raise ValidationError({"remedy": sentence % {"teams": teams}})


def _lacking(user: User, case: Case) -> frozenset[Area]:
    """The areas of the teams that answered on *case* which *user* is not qualified for."""
    answered = Escalation.objects.filter(case=case, end=EscalationEnd.ANSWERED)
    asked = {Area(area) for area in answered.values_list("area", flat=True)}
    return frozenset(asked - areas_of(user)) if asked else frozenset()
