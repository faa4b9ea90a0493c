"""The OpenAPI document and its page: ``/api/schema`` and ``/api/docs``. Both are public."""

from __future__ import annotations

from functools import cache
from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

import accounts.api_schema
import conversations.api_schema
import policies.asking_schema
import policies.backtests_schema
import policies.versions_schema
import reviews.api_schema
import reviews.deliveries_schema
import reviews.feedback_schema
import reviews.ledger_schema
from accounts import problems
from accounts.token_scopes import TokenScope, needed


def add_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Spectacular's hook: the schemas that the views refer to by name."""
    schemas: dict[str, Any] = result["components"].setdefault("schemas", {})
    schemas.update(policies.asking_schema.COMPONENTS)
    schemas.update(policies.backtests_schema.COMPONENTS)
    schemas.update(policies.versions_schema.COMPONENTS)
    schemas.update(reviews.deliveries_schema.COMPONENTS)
    schemas.update(reviews.feedback_schema.COMPONENTS)
    schemas.update(reviews.ledger_schema.COMPONENTS)
    for app in (accounts, conversations, reviews):
        schemas.update(app.api_schema.COMPONENTS)
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


class _Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A key in ``Authorization: Bearer``."""

    target_class = "conversations.authentication.SourceKeyAuthentication"
    name = "sourceKey"
    says = "An API key of a source, rk_…"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """As OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer", "description": self.says}


class _PersonalToken(_Bearer):  # type: ignore[no-untyped-call]
    """A personal token, likewise."""

    target_class = "accounts.authentication.PersonalTokenAuthentication"
    name = "personalToken"
    says = (
        "A personal token of a member of the staff, rp_…, with the scope of the call: "
        + ", ".join(f"{scope.value} ({scope.label})" for scope in TokenScope)
    )

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """With the scope that the call needs."""
        scope = needed(auto_schema.view, auto_schema.method)
        return {self.name: [scope.value] if scope else []}


class _Signature(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A signature by Standard Webhooks."""

    target_class = "conversations.authentication.SignatureAuthentication"
    name = "signature"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """As OpenAPI writes it."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "Standard Webhooks: with webhook-id, webhook-timestamp, and "
            "Recourse-Source; over the bytes as sent, before decompression.",
        }


@cache
def document() -> bytes:
    """The OpenAPI document as JSON. It never changes while a process runs."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return bytes(OpenApiJsonRenderer().render(schema, renderer_context={}))


@csrf_exempt  # it changes nothing, and another method is 405 rather than 403
@login_not_required
def schema(request: HttpRequest) -> HttpResponse:
    """``GET /api/schema``. A problem document for another method: programs ask here."""
    if request.method not in {"GET", "HEAD"}:
        refused = problems.response(
            request,
            status_code=405,
            code="method_not_allowed",
            detail="The document is only read: GET or HEAD.",
        )
        refused["Allow"] = "GET, HEAD"
        return refused
    return HttpResponse(document(), content_type="application/vnd.oai.openapi+json")


@csrf_exempt
@login_not_required
@require_safe
@csp_update({"img-src": ["data:"]})
def docs(request: HttpRequest) -> HttpResponse:
    """``GET /api/docs``: the document to browse. Its style sheet holds icons as data addresses."""
    return render(request, "api_docs.html")
