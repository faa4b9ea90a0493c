"""Keeping a view of the queue, and letting it go."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reviews.filters import QueueFilter
from reviews.models import SavedView
from reviews.services import saved_views
from reviews.views.arranging import with_undo
from reviews.views.people import numbered, reviewer


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('queue')}?{request.POST.get('back', '')}")


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the list under a name."""
    user = reviewer(request)
    try:
        view = saved_views.save(
            owner=user,
            name=request.POST.get("name", ""),
            filters=QueueFilter.kept(QueryDict(request.POST.get("back", ""))),
            shared=bool(request.POST.get("shared")),
            now=timezone.now(),
        )
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
        return _back(request)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return _back(request)


@require_POST
def remove(request: HttpRequest, view_id: int) -> HttpResponse:
    """Take a view away, and offer to bring it back."""
    user = reviewer(request)
    try:
        view = saved_views.remove(view_id=view_id, user=user, now=timezone.now())
    except SavedView.DoesNotExist:
        raise Http404 from None
    words = _("The view “%(name)s” is removed.") % {"name": view.name}
    messages.success(
        request, with_undo(request, words, reverse("restore-view", kwargs={"view_id": view.pk}))
    )
    return _back(request)


@require_POST
def restore(request: HttpRequest, view_id: int) -> HttpResponse:
    """Bring a removed view back."""
    user = reviewer(request)
    try:
        view = saved_views.restore(view_id=view_id, user=user, now=timezone.now())
    except SavedView.DoesNotExist:
        raise Http404 from None
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
        return _back(request)
    messages.success(request, _("The view “%(name)s” is back.") % {"name": view.name})
    return _back(request)


@require_POST
def begin_with(request: HttpRequest) -> HttpResponse:
    """Begin the queue page with a view, or with what waits."""
    user = reviewer(request)
    chosen = request.POST.get("view", "")
    view_id = numbered(chosen)
    if chosen and view_id is None:
        raise Http404
    try:
        saved_views.begin_with(view_id=view_id, user=user, now=timezone.now())
    except SavedView.DoesNotExist:
        raise Http404 from None
    messages.success(
        request,
        _("Review now begins with this view.")
        if chosen
        else _("Review now begins with what waits."),
    )
    return _back(request)
