"""Whether answers are to go to an address: the page behind the link that was mailed to it.

It tells nothing of any case: whoever got the mail by mistake learns nothing. Following the link
alone changes nothing, since mail programs do that by themselves.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from reviews.services import addresses
from reviews.views.spoken import spoken


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def answers(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, and keep the answer. The token in the address is the key, as on a notice."""
    kept = addresses.find(token=token, now=timezone.now())
    language = spoken(request, locale=kept.language if kept else "")
    step, status = _step(request, token, found=kept is not None)
    with translation.override(language):
        response = render(request, "reviews/answer_address.html", {"step": step}, status=status)
    response["Content-Language"] = language
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _step(request: HttpRequest, token: str, *, found: bool) -> tuple[str, int]:
    now = timezone.now()
    if request.method == "POST":
        refused = request.POST.get("answer") == "no"
        done = (addresses.refuse if refused else addresses.verify)(token=token, now=now)
        if done:
            return ("refused" if refused else "verified"), 200
    elif found:
        return "asked", 200
    return "unknown", 404
