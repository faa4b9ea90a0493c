"""What is in force, all versions, and one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.keyset import CursorMismatch, page
from accounts.models import User
from policies import documents
from policies.differences import stricter_in_every_threshold
from policies.evaluation import CRITERIA
from policies.models import Activation, Draft, PolicyVersion, SubmissionDecision
from policies.permissions import can_change
from policies.scopes import DEFAULT
from policies.services import break_glass, reading
from policies.thresholds import Thresholds
from policies.views import activations, backtests, decisions, guard, pauses, shadows, shown
from policies.views.acting import Act
from policies.views.people import may_see, user_of
from policies.views.which import which

#: Versions on one page of the list.
PAGE_SIZE = 25


@dataclass(frozen=True)
class ScopeRow:
    """A scope with what the reader may do there."""

    row: reading.InForceRow
    acts: list[Act]


@dataclass(frozen=True)
class Look:
    """An activation by one person alone that waits for a second look, until *due*."""

    activation: Activation
    due: datetime
    overdue: bool


@require_safe
@may_see
def versions(request: HttpRequest) -> HttpResponse:
    """What is in force, what waits, and all versions."""
    user = user_of(request)
    try:
        listed = page(
            reading.listed(),
            ordering=["-number"],
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to="policies",
        )
    except CursorMismatch:
        messages.info(request, _("The list was changed meanwhile: this is its beginning."))
        return redirect("policies")
    standing = reading.standing()
    context = {
        "standing": standing,
        # It says in its own place what the banner of every other page says.
        "urgent": [],
        "scopes": scope_rows(standing.rows, user),
        "looks": looks(timezone.now()),
        "guard_alerts": guard.alerts(),
        "waiting": reading.waiting(),
        "drafts": reading.drafts(),
        "versions": reading.with_states(listed.items),
        "newer_url": _link(listed.previous_cursor),
        "older_url": _link(listed.next_cursor),
        "may_change": can_change(user),
        "pause": pauses.pause_act(),
        "resume": _resume(standing, user),
        **which(request),
    }
    return render(request, "policies/versions.html", context)


def _link(cursor: str | None) -> str:
    return f"{reverse('policies')}?{urlencode({'cursor': cursor})}" if cursor else ""


def _resume(standing: reading.Standing, user: User) -> Act | None:
    if standing.everything is None or not can_change(user):
        return None
    return pauses.resume_act(standing.everything, user)


def looks(now: datetime) -> list[Look]:
    """What one person activated alone and no second one has looked at, oldest first."""
    return [
        Look(one, one.activated_at + break_glass.REVIEW_WITHIN, _late(one, now))
        for one in break_glass.unreviewed()
    ]


def _late(activation: Activation, now: datetime) -> bool:
    return activation.activated_at + break_glass.REVIEW_WITHIN <= now


def scope_rows(rows: list[reading.InForceRow], user: User) -> list[ScopeRow]:
    """*rows* with the acts that *user* may do in each scope."""
    allowed = can_change(user)
    return [
        ScopeRow(row, _scope_acts(row, user, index) if allowed else [])
        for index, row in enumerate(rows)
    ]


def _scope_acts(row: reading.InForceRow, user: User, index: int) -> list[Act]:
    acts = []
    live = row.activation
    if live and live.percent < 100:
        acts.append(activations.share_act(live, name=f"share-{index}"))
    if live:
        acts.append(activations.rollback_act(live, name=f"rollback-{index}"))
    if live and row.scope != DEFAULT:
        acts.append(activations.end_override_act(live, name=f"end-{index}"))
    if row.planned:
        acts.append(activations.cancel_plan_act(row.planned, name=f"plan-{index}"))
    if row.pause:
        acts.append(pauses.resume_act(row.pause, user, name=f"resume-{index}"))
    elif row.scope != DEFAULT:
        acts.append(pauses.pause_act(row.scope, name=f"pause-{index}"))
    return acts


@require_safe
@may_see
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One version, or the draft that will be it."""
    user = user_of(request)
    draft = Draft.objects.select_related("author", "updated_by", "based_on").filter(number=number)
    found: Any = draft.first() or reading.listed().filter(number=number).first()
    if found is None:
        raise Http404
    base = reading.default_version()
    thresholds, standing_now = reading.readable(found), reading.readable(base)
    compared = None if base.pk == number else standing_now
    context = {
        "number": number,
        "shown": found,
        "draft": found if isinstance(found, Draft) else None,
        "state": None if isinstance(found, Draft) else reading.state_of(found),
        "submission": getattr(found, "submission", None),
        "tested": backtests.of_version(found),
        "base": base,
        "content": shown.content(thresholds, compared) if thresholds else None,
        "raw": "" if thresholds else json.dumps(found.content, indent=2, ensure_ascii=False),
        "criteria": [criterion.label for criterion in CRITERIA],
        "scopes": _scopes_of(number, user),
        "history": reading.history(number),
        "ran": shadows.of_version(number, timezone.now()),
        "acts": _acts(found, user, thresholds, standing_now) if can_change(user) else [],
        "may_change": can_change(user),
        **_against(request, found, thresholds, base),
    }
    return render(request, "policies/version.html", context)


