"""Answering the user of a case: choose a text, see it as they will, send it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from reviews.feedback_forms import ReplyForm
from reviews.models import Case
from reviews.reply_texts import paragraphs
from reviews.services import replies
from reviews.transitions import Forbidden
from reviews.views.people import case_for, reviewer


@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Write it, look at it, and keep it; the user reads it once the case is settled."""
    user = reviewer(request)
    case = case_for(user, number)
    if not replies.can_write(case, user):
        raise PermissionDenied(_("You can answer once your verdict is in."))
    form = _form(request, case, user)
    preview: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            if "preview" not in request.POST:
                _write(case, user, form)
                messages.success(
                    request,
                    _("Your reply is kept. The user reads it once the case is settled."),
                )
                return redirect("case", number=number)
            replies.check(**form.cleaned_data, offered=replies.offered(case, user))
            preview = paragraphs(**form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except Forbidden as refused:
            form.add_error(None, str(refused))
    return render(
        request,
        "reviews/reply.html",
        {"case": case, "form": form, "preview": preview, "written": replies.of(case, user)},
        status=422 if form.errors else 200,
    )


def _form(request: HttpRequest, case: Case, user: User) -> ReplyForm:
    draft = replies.draft_of(case, user)
    before = {"canned": draft.canned, "words": draft.own_words} if draft else None
    sent = request.POST if request.method == "POST" else None
    return ReplyForm(sent, initial=before, offered=replies.offered(case, user))


def _write(case: Case, user: User, form: ReplyForm) -> None:
    replies.write(case=case, user=user, now=timezone.now(), **form.cleaned_data)
