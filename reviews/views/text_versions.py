"""One version of words for notices, what is said of it, and what it would look like."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from reviews.languages import direction_of
from reviews.notices import often_met
from reviews.services import text_decisions
from reviews.services.texts import NotPossible, compared, previewed
from reviews.text_forms import DecisionForm
from reviews.text_models import NoticeDraft, NoticeText
from reviews.texts import NoticeKind
from reviews.views.texts import writer

#: Of older and newer versions for the same notices, no more are listed.
_MOST_LISTED: Final = 50
#: Stands in the addresses of a preview, whose links lead nowhere.
_NOWHERE: Final = "preview"

_PEOPLE: Final = ("source", "author", "submitted_by", "decided_by", "ended_by")


@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """What it says, beside what it takes the place of; approving, rejecting, withdrawing it."""
    user = writer(request)
    text = get_object_or_404(NoticeText.objects.select_related(*_PEOPLE), pk=pk)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            said = _act(request.POST.get("act", ""), text, form.cleaned_data["reason"], user)
        except NotPossible as refused:
            messages.warning(request, str(refused))
            return redirect("notice-text", pk=pk)
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            messages.success(request, said)
            return redirect("notice-text", pk=pk)
    context = {
        "text": text,
        "state": text.state.value,
        "form": form,
        "compared": compared(text),
        "may_decide": text_decisions.can_decide(user, text),
        "versions": NoticeText.objects.of(text.scope).order_by("-number")[:_MOST_LISTED],
    }
    status = 422 if form.errors else 200
    return render(request, "reviews/text_version.html", context, status=status)


def _act(asked: str, text: NoticeText, reason: str, user: User) -> str:
    """Do what was asked for, and say what is so now."""
    now = timezone.now()
    match asked:
        case "approve":
            text_decisions.approve(text_id=text.pk, user=user, now=now)
            return _("It is in force: notices are told by it from now on.")
        case "reject":
            text_decisions.reject(text_id=text.pk, reason=reason, user=user, now=now)
            return _("It is rejected. Whoever wrote it can begin another draft from it.")
        case "withdraw":
            text_decisions.withdraw(text_id=text.pk, reason=reason, user=user, now=now)
            return _("It is out of force. Wider texts, or the product's own words, are told.")
    raise NotPossible(_("Choose what is to be done."))


@require_safe
def preview_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The notice as it would be with a draft."""
    writer(request)
    back = reverse("edit-notice-text", args=[pk])
    return _preview(request, get_object_or_404(NoticeDraft, pk=pk), back)


@require_safe
def preview_text(request: HttpRequest, pk: int) -> HttpResponse:
    """The notice as it would be with a version."""
    writer(request)
    back = reverse("notice-text", args=[pk])
    return _preview(request, get_object_or_404(NoticeText, pk=pk), back)


def _preview(request: HttpRequest, written: NoticeDraft | NoticeText, back: str) -> HttpResponse:
    """The user's own page, in the language of the text, with a mark in that of the staff."""
    staff = translation.get_language() or ""
    by_user = written.kind == NoticeKind.BY_USER
    with translation.override(written.language):
        context: dict[str, Any] = {
            "staff_language": staff,
            "staff_direction": direction_of(staff),
            "back": back,
            "token": _NOWHERE,
            "ended_at": timezone.now(),
            "words": previewed(written),
            "by_user": by_user,
            "met": often_met(by_user=by_user),
            "locked": True,
            "minor": written.kind == NoticeKind.TO_MINOR,
            "country": "",
        }
        response = render(request, "reviews/text_preview.html", context)
    response["Content-Language"] = written.language
    response["Cache-Control"] = "no-store"
    return response
