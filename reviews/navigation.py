"""The sidebar of every staff page, as a context processor."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.models import User
from conversations.permissions import can_place_hold
from policies.permissions import can_view as can_view_policies
from reviews.permissions import (
    can_decide,
    can_list,
    can_manage_notices,
    can_mentor,
    can_oversee,
    can_read_feedback,
    can_read_ledger,
    can_read_unclear,
    can_route,
    can_see_outcomes,
    can_see_quality,
    can_train,
    may_manage_people,
    reads_text,
)
from reviews.services.deliveries import wants_somebody
from reviews.services.escalating import waiting_count
from reviews.services.on_call import Waits, waits_for
from reviews.services.qualifications import areas_of
from reviews.services.queue import Waiting, altogether, waiting_counts
from reviews.vocabulary import Queue

#: So many pages are found without groups.
_FEW = 6
#: The mark of a count that needs somebody soon.
_KINDS = {Queue.CRISIS: "bad", Queue.CHILD_SAFETY: "bad", Queue.APPEALS: "warn"}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """What ``base.html`` shows beside each page; nothing for somebody without a login.

    Lazy: a fragment without a sidebar counts nothing.
    """
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    counts: Any = SimpleLazyObject(lambda: waiting_counts(user=user))
    pages: Any = SimpleLazyObject(lambda: _nav(request, user, counts))
    return {
        "nav": SimpleLazyObject(lambda: pages[0]["items"]),
        "nav_groups": SimpleLazyObject(lambda: pages[1:]),
        "queues": SimpleLazyObject(lambda: _queues(request, user, counts)),
        "alarm_banner": SimpleLazyObject(lambda: _alarm_banner(user, counts)),
        "waiting": SimpleLazyObject(lambda: altogether(counts)),
        "user_name": user.name,
        "user_role": SimpleLazyObject(lambda: user.role_label or _("Administrator")),
        "settings_url": reverse("profile"),
        "logout_url": reverse("logout"),
        "reads_text": SimpleLazyObject(lambda: reads_text(user)),
        "pause_url": reverse("pause") if can_decide(user) else "",
        "shortcuts_off": request.COOKIES.get("shortcuts") == "off",
    }


def _nav(request: HttpRequest, user: User, counts: Any) -> list[dict[str, Any]]:
    """The pages in groups, {title, items}; the first one is the daily work and has no title."""
    lists = can_list(user)
    work, quality, rules = "", _("Reviewing"), _("Set up")
    pages = (
        (work, can_oversee(user), _("Overview"), "overview", "overview"),
        (work, lists, _("Review"), "queue", "review"),
        (
            work,
            lists and (can_decide(user) or bool(areas_of(user))),
            _("Escalations"),
            "escalations",
            "flag",
        ),
        (work, lists, _("On call"), "on-call", "crisis"),
        (work, can_read_feedback(user), _("Feedback"), "feedback", "feedback"),
        (
            quality,
            lists and (can_decide(user) or can_see_quality(user)),
            _("Quality"),
            "quality",
            "quality",
        ),
        (quality, lists and can_read_unclear(user), _("Hard to judge"), "unclear", "info"),
        (quality, can_train(user) or can_mentor(user), _("Training"), "training", "branch"),
        (
            rules,
            can_view_policies(user),
            _("Policies"),
            "policies",
            "policies",
        ),
        (rules, can_route(user), _("Queues and rules"), "routing", "filter"),
        (rules, user.has_perm("conversations.view_source"), _("Sources"), "sources", "sources"),
        (rules, can_see_outcomes(user), _("Deliveries"), "deliveries", "external"),
        (rules, may_manage_people(user), _("People"), "people", "user"),
        (rules, can_manage_notices(user), _("Notices"), "behind-notices", "info"),
        (quality, lists and can_place_hold(user), _("Holds"), "holds", "lock"),
        (quality, can_read_ledger(user), _("Ledger"), "ledger", "ledger"),
    )
    grouped = [(group, _item(request, *page)) for group, shown, *page in pages if shown]
    items = [item for _group, item in grouped]
    _mark_current(items)
    _count(items, user, counts)
    if len(items) <= _FEW:
        return [{"title": "", "items": items}]
    return [
        {"title": title, "items": [item for group, item in grouped if group == title]}
        for title in (work, quality, rules)
    ]


def _mark_current(items: list[dict[str, Any]]) -> None:
    """Only the nearest page above the one that is open is current."""
    above = [item for item in items if item["current"]]
    nearest = max(above, key=lambda item: len(item["url"]), default=None)
    for item in above:
        item["current"] = item is nearest


def _count(items: list[dict[str, Any]], user: User, counts: Any) -> None:
    """What waits behind a page, beside it."""
    for item in items:
        if item["icon"] == "review":
            item["count"] = _shown(altogether(counts))
        elif item["icon"] == "flag":
            item["count"] = waiting_count(user) or ""
        elif item["icon"] == "external":
            item |= {"count": wants_somebody() or "", "kind": "bad"}


def _alarm_banner(user: User, counts: Any) -> Waits | None:
    """What waits to be acknowledged; without an alarm it costs nothing beside the counts."""
    if not can_list(user) or not any(queue.alarm for queue in counts):
        return None
    crisis = any(queue.slug == Queue.CRISIS and queue.works for queue in counts)
    return waits_for(user, works_in_crisis=crisis, now=timezone.now())


def _item(request: HttpRequest, label: str, name: str, icon: str) -> dict[str, Any]:
    url = reverse(name)
    current = request.path == url or request.path.startswith(f"{url}/")
    return {"label": label, "url": url, "icon": icon, "count": "", "current": current}


def _queues(request: HttpRequest, user: User, counts: Any) -> list[dict[str, Any]]:
    """Those that *user* works in; all that they may know of where they give no verdicts."""
    if not can_list(user):
        return []
    here = request.GET.get("queue", "") if request.path == reverse("queue") else ""
    decides = can_decide(user)
    return [
        {
            "label": queue.name,
            "url": f"{reverse('queue')}?queue={queue.slug}",
            "count": _shown(queue.waiting),
            "kind": _KINDS.get(queue.slug, ""),
            "current": here == queue.slug,
        }
        for queue in counts
        if queue.works or not decides
    ]


def _shown(waiting: Waiting) -> str:
    """A number where there is one; nothing says that nothing waits as well."""
    return str(waiting) if waiting.number else ""
