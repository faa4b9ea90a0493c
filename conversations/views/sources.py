"""The list of sources, making one, its page, its settings and its tail."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conversations.forms import NewSourceForm, SettingsForm
from conversations.models import Source
from conversations.services import receipts, source_settings
from conversations.services.sources import create_source
from conversations.views.page import source_page
from conversations.views.people import actor_of, may_change, may_see
from conversations.vocabulary import Mode


@require_safe
@may_see
def sources(request: HttpRequest) -> HttpResponse:
    """All sources, and what they sent lately."""
    return render(
        request,
        "conversations/sources.html",
        {"sources": receipts.overviews(now=timezone.now())},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@may_change
def new_source(request: HttpRequest) -> HttpResponse:
    """Make a source."""
    form = NewSourceForm(
        request.POST if request.method == "POST" else None, initial={"mode": Mode.ADVISORY.value}
    )
    if request.method == "POST" and form.is_valid():
        try:
            source = _create(request, form)
        except IntegrityError:
            # Somebody else took it since the form looked.
            form.add_error("slug", _("Another source has this short name. Choose another."))
        else:
            messages.success(request, _("The source is there. Make an API key for it next."))
            return redirect("source", slug=source.slug)
    status = 422 if form.errors else 200
    return render(request, "conversations/new_source.html", {"form": form}, status=status)


def _create(request: HttpRequest, form: NewSourceForm) -> Source:
    sent = form.cleaned_data
    with transaction.atomic():
        return create_source(
            slug=sent["slug"],
            name=sent["name"],
            mode=Mode(sent["mode"]),
            actor=actor_of(request),
        )


@require_safe
@may_see
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything about one source."""
    return source_page(request, get_object_or_404(Source, slug=slug))


@require_POST
@may_change
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Change name, mode and limits."""
    found = get_object_or_404(Source, slug=slug)
    form = SettingsForm(request.POST, prefix="settings")
    if not form.is_valid():
        return source_page(request, found, settings=form)
    sent = form.cleaned_data
    changed = source_settings.change_source(
        source=found,
        name=sent["name"],
        mode=Mode(sent["mode"]),
        events_per_second=sent["events_per_second"],
        calls_per_second=sent["calls_per_second"],
        actor=actor_of(request),
    )
    if changed:
        messages.success(request, _("The settings are saved."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("source", slug=slug)


@require_safe
@may_see
def tail(request: HttpRequest, slug: str) -> HttpResponse:
    """The latest receipts, for htmx; 204 while they are those that ``?mark=`` names."""
    found = get_object_or_404(Source, slug=slug)
    latest = receipts.tail(source=found)
    if request.GET.get("mark") == latest.mark:
        return HttpResponse(status=204)
    return render(request, "conversations/_tail.html", {"source": found, "tail": latest})
