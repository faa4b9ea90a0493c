"""The first page of whoever signs in, and what needs somebody, each with the way to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import user_of
from reviews.permissions import (
    can_change_outcomes,
    can_decide,
    can_list,
    can_oversee,
    can_train,
    check_oversee,
)
from reviews.services import enrichment
from reviews.services.attention import MANY, Need, overview
from reviews.views.people import reviewer, who_changes_outcomes, who_sees_outcomes

#: Of a need: its icon, what it is, the page on which to see to it, and that page's name.
_SAID: Final[dict[Need, tuple[str, Any, str, Any]]] = {
    Need.ALARMS: (
        "bad",
        _("Alarms that nobody has acknowledged"),
        "on-call",
        _("On call"),
    ),
    Need.NOBODY_REACHED: (
        "bad",
        _("Neither e-mail nor a pager is set up: an alarm would reach nobody"),
        "on-call",
        _("On call"),
    ),
    Need.STUCK: (
        "bad",
        _("Overdue cases that can be dealt to nobody"),
        "queue",
        _("Review"),
    ),
    Need.UNLINKED: (
        "bad",
        _("Messages of users without a cutoff that sound like a crisis, or were not assessed"),
        "unlinked",
        _("Feedback without a cutoff"),
    ),
    Need.APPEALS_ALONE: (
        "bad",
        _("Appeals for which there is nobody who took no part in the case"),
        "queue",
        _("Review"),
    ),
    Need.ESCALATIONS: (
        "warn",
        _("Questions that wait for your teams"),
        "escalations",
        _("Escalations"),
    ),
    Need.PAUSED: (
        "bad",
        _("Scopes in which ending is paused; two people resume it"),
        "policies",
        _("Policies"),
    ),
    Need.LOOKS: (
        "bad",
        _("Policies in force by one person alone that need a second look"),
        "policies",
        _("Policies"),
    ),
    Need.GUARD: (
        "warn",
        _("Readings of the guard that ask for somebody"),
        "guard",
        _("Guard"),
    ),
    Need.WAITS_TO_BE_READ: (
        "bad",
        _("Conversations that have waited to be read for ten minutes: is a worker running?"),
        "not-read",
        _("Conversations not read"),
    ),
    Need.NOT_READ: (
        "warn",
        _("Conversations that could not be read: their cases lack evidence and search"),
        "not-read",
        _("Conversations not read"),
    ),
    Need.PARKED: (
        "warn",
        _("Parked events: something behind intake failed on them"),
        "sources",
        _("Sources"),
    ),
    Need.DEAD: (
        "warn",
        _("Outcomes that could not be delivered in three days"),
        "deliveries",
        _("Deliveries"),
    ),
    Need.DISABLED: (
        "warn",
        _("Endpoints that are disabled by their own answer; their outcomes wait"),
        "deliveries",
        _("Deliveries"),
    ),
    Need.SILENT: (
        "warn",
        _("Sources that have sent nothing for unusually long"),
        "sources",
        _("Sources"),
    ),
    Need.ERASURES: (
        "warn",
        _("Erasures that are not done after a day"),
        "sources",
        _("Sources"),
    ),
    Need.NOT_ASSESSED: (
        "warn",
        _("Unread messages of users in which no program could look for signs of a crisis"),
        "feedback",
        _("Feedback"),
    ),
    Need.APPROVALS: (
        "info",
        _("Policies that wait for a second person"),
        "policies",
        _("Policies"),
    ),
    Need.TEXTS: (
        "info",
        _("Texts of notices that wait for a second person"),
        "notice-texts",
        _("Texts of notices"),
    ),
    Need.HOLDS: (
        "info",
        _("Legal holds that end within two weeks"),
        "holds",
        _("Holds"),
    ),
    Need.GAPS: (
        "info",
        _("Times in the next seven days when nobody is on call"),
        "on-call",
        _("On call"),
    ),
    Need.NEVER_PROVEN: (
        "info",
        _("No drill has reached anybody yet: nobody knows whether alarms arrive"),
        "on-call",
        _("On call"),
    ),
    Need.PROVEN_LONG_AGO: (
        "info",
        _("The last drill that reached somebody is more than a month old"),
        "on-call",
        _("On call"),
    ),
    Need.LINES: (
        "info",
        _("Lines to call that nobody has verified for half a year"),
        "behind-notices",
        _("Notices"),
    ),
    Need.LINES_WITHOUT_OWNER: (
        "info",
        _("Lines to call that have no owner of your own yet"),
        "behind-notices",
        _("Notices"),
    ),
    Need.TRANSLATIONS: (
        "info",
        _("Languages not reviewed: texts about a crisis are served in English there"),
        "behind-notices",
        _("Notices"),
    ),
}
#: What is so or is not: there is nothing to count.
_UNCOUNTED: Final = {Need.NOBODY_REACHED, Need.NEVER_PROVEN, Need.PROVEN_LONG_AGO}
#: What of a page is asked for.
_NARROWED: Final = {Need.NOT_ASSESSED: "?said=not_assessed&read=no"}


@dataclass(frozen=True)
class Line:
    """One need as the page says it; ``number`` is empty where there is nothing to count."""

    icon: str
    number: str
    text: str
    url: str
    link: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page of whoever signs in: their exercises, what needs somebody, or the queue."""
    user = user_of(request)
    if can_train(user) and not can_list(user):
        return redirect("training")
    return redirect("overview" if can_oversee(user) and not can_decide(user) else "queue")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What needs somebody, the most urgent first, and when the chain of calls was last proven."""
    user = reviewer(request)
    check_oversee(user)
    found = overview(user=user, now=timezone.now())
    context = {
        "lines": list(_lines(found.needs)),
        "proof": found.proof,
        # It says in its own place what the banners of every other page say.
        "urgent": [],
        "alarm_banner": None,
    }
    return render(request, "reviews/overview.html", context)


def _lines(needs: dict[Need, int]) -> Iterator[Line]:
    for need, number in needs.items():
        icon, text, name, link = _SAID[need]
        yield Line(
            icon=icon,
            number="" if need in _UNCOUNTED else _shown(number),
            text=str(text),
            url=reverse(name) + _NARROWED.get(need, ""),
            link=str(link),
        )


def _shown(number: int) -> str:
    return f"{MANY}+" if number >= MANY else str(number)


@require_safe
def not_read(request: HttpRequest) -> HttpResponse:
    """The conversations that a worker failed at, with each failure's name and no word of them."""
    user = who_sees_outcomes(request)
    context = {
        "rows": enrichment.not_read(user=user),
        "backlog": enrichment.backlog(now=timezone.now()),
        "may_try": can_change_outcomes(user),
    }
    return render(request, "reviews/not_read.html", context)


@require_POST
def read_again(request: HttpRequest) -> HttpResponse:
    """Try all of them again."""
    user = who_changes_outcomes(request)
    if enrichment.try_again(user=user, now=timezone.now()):
        messages.success(request, gettext("They are tried again now. What fails comes back here."))
    else:
        messages.info(request, gettext("There was nothing to try again."))
    return redirect("not-read")
