"""The page of one source, which every form on it comes back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from conversations.forms import KeyForm, SecretForm, SettingsForm, TermsForm
from conversations.models import Cutoff, Source
from conversations.services import receipts
from conversations.views import snippets
from conversations.views.figure import figure
from conversations.views.keeping import retention_of


@dataclass(frozen=True)
class Made:
    """A key or a secret that was made just now; this answer alone shows it."""

    kind: str
    name: str
    text: str

    def __repr__(self) -> str:
        return f"a new {self.kind}"


def source_page(
    request: HttpRequest,
    source: Source,
    *,
    settings: SettingsForm | None = None,
    terms: TermsForm | None = None,
    key: KeyForm | None = None,
    secret: SecretForm | None = None,
    made: Made | None = None,
) -> HttpResponse:
    """Render *source*; with a form where it was refused, at 422, or with what was made."""
    now = timezone.now()
    (overview,) = receipts.overviews(now=now, slug=source.slug)
    live = source.secrets.filter(revoked_at=None).defer("secret").select_related("created_by")
    context: dict[str, Any] = {
        "source": source,
        "overview": overview,
        "tail": receipts.tail(source=source),
        "figure": figure(receipts.minutes(source=source, now=now)),
        "parked": receipts.parked(source=source) if overview.parked else [],
        "keys": source.keys.select_related("created_by").order_by("-created_at", "-id"),
        "secrets": live.order_by("created_at", "id"),
        "snippets": snippets.snippets(),
        "variable": snippets.KEY_VARIABLE,
        "settings_form": settings or _settings_of(source),
        "terms_form": terms or _terms_of(source),
        "key_form": key or KeyForm(prefix="key"),
        "secret_form": secret or SecretForm(prefix="secret"),
        "made": made,
        "tested": _tested(request, source),
        **retention_of(source, request.user, now),
    }
    refused = any(form is not None and form.errors for form in (settings, terms, key, secret))
    response = render(request, "conversations/source.html", context, status=422 if refused else 200)
    if made:
        response["Cache-Control"] = "no-store"
    return response


def _settings_of(source: Source) -> SettingsForm:
    initial = {name: getattr(source, name) for name in SettingsForm.base_fields}
    return SettingsForm(prefix="settings", initial=initial)


def _terms_of(source: Source) -> TermsForm:
    initial = {name: getattr(source, name) for name in TermsForm.base_fields}
    return TermsForm(prefix="terms", initial=initial)


def _tested(request: HttpRequest, source: Source) -> Cutoff | None:
    """The cutoff that ``?tested=`` names, when a test event has just made it."""
    try:
        key = UUID(request.GET.get("tested", ""))
    except ValueError:
        return None
    return Cutoff.objects.filter(pk=key, source=source).select_related("conversation").first()
