"""API keys and signing secrets: making them, shown once, and revoking them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from conversations.forms import KeyForm, SecretForm
from conversations.models import Source, SourceKey, SourceSecret
from conversations.services import sources
from conversations.views.page import Made, source_page
from conversations.views.people import actor_of, may_change
from conversations.vocabulary import Scope

_GET_AND_POST = ["GET", "HEAD", "POST"]


@require_http_methods(_GET_AND_POST)
@may_change
@sensitive_variables()
def make_key(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an API key. This answer shows it; its address, asked for again, leads to the source."""
    source = get_object_or_404(Source, slug=slug)
    if request.method != "POST":
        return redirect("source", slug=slug)
    form = KeyForm(request.POST, prefix="key")
    if not form.is_valid():
        return source_page(request, source, key=form)
    name = form.cleaned_data["name"]
    token = sources.create_key(
        source=source,
        name=name,
        scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
        actor=actor_of(request),
    )
    return source_page(request, source, made=Made("key", name, str(token)))


@require_http_methods(_GET_AND_POST)
@may_change
@sensitive_variables()
def make_secret(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a signing secret, shown as a key is."""
    source = get_object_or_404(Source, slug=slug)
    if request.method != "POST":
        return redirect("source", slug=slug)
    form = SecretForm(request.POST, prefix="secret")
    if not form.is_valid():
        return source_page(request, source, secret=form)
    name = form.cleaned_data["name"]
    try:
        secret = sources.create_secret(source=source, name=name, actor=actor_of(request))
    except sources.TwoSecretsAlready as refused:
        form.add_error(None, str(refused))
        return source_page(request, source, secret=form)
    return source_page(request, source, made=Made("secret", name, secret))


@require_http_methods(_GET_AND_POST)
@may_change
def revoke_key(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Ask whether, then revoke an API key."""
    key = get_object_or_404(
        SourceKey.objects.select_related("source"), source__slug=slug, public_id=public_id
    )
    if request.method == "POST":
        sources.revoke_key(key=key, now=timezone.now(), actor=actor_of(request))
        messages.success(request, _("The key is revoked."))
        return redirect("source", slug=slug)
    if key.revoked_at:
        return redirect("source", slug=slug)
    context = {"source": key.source, "kind": "key", "name": key.name, "id": str(key)}
    return render(request, "conversations/revoke.html", context)


@require_http_methods(_GET_AND_POST)
@may_change
def revoke_secret(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Ask whether, then revoke a signing secret."""
    secret = get_object_or_404(
        SourceSecret.objects.defer("secret").select_related("source"),
        source__slug=slug,
        pk=number,
    )
    if request.method == "POST":
        sources.revoke_secret(secret=secret, now=timezone.now(), actor=actor_of(request))
        messages.success(request, _("The secret is revoked."))
        return redirect("source", slug=slug)
    if secret.revoked_at:
        return redirect("source", slug=slug)
    context = {"source": secret.source, "kind": "secret", "name": secret.name, "id": ""}
    return render(request, "conversations/revoke.html", context)
