"""What answers where no view does: problem documents below ``/api/``, pages elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from accounts import problems
from reviews.sight import ForTheQualified

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a request that Django itself refuses, such as one for another host."""
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    return problems.response(
        request, status_code=400, code="bad_request", detail="This request cannot be read."
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 outside the views of the API; a case that is for others says for whom."""
    if isinstance(exception, ForTheQualified):
        said = {"title": exception.label, "said": str(exception)}
        return render(request, "reviews/for_the_qualified.html", said, status=403)
    if not request.path.startswith(API):
        return defaults.permission_denied(request, exception)
    return problems.response(
        request, status_code=403, code="permission_denied", detail="You may not do this."
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: no such address."""
    if not request.path.startswith(API):
        return defaults.page_not_found(request, exception)
    return problems.response(
        request, status_code=404, code="not_found", detail="There is no such address."
    )


def internal_error(request: HttpRequest) -> HttpResponse:
    """500: what nobody foresaw. The log has the rest under the request's id."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return problems.response(
        request,
        status_code=500,
        code="internal_error",
        detail="Something failed here. Whoever runs this finds it in the log by request_id.",
    )
