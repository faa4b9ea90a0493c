"""Stopping all ending, and going on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from policies.forms import PauseForm, ReasonForm
from policies.models import DEFAULT_SCOPE, EVERYTHING, Pause
from policies.permissions import can_resume, check_resume
from policies.scopes import label_of
from policies.services import pauses
from policies.views.acting import Act, run, sent
from policies.views.activations import of_scope, scope_of
from policies.views.people import may_change, user_of

_GET_AND_POST = ["GET", "HEAD", "POST"]


def pause_act(scope: str = DEFAULT_SCOPE, data: Any = None, *, name: str = "pause") -> Act:
    """Stop ending in *scope*; in all conversations for the default one."""
    everything = scope == DEFAULT_SCOPE
    return Act(
        name=name,
        label=_("Pause everything…") if everything else _("Pause…"),
        title=_("Pause ending?"),
        words=_(
            "No conversation is ended from now on, whatever the policies say; chat services follow"
            " within a minute. One person pauses, two people resume."
        ),
        url=of_scope("policy-pause", scope),
        form=PauseForm(data, auto_id=f"{name}_%s", initial=PauseForm.initial_of(scope)),
        submit=_("Pause ending"),
        danger=True,
        red=everything,
    )


def resume_act(pause: Pause, user: User, data: Any = None, *, name: str = "resume") -> Act:
    """Ask to end *pause*, or end it as the second to ask."""
    first = pause.first_resume_by
    return Act(
        name=name,
        label=_("Resume…"),
        title=_("Resume ending: %(scope)s") % {"scope": label_of(pause.scope)},
        words=_("%(name)s has asked for it. With you, the policies hold again at once.")
        % {"name": first.name}
        if first
        else _("Two people resume: you are the first. It stays paused until a second one agrees."),
        url=of_scope("policy-resume", pause.scope),
        form=ReasonForm(data, auto_id=f"{name}_%s"),
        submit=_("Resume ending") if first else _("Ask to resume"),
        refused=""
        if can_resume(user, pause)
        else _("You have asked to resume already. A second person resumes."),
    )


@require_http_methods(_GET_AND_POST)
@may_change
def pause(request: HttpRequest) -> HttpResponse:
    """Stop all ending, or that of a scope."""

    def do(said: dict[str, Any]) -> str:
        scope = EVERYTHING if said["scope"] == DEFAULT_SCOPE else said["scope"]
        user, now = user_of(request), timezone.now()
        pauses.pause(scope=scope, reason=said["reason"], user=user, now=now)
        return _("Ending is paused: %(scope)s. Chat services follow within a minute.") % {
            "scope": label_of(scope)
        }

    act = pause_act(request.GET.get("scope", DEFAULT_SCOPE), sent(request))
    return run(request, act, back=reverse("policies"), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def resume(request: HttpRequest) -> HttpResponse:
    """Ask to end a pause; the second to ask ends it."""
    live = Pause.objects.live().select_related("first_resume_by")
    held = get_object_or_404(live, scope=scope_of(request, EVERYTHING))
    user = user_of(request)
    check_resume(user, held)

    def do(said: dict[str, Any]) -> str:
        reason, now = said["reason"], timezone.now()
        found = pauses.resume(scope=held.scope, reason=reason, user=user, now=now)
        if found.ended_at:
            return _("The policies hold again.")
        return _("You asked to resume. It stays paused until a second person agrees.")

    act = resume_act(held, user, sent(request))
    return run(request, act, back=reverse("policies"), do=do)
