"""Suggested thresholds: a target in, thresholds with their evidence out, or "cannot tell"."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.ledger import Actor
from accounts.models import LedgerEntry
from conversations.vocabulary import Category
from policies.models import Draft, PolicyVersion
from policies.permissions import can_change
from policies.services import drafts, reading, suggestions
from policies.services.drafts import StaleRevision
from policies.services.suggestions import Outcome
from policies.services.versions import NotPossible
from policies.thresholds import InvalidPolicy
from policies.views.acting import sent
from policies.views.figured import test_label
from policies.views.lines import percent
from policies.views.people import may_change, may_see, user_of
from policies.window_forms import SuggestForm


@require_http_methods(["GET", "HEAD", "POST"])
@may_change
def suggest(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for stricter thresholds; each time uses the test half, and is noted."""
    found = _draft_or_version(number)
    candidate = reading.readable(found)
    form = SuggestForm(sent(request))
    if form.is_bound and form.is_valid() and candidate:
        entry = suggestions.run(
            question=form.question(candidate, timezone.now()),
            number=number,
            revision=found.revision if isinstance(found, Draft) else 0,
            category=form.cleaned_data["of"],
            target=float(form.cleaned_data["target"]) / 100,
            actor=Actor(user=user_of(request)),
        )
        return redirect("suggestion", pk=entry.pk)
    context = {
        "number": number,
        "draft": found if isinstance(found, Draft) else None,
        "candidate": candidate,
        "form": form,
    }
    return render(request, "policies/suggest.html", context, status=422 if form.errors else 200)


def _draft_or_version(number: int) -> Draft | PolicyVersion:
    draft = Draft.objects.filter(number=number).first()
    return draft or get_object_or_404(PolicyVersion, number=number)


def _outcome(pk: int) -> tuple[LedgerEntry, Outcome]:
    entry = get_object_or_404(
        LedgerEntry.objects.select_related("actor"), pk=pk, action=suggestions.USED
    )
    try:
        return entry, suggestions.outcome_of(entry)
    except msgspec.ValidationError:
        raise Http404 from None


@require_safe
@may_see
def suggestion(request: HttpRequest, pk: int) -> HttpResponse:
    """What one use of the test half came to."""
    entry, outcome = _outcome(pk)
    draft = Draft.objects.filter(number=outcome.number).first()
    context = {
        "entry": entry,
        "outcome": outcome,
        "target": percent(outcome.target),
        "level": f"{100 * outcome.level:.2g} %",
        "category": Category(outcome.category).label if outcome.category else "",
        "changes": [(test_label(name), value) for name, value in outcome.changes.items()],
        "tested": [_tested(one) for one in outcome.tested],
        "needed": [(percent(one["true_rate"]), one["audits"]) for one in outcome.needed],
        "draft": draft,
        "may_change": can_change(user_of(request)),
    }
    return render(request, "policies/suggestion.html", context)


def _tested(one: dict[str, Any]) -> dict[str, Any]:
    estimate = one["estimate"]
    return one | {
        "rate": "" if estimate is None else percent(estimate),
        "at_most": percent(one["high"]) if one["audited"] else "",
    }


@require_POST
@may_change
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Put what was suggested into the draft, over the revision that it was suggested for."""
    _entry, outcome = _outcome(pk)
    found = _draft_or_version(outcome.number)
    candidate = reading.readable(found)
    if candidate is None or not outcome.changes:
        raise Http404
    content: dict[str, Any] = msgspec.to_builtins(candidate)
    own = content["default"]
    if outcome.category:
        inherited = msgspec.to_builtins(candidate.of(outcome.category))
        own = content["categories"].setdefault(outcome.category, inherited)
    own |= {name: _as(own[name], value) for name, value in outcome.changes.items()}
    user, now = user_of(request), timezone.now()
    try:
        if isinstance(found, Draft):
            saved = drafts.edit_draft(
                number=found.number,
                revision=outcome.revision,
                user=user,
                now=now,
                content=content,
            )
        else:
            saved = drafts.create_draft(user=user, now=now, content=content, based_on=found)
    except (StaleRevision, NotPossible, InvalidPolicy) as refused:
        messages.error(request, str(refused))
        return redirect("suggestion", pk=pk)
    messages.success(request, _("The thresholds stand in the draft."))
    return redirect("policy-edit", number=saved.number)


def _as(present: float, value: float) -> float | int:
    """*value* as whole as what it stands for."""
    return int(value) if isinstance(present, int) else value
