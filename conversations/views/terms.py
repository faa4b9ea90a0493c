"""Setting how long a source's words and signals are kept, and counting what would be deleted."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conversations.forms import TermsForm
from conversations.hurrying import hurry
from conversations.models import Source
from conversations.retention import Terms
from conversations.services import rehearsal, retention
from conversations.views.page import source_page
from conversations.views.people import CHANGE, actor_of, may_change, may_see

REHEARSE_TASK: Final = "conversations.tasks.rehearse_retention"


@require_POST
@may_change
def set_terms(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep words and signals for so long from now on."""
    found = get_object_or_404(Source, slug=slug)
    form = TermsForm(request.POST, prefix="terms")
    if not form.is_valid():
        return source_page(request, found, terms=form)
    shorter = form.cleaned_data["transcript_days"] < found.transcript_days
    shorter |= form.cleaned_data["signal_days"] < found.signal_days
    if not retention.set_terms(
        source=found, terms=Terms(**form.cleaned_data), actor=actor_of(request)
    ):
        messages.info(request, _("Nothing was changed."))
    elif shorter:
        messages.warning(
            request,
            _("The terms are saved. A term is shorter: what is over goes with the next run."),
        )
    else:
        messages.success(request, _("The terms are saved."))
    return redirect(f"{reverse('source', args=[slug])}#retention")


@require_http_methods(["GET", "HEAD", "POST"])
@may_see
def dry_run(request: HttpRequest, slug: str) -> HttpResponse:
    """Have counted what the next run would delete, with POST; how far that is, for htmx."""
    found = get_object_or_404(Source, slug=slug)
    if request.method == "POST":
        if not request.user.has_perm(CHANGE):
            return HttpResponse(status=403)
        token = rehearsal.ask(source=found, actor=actor_of(request), now=timezone.now())
        hurry(REHEARSE_TASK, slug, token)
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('source', args=[slug])}#retention")
    latest = rehearsal.latest(source=found, now=timezone.now())
    away = request.method == "POST" and latest is None
    context = {"source": found, "rehearsal": latest, "away": away}
    return render(request, "conversations/_dry_run.html", context)
