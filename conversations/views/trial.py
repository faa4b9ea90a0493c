"""Sending a test event, and parked events once more."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations.api import hurry_enrichment, limits
from conversations.models import ParkedEvent, Source
from conversations.services import trial
from conversations.services.intake import Result
from conversations.views.people import actor_of, may_change


@require_POST
@may_change
def send_test_event(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a made-up event stored, and show what became of it."""
    result = trial.send_test_event(
        source=get_object_or_404(Source, slug=slug),
        limits=limits(),
        now=timezone.now(),
        actor=actor_of(request),
    )
    if result.status == "accepted" and trial.PARKED not in result.warnings:
        hurry_enrichment([result])
        asked = urlencode({"tested": str(result.cutoff_id)})
        return redirect(f"{reverse('source', args=[slug])}?{asked}#tested")
    messages.error(request, _("The test event was not stored: %(why)s.") % {"why": _why(result)})
    return redirect("source", slug=slug)


@require_POST
@may_change
def replay(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Have a parked event stored."""
    parked = get_object_or_404(ParkedEvent.objects.defer("raw"), source__slug=slug, pk=number)
    try:
        result = trial.replay(parked=parked, limits=limits(), actor=actor_of(request))
    except ParkedEvent.DoesNotExist:
        messages.info(request, _("Somebody else was first: the event is stored."))
        return redirect("source", slug=slug)
    if result.status == "rejected" or trial.PARKED in result.warnings:
        messages.error(
            request, _("It could not be stored, and stays here: %(why)s.") % {"why": _why(result)}
        )
    else:
        hurry_enrichment([result])
        messages.success(request, _("The event is stored."))
    return redirect(f"{reverse('source', args=[slug])}#parked")


def _why(result: Result) -> str:
    """Codes alone: nothing of what was sent."""
    if result.status == "rejected":
        return ", ".join(error["code"] for error in result.errors)
    return _("something behind intake failed, and the event is parked")