def _scopes_of(number: int, user: User) -> list[ScopeRow]:
    rows = [
        row
        for row in reading.standing().rows
        if row.number == number
        or (row.activation and row.activation.beside_id == number)
        or (row.planned and row.planned.version_id == number)
    ]
    return scope_rows(rows, user)


def _acts(
    found: PolicyVersion | Draft,
    user: User,
    thresholds: Thresholds | None,
    standing: Thresholds | None,
) -> list[Act]:
    """What *user* may do with it, the most likely first."""
    number = found.number
    alone = _only_with_a_second(thresholds, standing)
    if isinstance(found, Draft):
        return [
            decisions.submit_act(found),
            shadows.start_act(number),
            activations.break_glass_act(found, refused=alone),
        ]
    submission = getattr(found, "submission", None)
    if submission and submission.decision == SubmissionDecision.PENDING:
        return [
            decisions.approve_act(submission, user),
            decisions.reject_act(submission, user),
            activations.break_glass_act(found, refused=alone),
        ]
    if thresholds is None or (submission and submission.decision == SubmissionDecision.REJECTED):
        return []
    return [activations.activate_act(number)]


def _only_with_a_second(thresholds: Thresholds | None, standing: Thresholds | None) -> str:
    """Why one person alone may not activate it, empty where they may."""
    stricter = thresholds and standing and stricter_in_every_threshold(thresholds, standing)
    if stricter:
        return ""
    return _(
        "Nobody can put it in force alone: it is not stricter in every threshold than what holds"
        " now."
    )


def _against(
    request: HttpRequest,
    found: PolicyVersion | Draft,
    thresholds: Thresholds | None,
    base: PolicyVersion,
) -> dict[str, Any]:
    """What differs from another version or draft: the one that was named, or the one in force.

    Of the one in force itself, the one that it came from. ``missing`` is what was named where
    that is none, or the policy itself.
    """
    number = found.number
    given = request.GET.get("against", "").strip()
    named = int(given) if given.isdecimal() and len(given) < 10 and int(given) != number else None
    other = _draft_or_version(named, base) if given else _usual(found, base)
    said = reading.readable(other) if other else None
    return {
        "others": [one for one in reading.suggestions() if one.number != number],
        "against": other.number if other else None,
        "against_name": _name(other) if other else "",
        "asked_against": given,
        "missing": bool(given) and other is None,
        "unread": other is not None and said is None,
        "changes": shown.changes(said, thresholds) if said and thresholds else [],
    }


def _usual(found: PolicyVersion | Draft, base: PolicyVersion) -> PolicyVersion | Draft | None:
    """What it is compared with where nothing was named."""
    if base.number != found.number:
        return base
    earlier = PolicyVersion.objects.filter(number__lt=found.number).order_by("-number")
    return found.based_on or earlier.first()


def _name(one: PolicyVersion | Draft) -> str:
    words = _("draft %(number)d") if isinstance(one, Draft) else _("policy %(number)d")
    return words % {"number": one.number}


def _draft_or_version(number: int | None, base: PolicyVersion) -> PolicyVersion | Draft | None:
    if number is None:
        return None
    if number == base.number:
        return base
    draft = Draft.objects.filter(number=number).first()
    return draft or PolicyVersion.objects.filter(number=number).first()


@require_safe
@may_see
def export(_request: HttpRequest, number: int) -> HttpResponse:
    """A version or draft as YAML; 404 where it can no longer be read."""
    draft = Draft.objects.filter(number=number).first()
    found = draft or get_object_or_404(PolicyVersion, number=number)
    thresholds = reading.readable(found)
    if thresholds is None:
        raise Http404
    text = documents.write(thresholds, title=str(found))
    headers = {"Content-Disposition": f'attachment; filename="policy-{number}.yaml"'}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)
