"""Who is on call: the rota, pagers, the latest alarms, and the drill that proves the chain."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.requests import user_of
from reviews import rota
from reviews.danger_models import Alarm, Duty, Pager
from reviews.on_call_forms import DutyForm, PagerForm
from reviews.permissions import (
    can_keep_rota,
    can_set_pagers,
    check_keep_rota,
    check_set_pagers,
)
from reviews.services import danger, on_call
from reviews.services.proving import proof
from reviews.views.endpoints import Made
from reviews.views.people import reviewer
from reviews.views.refusals import explain

#: Alarms on the page: all that wait, and the latest of the others.
MOST_LIVE = 100
MOST_PAST = 20

_GET_AND_POST = ["GET", "HEAD", "POST"]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Who is on call now, and all that belongs to it."""
    return _page(request, reviewer(request))


@require_http_methods(_GET_AND_POST)
def add_duty(request: HttpRequest) -> HttpResponse:
    """Put hours into the rota."""
    user = _keeper(request)
    if request.method != "POST":
        return redirect("on-call")
    form = DutyForm(request.POST, user=user)
    if form.is_valid():
        try:
            on_call.add_duty(duty=form.duty, by=user, now=timezone.now())
        except ValidationError as refused:
            explain(form, refused)
        else:
            messages.success(request, _("The hours are in the rota."))
            return redirect("on-call")
    return _page(request, user, duty_form=form)


@require_POST
def end_duty(request: HttpRequest, pk: int) -> HttpResponse:
    """Take hours out of the rota."""
    user = _keeper(request)
    on_call.end_duty(duty=get_object_or_404(Duty, pk=pk), by=user, now=timezone.now())
    messages.success(request, _("The hours are out of the rota."))
    return redirect("on-call")


@never_cache
@require_http_methods(_GET_AND_POST)
@sensitive_variables()
def add_pager(request: HttpRequest) -> HttpResponse:
    """Add a pager. This answer shows its secret; asked for again, it leads to the page."""
    user = user_of(request)
    check_set_pagers(user)
    if request.method != "POST":
        return redirect("on-call")
    form = PagerForm(request.POST, prefix="pager")
    if form.is_valid():
        try:
            pager, secret = on_call.add_pager(
                url=form.cleaned_data["url"], by=user, now=timezone.now()
            )
        except ValidationError as refused:
            explain(form, refused)
        else:
            return _page(request, user, made=Made(pager.url, secret))
    return _page(request, user, pager_form=form)


@require_POST
def remove_pager(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell a pager nothing more."""
    user = user_of(request)
    check_set_pagers(user)
    on_call.remove_pager(pager=get_object_or_404(Pager, pk=pk), by=user, now=timezone.now())
    messages.success(request, _("The pager is told nothing more."))
    return redirect("on-call")


@require_POST
def drill(request: HttpRequest) -> HttpResponse:
    """Raise an alarm about nothing."""
    alarm = danger.drill(user=_keeper(request), now=timezone.now())
    messages.success(
        request, _("The drill has begun. It counts once somebody who was told acknowledges.")
    )
    return redirect("alarm", pk=alarm.pk)


def _keeper(request: HttpRequest) -> User:
    user = user_of(request)
    check_keep_rota(user)
    return user


def _page(
    request: HttpRequest,
    user: User,
    *,
    duty_form: DutyForm | None = None,
    pager_form: PagerForm | None = None,
    made: Made | None = None,
) -> HttpResponse:
    now = timezone.now()
    duties = on_call.duties()
    names = {duty.person_id: duty.person for duty in duties}
    keeps, sets = can_keep_rota(user), can_set_pagers(user)
    alarms = Alarm.objects.select_related("acknowledged_by").order_by("-raised_at", "-pk")
    context: dict[str, Any] = {
        "duties": duties,
        "now_on_call": [names[key] for key in rota.on_call([one.turn for one in duties], now)],
        "gaps": on_call.gaps(duties, now),
        "live": alarms.live()[:MOST_LIVE],
        "past": alarms.exclude(acknowledged_at=None)[:MOST_PAST],
        "mail_is_set_up": on_call.mail_is_set_up(),
        "pagers": on_call.pagers(),
        "proof": proof(),
        "keeps": keeps,
        "sets_pagers": sets,
        "duty_form": duty_form or (DutyForm(user=user) if keeps else None),
        "pager_form": pager_form or (PagerForm(prefix="pager") if sets else None),
        "made": made,
    }
    refused = (duty_form and duty_form.errors) or (pager_form and pager_form.errors)
    return render(request, "reviews/on_call.html", context, status=422 if refused else 200)
