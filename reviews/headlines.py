"""A case in one line of a list, from what the service reported and the flags alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext, gettext_noop, ngettext, override

from conversations.vocabulary import Initiator, Kind
from policies import conformance as rules
from reviews.summaries import Subject

_BEGINNINGS: Final = {
    Initiator.MODEL: gettext_noop("Ended by the model"),
    Initiator.USER: gettext_noop("Ended at the user’s request"),
    Initiator.OPERATOR: gettext_noop("Ended by staff"),
}
_CONFIRMED: Final = {
    True: gettext_noop("%(start)s, which they confirmed"),
    False: gettext_noop("%(start)s, not confirmed"),
    None: gettext_noop("%(start)s, confirmation unknown"),
}


#: Of the rules that were broken, the first one is told.
_BROKEN: Final = {
    rules.CRISIS_CUE: gettext_noop("%(start)s; a turn reads like a crisis"),
    rules.RISK_ABOVE_CEILING: gettext_noop("%(start)s; the reported risk is above the ceiling"),
    rules.NO_WARNING: gettext_noop("%(start)s without a warning"),
}
#: How many lines are remembered. Few differ: counts are small.
_KEPT: Final = 4096


def headline(
    subject: Subject,
    *,
    refusals: int | None,
    redirects: int | None,
    warnings: int | None,
    confirmed: bool | None,
    flags: Sequence[str],
    language: str | None,
    expired: bool = False,
) -> str:
    """One line for a list of cases, in *language*, which ``get_language`` names once for them all.

    *expired*: the term of what was reported is over.
    """
    broken = next((flag for flag in _BROKEN if flag in flags), "") if flags else ""
    initiator = "" if subject.kind == Kind.NEAR_MISS else subject.initiator
    by_user = subject.initiator == Initiator.USER
    counts = (refusals, redirects, warnings)
    return _line(language, initiator, broken, by_user, confirmed, expired, counts)


# To look up a text takes longer than all the rest of a line, and a page has fifty.
@lru_cache(_KEPT)
def _line(
    language: str | None,
    initiator: str,
    broken: str,
    by_user: bool,
    confirmed: bool | None,
    expired: bool,
    counts: tuple[int | None, int | None, int | None],
) -> str:
    """The line; without an *initiator* the conversation went on."""
    with override(language):
        start = gettext(_BEGINNINGS[Initiator(initiator)]) if initiator else gettext("Went on")
        if broken:
            sentence = gettext(_BROKEN[broken])
        elif by_user:
            sentence = gettext(_CONFIRMED[confirmed])
        elif expired:
            sentence = gettext("%(start)s; what was reported is no longer kept")
        elif told := _counts(*counts):
            return gettext("%(start)s: %(counts)s") % {"start": start, "counts": told}
        else:
            sentence = gettext("%(start)s; no counts were reported")
        return sentence % {"start": start}


def _counts(refusals: int | None, redirects: int | None, warnings: int | None) -> str:
    """What was counted, in words; empty where nothing was."""
    told = []
    if refusals is not None:
        words = ngettext("%(number)s refusal", "%(number)s refusals", refusals)
        told.append(words % {"number": refusals} if refusals else gettext("no refusals"))
    if redirects is not None:
        words = ngettext("%(number)s redirect", "%(number)s redirects", redirects)
        told.append(words % {"number": redirects} if redirects else gettext("no redirects"))
    if warnings is not None:
        words = ngettext("%(number)s warning", "%(number)s warnings", warnings)
        told.append(words % {"number": warnings} if warnings else gettext("no warnings"))
    return gettext(", ").join(told) if told else ""
