"""Every request has an id and one line in the log."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from accounts import problems

log = structlog.get_logger("recourse.request")

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_log(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: take or make the request's id, bind it to all log lines, answer with it.

    The line names method, path, status and milliseconds; never a body, never the query, in which
    people search for words of transcripts.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        request_id = sent if _SANE.fullmatch(sent) else str(uuid.uuid4())
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = get_response(request)
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        # Bound by authentication; the thread's next request is another's.
        structlog.contextvars.unbind_contextvars("agent")
        response["X-Request-ID"] = request_id
        return response

    return handle


class LengthRequired:
    """Middleware: a body without ``Content-Length`` is 411 rather than taken for an empty one.

    Django sees nothing of a chunked body. A view that reads the server's stream itself, as intake
    does, says so by an attribute ``reads_unknown_lengths``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing is known of the view yet; see :meth:`process_view`."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_: object
    ) -> HttpResponse | None:
        """The refusal, or None where the view may go on."""
        known = request.META.get("CONTENT_LENGTH") or "Transfer-Encoding" not in request.headers
        if known or getattr(getattr(view, "cls", None), "reads_unknown_lengths", False):
            return None
        return problems.response(
            request, status_code=411, code="length_required", detail="Send Content-Length."
        )
