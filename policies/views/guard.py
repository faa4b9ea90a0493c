"""The guard's page: what it watches, how much evidence there is, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from policies.guard import ALERT, MOST_DROPPED, ROLL_BACK
from policies.models import GuardReading
from policies.scopes import label_of
from policies.services import guard_overview
from policies.views.people import may_see
from policies.watch_models import Evidence, GuardState

#: The shapes of the tags (``components/tag.html``).
KINDS = {
    GuardState.WATCHING: "calm",
    GuardState.ALERT: "warn",
    GuardState.ROLL_BACK: "bad",
    GuardState.PAUSED: "warn",
}


@dataclass(frozen=True)
class Alert:
    """What the guard wants somebody to see of one activation. ``kind`` is the alert's."""

    number: int
    kind: str
    title: str
    text: str
    at: datetime


def alerts() -> list[Alert]:
    """What the guard wants somebody to see."""
    return [_alert(one) for one in guard_overview.alerts()]


def _alert(reading: GuardReading) -> Alert:
    number = reading.activation.version_id
    said = {"number": number, "scope": label_of(reading.activation.scope)}
    if reading.state == GuardState.PAUSED:
        text = _("The guard is paused there: too many audits were not decided in time.")
    elif reading.kind == Evidence.FEEDBACK:
        text = _("Users say more often that it surprised them. That alone takes nothing back.")
    else:
        text = _("Audits say that it errs more: evidence of %(peak)s.") % {
            "peak": reading.peak_said
        }
    return Alert(
        number=number,
        kind=KINDS[GuardState(reading.state)],
        title=_("Policy %(number)d, %(scope)s.") % said,
        text=text,
        at=reading.at,
    )


@require_safe
@may_see
def guard(request: HttpRequest) -> HttpResponse:
    """What is watched, what is not, and what was done."""
    found = guard_overview.guarded()
    context = {
        "guarded": [(one, _kind(one)) for one in found],
        "unwatched": [(one, label_of(one.scope)) for one in guard_overview.unwatched()],
        "acts": [(one, label_of(one.activation.scope)) for one in guard_overview.acts()],
        "alert": ALERT,
        "roll_back": ROLL_BACK,
        "most_dropped": 100 * MOST_DROPPED,
    }
    return render(request, "policies/guard.html", context)


def _kind(one: guard_overview.Guarded) -> str:
    return KINDS[GuardState(one.latest.state)] if one.latest else ""
