"""Giving a verdict and taking it back."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations.services.evidence import read_messages, transcript_of
from conversations.transcripts import Message
from reviews.forms import VerdictForm
from reviews.models import Case
from reviews.permissions import check_decide
from reviews.services import verdicts
from reviews.services.claims import HeldByAnother, NotHeld, claim
from reviews.transitions import Forbidden
from reviews.views.cases import case_page
from reviews.views.people import case_for, reviewer


@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Send a verdict. What is wrong with it is said beside the fields, and nothing is lost."""
    user = reviewer(request)
    case = case_for(user, number, joined=("cutoff",))
    check_decide(user, case)
    form = VerdictForm(request.POST, case=case, messages=_messages(case, request.POST))
    if not form.is_valid():
        return case_page(request, case, user, form=form)
    key = form.cleaned_data.get("key")
    try:
        verdicts.decide(
            case=case,
            user=user,
            verdict=form.verdict(),
            now=timezone.now(),
            idempotency_key=f"page:{key}" if key else None,
        )
    except (NotHeld, Forbidden) as refused:
        form.add_error(None, str(refused))
        return case_page(request, case, user, form=form)
    # The same words wherever it goes: whether another's is asked for is no matter before it counts.
    messages.success(
        request,
        _("Your verdict is in. It counts in %(seconds)d seconds; until then you can undo it.")
        % {"seconds": settings.UNDO_SECONDS},
    )
    return redirect("case", number=number)


def _messages(case: Case, sent: Collection[str]) -> list[Message] | None:
    """What a verdict can cite, where the one that was *sent* cites something."""
    if not {"evidence", "ranges"} & set(sent):
        return None
    transcript = transcript_of(case.cutoff)
    return read_messages(transcript) if transcript else None


@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Take the last verdict back while it is not settled, and hold the case to decide anew."""
    user = reviewer(request)
    case = case_for(user, number)
    try:
        verdicts.undo(case=case, user=user, now=timezone.now())
    except Forbidden as refused:
        messages.warning(request, str(refused))
        return redirect("case", number=number)
    try:
        claim(case=case, user=user)
    except (HeldByAnother, Forbidden, PermissionDenied) as refused:
        messages.success(request, f"{_('The verdict is taken back.')} {refused}")
    else:
        messages.success(request, _("The verdict is taken back. The case is yours again."))
    return redirect("case", number=number)
