"""How pages say a rate, a difference and a p-value. Shares are from 0 to 1, shown in percent."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from policies.estimation import Rate
from policies.feedback_rates import ANSWER_WINDOW
from policies.rate_differences import RateDifference
from reviews.services.fairness import Fairness


def percent(share: float) -> str:
    """A share with one digit after the point, never apart from its sign."""
    return f"{number_format(100 * share, 1)}\N{NO-BREAK SPACE}%"


def overturned(found: Fairness) -> dict[str, object]:
    """What ``reviews/_overturned.html`` shows: the two rates, in words."""
    first, finally_ = found.first, found.finally_overturned
    return {
        "first": rate_told(first),
        "first_of": completion_told(first),
        "finally_overturned": rate_told(finally_),
        "finally_of": completion_told(finally_),
        "week": ANSWER_WINDOW.days,
    }


def rate_told(rate: Rate) -> str:
    """A rate with its 95 % interval, or its bounds."""
    ends = {"low": percent(rate.low), "high": percent(rate.high)}
    if rate.kind == "none":
        return _("no audited cutoff")
    if rate.estimate is None:
        return _("between %(low)s and %(high)s") % ends
    return _("%(rate)s (%(low)s to %(high)s)") % {"rate": percent(rate.estimate), **ends}


def completion_told(rate: Rate) -> str:
    """How much of the audit a rate rests on."""
    if rate.completion is None:
        return ""
    return _("%(decided)s of %(audited)s audits decided (%(share)s)") % {
        "decided": number_format(rate.decided, use_l10n=True, force_grouping=True),
        "audited": number_format(rate.audited, use_l10n=True, force_grouping=True),
        "share": percent(rate.completion),
    }


def difference_told(difference: RateDifference) -> str:
    """A difference in percentage points with its 95 % interval, or its bounds."""
    ends = {"low": _points(difference.low), "high": _points(difference.high)}
    if difference.estimate is None:
        return _("between %(low)s and %(high)s") % ends
    return _("%(rate)s (%(low)s to %(high)s)") % {"rate": _points(difference.estimate), **ends}


def p_told(p: float) -> str:
    """A p-value with three digits after the point."""
    return number_format(p, 3) if p >= 0.001 else _("under 0.001")


def _points(share: float) -> str:
    """A signed number of percentage points, with a minus that is one."""
    sign = "+" if share > 0 else "\N{MINUS SIGN}" if share < 0 else ""
    return sign + number_format(abs(100 * share), 1)
