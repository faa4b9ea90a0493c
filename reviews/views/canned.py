"""The page on which one keeps texts for rationales."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from reviews.forms import CannedTextForm
from reviews.models import CannedText
from reviews.permissions import check_decide
from reviews.services import canned
from reviews.views.people import reviewer


@require_http_methods(["GET", "HEAD", "POST"])
def texts(request: HttpRequest) -> HttpResponse:
    """All texts that one is offered, and a form for another one."""
    user = reviewer(request)
    check_decide(user)
    form = CannedTextForm(request.POST or None, may_share=canned.can_share(user))
    return _kept(request, user, form) or _page(request, user, form)


@require_http_methods(["GET", "HEAD", "POST"])
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one text."""
    user = reviewer(request)
    check_decide(user)
    kept = get_object_or_404(canned.changeable_by(user), pk=pk)
    initial = {
        "title": kept.title,
        "text": kept.text,
        "reason_code": kept.reason_code,
        "shared": kept.owner_id is None,
    }
    form = CannedTextForm(request.POST or None, initial=initial, may_share=canned.can_share(user))
    return _kept(request, user, form, kept) or _page(request, user, form, kept)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one text."""
    user = reviewer(request)
    kept = get_object_or_404(canned.changeable_by(user), pk=pk)
    canned.forget(kept=kept, user=user, now=timezone.now())
    messages.success(request, _("“%(title)s” is deleted.") % {"title": kept.title})
    return redirect("canned-texts")


def _kept(
    request: HttpRequest, user: User, form: CannedTextForm, kept: CannedText | None = None
) -> HttpResponse | None:
    """Keep what was sent; None where nothing was, or where it is refused."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        canned.keep(user=user, now=timezone.now(), replacing=kept, **form.cleaned_data)
    except ValidationError as refused:
        form.add_error(None, refused)
        return None
    messages.success(request, _("“%(title)s” is kept.") % {"title": form.cleaned_data["title"]})
    return redirect("canned-texts")


def _page(
    request: HttpRequest, user: User, form: CannedTextForm, kept: CannedText | None = None
) -> HttpResponse:
    changeable = set(canned.changeable_by(user).values_list("pk", flat=True))
    context: dict[str, Any] = {
        "form": form,
        "kept": kept,
        "texts": [(one, one.pk in changeable) for one in canned.texts_for(user)],
    }
    return render(request, "reviews/canned_texts.html", context, status=422 if form.errors else 200)
