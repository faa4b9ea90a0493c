"""Putting a version in force, changing its share, going back, and taking an override away."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from policies.forms import ActivateForm, BreakGlassForm, ReasonForm, ShareForm
from policies.models import Activation, Draft, PlannedActivation, PolicyVersion
from policies.scopes import DEFAULT, label_of
from policies.services import activations, break_glass, plans, rollbacks
from policies.services.reading import check_unchanged
from policies.services.versions import person
from policies.views.acting import Act, revision_of, run, sent
from policies.views.people import may_change, user_of

_GET_AND_POST = ["GET", "HEAD", "POST"]


def of_scope(name: str, scope: str, live: Activation | None = None) -> str:
    """The address of an act on *scope*, decided on in sight of what is *live* there."""
    said = {"scope": scope} | ({"activation": live.pk} if live else {})
    return f"{reverse(name)}?{urlencode(said)}"


def activate_act(number: int, data: Any = None, *, refused: str = "") -> Act:
    """Put version *number* in force."""
    return Act(
        name="activate",
        label=_("Activate…"),
        title=_("Activate policy %(number)d") % {"number": number},
        words=_("Chat services follow within a minute. It can be rolled back at any time."),
        url=reverse("policy-activate", args=[number]),
        form=ActivateForm(data, auto_id="activate_%s"),
        submit=_("Activate"),
        primary=not refused,
        refused=refused,
    )


def break_glass_act(found: PolicyVersion | Draft, data: Any = None, *, refused: str = "") -> Act:
    """Put a version, or a draft as it was read, in force alone."""
    number, address = found.number, reverse("policy-break-glass", args=[found.number])
    return Act(
        name="break-glass",
        label=_("Break glass…"),
        title=_("Put policy %(number)d in force alone?") % {"number": number},
        words=_(
            "Without a second person, at once, for all of the scope. This is only for a policy"
            " that is stricter in every threshold than what it replaces. What is planned there is"
            " cancelled. A second person looks at it within 24 hours: approves it, or takes it"
            " back. Everybody who may change policies is reminded until then."
        ),
        url=f"{address}?revision={found.revision}" if isinstance(found, Draft) else address,
        form=BreakGlassForm(data, auto_id="break_%s"),
        submit=_("Put it in force alone"),
        danger=True,
        red=True,
        refused=refused,
    )


def share_act(live: Activation, data: Any = None, *, name: str = "share") -> Act:
    """Change the share of a staged rollout."""
    return Act(
        name=name,
        label=_("Change share…"),
        title=_("Roll policy %(number)d out further?") % {"number": live.version_id},
        words=_(
            "Now %(percent)d percent. Whoever is in a share is in every larger one; 100 ends the"
            " rollout."
        )
        % {"percent": live.percent},
        url=of_scope("policy-share", live.scope, live),
        form=ShareForm(data, auto_id=f"{name}_%s", initial={"percent": live.percent}),
        submit=_("Change the share"),
    )


def rollback_act(live: Activation, data: Any = None, *, name: str = "rollback") -> Act:
    """Go back to what the scope of *live* had before."""
    return Act(
        name=name,
        label=_("Roll back…"),
        title=_("Roll back: %(scope)s") % {"scope": label_of(live.scope)},
        words=_(
            "The version that was in force before comes back, at once and for all of the scope."
            " What is planned there is cancelled. One that waits for a second look goes on waiting."
        ),
        url=of_scope("policy-rollback", live.scope, live),
        form=ReasonForm(data, auto_id=f"{name}_%s"),
        submit=_("Roll back"),
        danger=True,
        red=True,
    )


def end_override_act(live: Activation, data: Any = None, *, name: str = "end") -> Act:
    """Take the override *live* away."""
    return Act(
        name=name,
        label=_("End override…"),
        title=_("End the override: %(scope)s") % {"scope": label_of(live.scope)},
        words=_("What holds more widely holds for these conversations again, at once."),
        url=of_scope("policy-end-override", live.scope, live),
        form=ReasonForm(data, auto_id=f"{name}_%s"),
        submit=_("End the override"),
        danger=True,
    )


def cancel_plan_act(planned: PlannedActivation, data: Any = None, *, name: str = "plan") -> Act:
    """Cancel what is planned."""
    return Act(
        name=name,
        label=_("Cancel plan…"),
        title=_("Cancel the planned activation of policy %(number)d?")
        % {"number": planned.version_id},
        words=_("What is in force stays in force. The version can be planned again."),
        url=of_scope("policy-cancel-plan", planned.scope),
        form=ReasonForm(data, auto_id=f"{name}_%s"),
        submit=_("Cancel the plan"),
        danger=True,
    )


@require_http_methods(_GET_AND_POST)
@may_change
def activate(request: HttpRequest, number: int) -> HttpResponse:
    """Put a version in force, now or at a time."""
    version = get_object_or_404(PolicyVersion, number=number)
    act = activate_act(number, sent(request))

    def do(said: dict[str, Any]) -> str:
        asked = {
            "version": version,
            "scope": said["scope"],
            "percent": said["percent"],
            "reason": said["reason"],
            "guard": said["guard"],
            "now": timezone.now(),
        }
        if said["at"]:
            plans.plan(**asked, at=said["at"], user=user_of(request))
            return _("It is planned. Until then nothing changes.")
        activations.activate(**asked, actor=person(user_of(request)))
        return _("It is in force. Chat services follow within a minute.")

    return run(request, act, back=reverse("policy-version", args=[number]), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def break_alone(request: HttpRequest, number: int) -> HttpResponse:
    """Put a stricter version in force alone."""
    draft = Draft.objects.filter(number=number).first()
    found = draft or get_object_or_404(PolicyVersion, number=number)

    def do(said: dict[str, Any]) -> str:
        break_glass.break_glass(
            number=number,
            user=user_of(request),
            now=timezone.now(),
            reason=said["reason"],
            scope=said["scope"],
            revision=revision_of(request, draft),
        )
        return _("It is in force. A second person looks at it within 24 hours.")

    act = break_glass_act(found, sent(request))
    return run(request, act, back=reverse("policy-version", args=[number]), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def share(request: HttpRequest) -> HttpResponse:
    """Change the share of the rollout of a scope."""
    live = _live(request)

    def do(said: dict[str, Any]) -> str:
        with transaction.atomic():
            check_unchanged(scope=live.scope, activation_id=_seen(request))
            activations.activate(
                version=live.version,
                scope=live.scope,
                percent=said["percent"],
                reason=said["reason"],
                actor=person(user_of(request)),
                now=timezone.now(),
            )
        return _("The share is changed.")

    return run(request, share_act(live, sent(request)), back=reverse("policies"), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def rollback(request: HttpRequest) -> HttpResponse:
    """Go back to what a scope had before."""
    live = _live(request)

    def do(said: dict[str, Any]) -> str:
        actor, now = person(user_of(request)), timezone.now()
        with transaction.atomic():
            check_unchanged(scope=live.scope, activation_id=_seen(request))
            reason = said["reason"]
            began = rollbacks.rollback(scope=live.scope, reason=reason, actor=actor, now=now)
        if began is None:
            return _("The override is taken away: what holds more widely holds again.")
        done = _("Policy %(number)d is in force again.") % {"number": began.version_id}
        if break_glass.unreviewed().filter(version=began.version_id).exists():
            done += " " + _("It still waits for a second person to look at it.")
        return done

    return run(request, rollback_act(live, sent(request)), back=reverse("policies"), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def end_override(request: HttpRequest) -> HttpResponse:
    """Take the override of a scope away."""
    live = _live(request)

    def do(said: dict[str, Any]) -> str:
        actor, now = person(user_of(request)), timezone.now()
        with transaction.atomic():
            check_unchanged(scope=live.scope, activation_id=_seen(request))
            activations.end_override(scope=live.scope, reason=said["reason"], actor=actor, now=now)
        return _("The override is taken away: what holds more widely holds again.")

    return run(request, end_override_act(live, sent(request)), back=reverse("policies"), do=do)


@require_http_methods(_GET_AND_POST)
@may_change
def cancel_plan(request: HttpRequest) -> HttpResponse:
    """Cancel what is planned in a scope."""
    planned = get_object_or_404(PlannedActivation.objects.pending(), scope=scope_of(request))

    def do(said: dict[str, Any]) -> str:
        user, now = user_of(request), timezone.now()
        plans.cancel(scope=planned.scope, reason=said["reason"], user=user, now=now)
        return _("The plan is cancelled.")

    return run(request, cancel_plan_act(planned, sent(request)), back=reverse("policies"), do=do)


def scope_of(request: HttpRequest, default: str = DEFAULT) -> str:
    """The scope that the address names, *default* where it names none; 404 where it is none."""
    scope = request.GET.get("scope", default)
    try:
        label_of(scope)
    except ValueError:
        raise Http404 from None
    return scope


def _live(request: HttpRequest) -> Activation:
    """What is in force in the scope that the address names, by itself; 404 where nothing is."""
    live = activations.live_in(scope_of(request))
    if live is None:
        raise Http404
    return live


def _seen(request: HttpRequest) -> int | None:
    """The activation that the reader decided on, by the address of the act."""
    given = request.GET.get("activation", "")
    return int(given) if given.isdecimal() and len(given) < 19 else None
