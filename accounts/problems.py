"""How the API says that something went wrong: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback
from structlog.contextvars import get_contextvars

CONTENT_TYPE = "application/problem+json"

RETRY_SECONDS = 5


class Problem(exceptions.APIException):
    """A problem with a code of its own.

    *code* names it for programs, *detail* for people; *errors* are
    ``{"pointer", "code", "detail"}`` with JSON Pointers into what was sent. None of them ever
    holds text of a transcript.
    """

    def __init__(
        self,
        status_code: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.errors = list(errors)
        self.wait = retry_after


TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    411: "Length required",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Nothing could be accepted",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
}


def body(
    request: HttpRequest | None,
    *,
    status_code: int,
    code: str,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The members of a problem document."""
    members: dict[str, Any] = {
        "type": f"urn:recourse:problem:{code}",
        "title": TITLES.get(status_code, "Error"),
        "status": status_code,
        "detail": detail,
        "instance": request.path if request is not None else "",
        "request_id": get_contextvars().get("request_id", ""),
    }
    if errors:
        members["errors"] = list(errors)
    return members


def _field_errors(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """DRF's nested error details as a flat list with JSON Pointers."""
    if isinstance(detail, Mapping):
        return [
            error
            for key, value in detail.items()
            for error in _field_errors(value, f"{pointer}/{key}")
        ]
    if isinstance(detail, list):
        return [error for value in detail for error in _field_errors(value, pointer)]
    # What was sent may be quoted: a lone surrogate is valid JSON, and no UTF-8.
    said = str(detail).encode(errors="replace").decode()
    return [{"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": said}]


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, exceptions.APIException):
        return exc
    if isinstance(exc, Http404):
        return exceptions.NotFound("There is no such thing here, or you may not see it.")
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied(str(exc) or None)
    if isinstance(exc, OperationalError | InterfaceError):
        return Problem(
            503,
            "unavailable",
            "The database cannot be reached. Nothing was stored; send it again.",
            retry_after=RETRY_SECONDS,
        )
    return None


def handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: every error becomes a problem document."""
    error = _as_api_exception(exc)
    if error is None:
        return None
    set_rollback()
    errors: Sequence[Mapping[str, str]] = getattr(error, "errors", ())
    detail, code = str(error.detail), str(error.get_codes())
    if isinstance(error, exceptions.ValidationError):
        errors, code = _field_errors(error.detail), "invalid"
        detail = "Some values cannot be accepted; see errors."
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if error.status_code == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = getattr(error, "auth_header", 'Bearer realm="recourse"')
    members = body(
        context["request"], status_code=error.status_code, code=code, detail=detail, errors=errors
    )
    return Response(members, status=error.status_code, headers=headers, content_type=CONTENT_TYPE)


def response(request: HttpRequest, *, status_code: int, code: str, detail: str) -> JsonResponse:
    """A problem document outside DRF: unknown paths below ``/api/``, unforeseen errors."""
    return JsonResponse(
        body(request, status_code=status_code, code=code, detail=detail),
        status=status_code,
        content_type=CONTENT_TYPE,
    )
