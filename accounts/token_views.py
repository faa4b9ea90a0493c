"""One's own personal tokens: making them, shown once, and revoking them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import personal_tokens
from accounts.forms import TokenForm
from accounts.ledger import Actor
from accounts.models import PersonalToken, User
from accounts.requests import user_of
from accounts.token_scopes import TokenScope

#: The latest of them; what opens something is among these.
MOST_SHOWN: Final = 50
#: A token that ends within it is marked.
SOON: Final = timedelta(days=7)
#: The environment variable from which a program takes the token.
VARIABLE: Final = "RECOURSE_TOKEN"

_GET_AND_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Row:
    """A token on the page; state: "live", "soon" to expire, "expired" or "revoked"."""

    token: PersonalToken
    state: str

    @property
    def scopes(self) -> list[str]:
        """What it may, in words."""
        return [str(TokenScope(scope).label) for scope in self.token.scopes]


@dataclass(frozen=True)
class Made:
    """A token that was made just now; this answer alone shows it."""

    name: str
    text: str

    def __repr__(self) -> str:
        return "a new token"


@require_http_methods(_GET_AND_POST)
@sensitive_variables()
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens, and a form for another. The answer that makes one shows it, and no other."""
    user, now = user_of(request), timezone.now()
    offered = personal_tokens.within_role(user)
    if request.method != "POST":
        return _page(request, user, now, TokenForm(scopes=offered))
    form = TokenForm(request.POST, scopes=offered)
    if not form.is_valid():
        return _page(request, user, now, form)
    sent = form.cleaned_data
    try:
        token = personal_tokens.create(
            user=user,
            name=sent["name"],
            scopes=[TokenScope(scope) for scope in sent["scopes"]],
            expires_at=now + timedelta(days=sent["days"]),
            now=now,
            actor=Actor(user=user),
        )
    except ValidationError as refused:
        form.add_error(None, refused)
        return _page(request, user, now, form)
    made = Made(sent["name"], str(token))
    return _page(request, user, now, TokenForm(scopes=offered), made)


def _page(
    request: HttpRequest, user: User, now: datetime, form: TokenForm, made: Made | None = None
) -> HttpResponse:
    # Those that open something first: they are fewer than are shown.
    listed = PersonalToken.objects.filter(user=user).order_by(
        F("revoked_at").desc(nulls_first=True), "-expires_at", "-id"
    )
    context = {
        "rows": [Row(token, _state(token, now)) for token in listed[:MOST_SHOWN]],
        "form": form,
        "made": made,
        "variable": VARIABLE,
        "address": f"{settings.RECOURSE_PUBLIC_URL}/api/v1/cases",
    }
    status = 422 if form.errors else 200
    response = render(request, "accounts/tokens.html", context, status=status)
    if made:
        response["Cache-Control"] = "no-store"
    return response


def _state(token: PersonalToken, now: datetime) -> str:
    if token.revoked_at:
        return "revoked"
    if token.expires_at <= now:
        return "expired"
    return "soon" if token.expires_at <= now + SOON else "live"


@require_http_methods(_GET_AND_POST)
def revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask whether, then revoke one of one's own."""
    user = user_of(request)
    token = get_object_or_404(PersonalToken, user=user, public_id=public_id)
    if request.method == "POST":
        personal_tokens.revoke(token=token, now=timezone.now(), actor=Actor(user=user))
        messages.success(request, _("The token is revoked."))
        return redirect("tokens")
    if token.revoked_at:
        return redirect("tokens")
    return render(request, "accounts/revoke_token.html", {"token": token})
