"""Where the outcomes of a source go: its endpoints, their secrets, switching them off and on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from conversations.models import Source
from reviews.models import Endpoint, EndpointSecret
from reviews.outcome_forms import EndpointForm, TypesForm
from reviews.outcome_vocabulary import OutcomeType
from reviews.services import endpoints
from reviews.services.endpoints import NotPossible
from reviews.views.people import who_changes_outcomes, who_sees_outcomes
from reviews.views.refusals import explain

_GET_AND_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Made:
    """A secret that was made just now; this answer alone shows it."""

    name: str
    text: str
    kind: str = "secret"

    def __repr__(self) -> str:
        return "a new secret"


@dataclass(frozen=True)
class Row:
    """One endpoint with the form that changes what it is sent."""

    endpoint: Endpoint
    types: list[str]
    form: TypesForm


@require_safe
def outcomes(request: HttpRequest, slug: str) -> HttpResponse:
    """The endpoints of a source."""
    who_sees_outcomes(request)
    return _page(request, get_object_or_404(Source, slug=slug))


@require_http_methods(_GET_AND_POST)
@sensitive_variables()
def new_endpoint(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an endpoint. This answer shows its secret; asked for again, it leads to the page."""
    user = who_changes_outcomes(request)
    source = get_object_or_404(Source, slug=slug)
    if request.method != "POST":
        return redirect("source-outcomes", slug=slug)
    form = EndpointForm(request.POST, prefix="endpoint")
    if not form.is_valid():
        return _page(request, source, form=form)
    try:
        made, secret = endpoints.create(
            source=source,
            url=form.cleaned_data["url"],
            types=_types(form),
            user=user,
            now=timezone.now(),
        )
    except ValidationError as refused:
        explain(form, refused)
        return _page(request, source, form=form)
    return _page(request, source, made=Made(made.url, secret))


@require_POST
def set_types(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what an endpoint is sent."""
    user, endpoint = who_changes_outcomes(request), _endpoint(pk)
    form = TypesForm(request.POST, prefix=f"e{pk}")
    if not form.is_valid():
        return _page(request, endpoint.source, refused={pk: form})
    return _done(
        request,
        endpoint,
        lambda: endpoints.subscribe(
            endpoint=endpoint, types=_types(form), user=user, now=timezone.now()
        ),
        _("What it is sent is saved."),
    )


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing for now."""
    user, endpoint = who_changes_outcomes(request), _endpoint(pk)
    return _done(
        request,
        endpoint,
        lambda: endpoints.pause(endpoint=endpoint, user=user, now=timezone.now()),
        _("The endpoint is paused. Its outcomes wait."),
    )


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Send again."""
    user, endpoint = who_changes_outcomes(request), _endpoint(pk)
    return _done(
        request,
        endpoint,
        lambda: endpoints.resume(endpoint=endpoint, user=user, now=timezone.now()),
        _("Outcomes are sent to it again, what waited first."),
    )


@require_POST
def send_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test, and show what becomes of it."""
    user, endpoint = who_changes_outcomes(request), _endpoint(pk)
    try:
        delivery = endpoints.send_test(endpoint=endpoint, user=user, now=timezone.now())
    except NotPossible as refused:
        messages.error(request, str(refused))
        return redirect("source-outcomes", slug=endpoint.source.slug)
    return redirect("delivery", pk=delivery.pk)


@require_http_methods(_GET_AND_POST)
@sensitive_variables()
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a second secret, shown as the first one was."""
    user, endpoint = who_changes_outcomes(request), _endpoint(pk)
    if request.method != "POST":
        return redirect("source-outcomes", slug=endpoint.source.slug)
    try:
        secret = endpoints.rotate(endpoint=endpoint, user=user, now=timezone.now())
    except NotPossible as refused:
        messages.error(request, str(refused))
        return redirect("source-outcomes", slug=endpoint.source.slug)
    return _page(request, endpoint.source, made=Made(endpoint.url, secret))


@require_http_methods(_GET_AND_POST)
def revoke(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Ask whether, then sign with a secret no more."""
    user, endpoint = who_changes_outcomes(request), _endpoint(pk)
    live = EndpointSecret.objects.filter(revoked_at=None).select_related("endpoint__source")
    secret = get_object_or_404(live, pk=number, endpoint=endpoint)
    if request.method == "POST":
        return _done(
            request,
            endpoint,
            lambda: endpoints.revoke(secret=secret, user=user, now=timezone.now()),
            _("The secret is revoked."),
        )
    return render(request, "reviews/end_endpoint.html", {"endpoint": endpoint, "secret": secret})


@require_http_methods(_GET_AND_POST)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether, then send nothing to an endpoint any more."""
    user, endpoint = who_changes_outcomes(request), _endpoint(pk)
    if request.method == "POST":
        return _done(
            request,
            endpoint,
            lambda: endpoints.remove(endpoint=endpoint, user=user, now=timezone.now()),
            _("The endpoint is removed."),
        )
    return render(request, "reviews/end_endpoint.html", {"endpoint": endpoint, "secret": None})


def _endpoint(pk: int) -> Endpoint:
    return get_object_or_404(Endpoint.objects.present().select_related("source"), pk=pk)


def _types(form: TypesForm) -> list[OutcomeType]:
    return [OutcomeType(value) for value in form.cleaned_data["types"]]


def _done(
    request: HttpRequest, endpoint: Endpoint, act: Callable[[], None], said: str
) -> HttpResponse:
    """Do it, say so, or why not, and show the endpoints."""
    try:
        act()
    except NotPossible as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect("source-outcomes", slug=endpoint.source.slug)


def _page(
    request: HttpRequest,
    source: Source,
    *,
    form: EndpointForm | None = None,
    refused: dict[int, TypesForm] | None = None,
    made: Made | None = None,
) -> HttpResponse:
    user = request.user
    context: dict[str, Any] = {
        "source": source,
        "rows": [_row(one, refused or {}) for one in endpoints.of_source(source)],
        "form": form or EndpointForm(prefix="endpoint"),
        "made": made,
        "may_change": isinstance(user, User) and user.has_perm("conversations.change_source"),
    }
    status = 422 if form or refused else 200
    response = render(request, "reviews/endpoints.html", context, status=status)
    if made:
        response["Cache-Control"] = "no-store"
    return response


def _row(endpoint: Endpoint, refused: dict[int, TypesForm]) -> Row:
    form = TypesForm(prefix=f"e{endpoint.pk}", initial={"types": endpoint.types})
    labels = [OutcomeType(value).label for value in endpoint.types]
    return Row(endpoint, labels, refused.get(endpoint.pk, form))
