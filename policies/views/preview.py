"""The live preview beside the editor, and the cases behind each of its numbers."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import HtmxRequest
from policies import editor
from policies.services.backtests import check_window
from policies.services.preview import preview as figures_of
from policies.thresholds import InvalidPolicy, read
from policies.tried import NotAQuestion, spell, unspell
from policies.views import drafts
from policies.views.asked import faults_in_words, preview_form, refused_in_words
from policies.views.figured import Told, told
from policies.views.flipped import cases_page
from policies.views.people import may_change, may_see
from policies.window_forms import PreviewForm


@require_POST
@may_change
def preview(request: HtmxRequest, number: int) -> HttpResponse:
    """The figures of what is typed in the editor; nothing is saved.

    For htmx a part of the page; refused values change nothing of what stands there but say why.
    """
    form = preview_form(request)
    reasons: dict[str, str] = {}
    figured = None
    try:
        candidate = read(editor.content(editor.typed(request.POST)))
    except InvalidPolicy as refused:
        reasons = editor.errors(refused.faults)
    else:
        if form.is_valid():
            question = form.question(candidate, timezone.now())
            figured = told(figures_of(question), partial(_link, spell(question)))
    context = _context(form, figured, reasons)
    if not request.htmx:
        return drafts.previewed(request, number, context, reasons)
    if figured is None:
        # The last figures stay, marked as outdated by the words above them.
        response = render(request, "policies/_preview_refused.html", context, status=422)
        response["HX-Retarget"], response["HX-Reswap"] = "#preview-fault", "innerHTML"
        return response
    return render(request, "policies/_preview.html", context | {"alone": True})


def _context(form: PreviewForm, figured: Told | None, reasons: dict[str, str]) -> dict[str, Any]:
    faults = faults_in_words(reasons) + refused_in_words(form)
    return {"asked": form, "told": figured, "faults": faults, "alone": False}


def _link(spelt: str, **chosen: Any) -> str:
    """The address of the cases that a number of a preview counts."""
    query = urlencode({**{key: str(value) for key, value in chosen.items()}, "q": spelt})
    return f"{reverse('policy-cases')}?{query}"


@require_safe
@may_see
def cases(request: HttpRequest) -> HttpResponse:
    """The cases behind a number of a preview, as the address spells it; 404 where it does not."""
    try:
        question = unspell(request.GET.get("q", ""))
        check_window(question.since, question.until)
    except (NotAQuestion, ValidationError):
        raise Http404 from None
    return cases_page(request, question, back=None)
