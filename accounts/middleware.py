"""What holds for every page: who may read it, its time zone, and an end of the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone


class LoginRequired(LoginRequiredMiddleware):
    """Django's, but where no login is required nobody is looked up: that is two queries."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: Any,
        view_kwargs: Any,
    ) -> HttpResponseBase | None:
        """None where the view may go on, else the way to sign in."""
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)


class ReaderTimeZone:
    """Middleware: times are shown in the user's zone; in UTC for somebody without a login.

    A class-based view that shows everybody the same says so by an attribute ``needs_no_reader``:
    for it neither session nor user is read.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Leave no zone to the thread's next request."""
        with timezone.override(None):
            return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_: object
    ) -> None:
        """Take the reader's zone, where the view has a reader."""
        needs_none = getattr(getattr(view, "view_class", None), "needs_no_reader", False)
        if not needs_none and request.user.is_authenticated:
            timezone.activate(ZoneInfo(request.user.time_zone))


def signed_out(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: tell htmx that the session is over, rather than send it the sign-in page.

    It would put that page in the place of a fragment. Stands before ``LoginRequired``.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if (
            request.headers.get("HX-Request")
            and response.status_code == 302
            and not request.user.is_authenticated
        ):
            return HttpResponse(status=401)
        return response

    return handle
