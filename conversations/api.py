"""``POST /api/v1/events``: the road from a chat service into the database."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import unquote

import msgspec
import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.problems import RETRY_SECONDS, Problem
from conversations import api_schema, batches, parsing, rate_limits
from conversations.api_schema import BATCH, BINARY, STRUCTURED
from conversations.authentication import (
    Caller,
    SignatureAuthentication,
    SourceKeyAuthentication,
    SourceScope,
    caller_of,
    named_source,
)
from conversations.batches import MalformedBody
from conversations.hurrying import hurry
from conversations.parsing import Limits, Parsed, Rejected
from conversations.received import body_as_sent, decompressed_body
from conversations.services import intake, unstored
from conversations.vocabulary import Scope

log = structlog.get_logger(__name__)

ENRICH_TASK = "reviews.tasks.enrich"


def limits() -> Limits:
    """The limits of this installation."""
    return Limits(
        event=settings.INTAKE_MAX_EVENT,
        transcript=settings.INTAKE_MAX_TRANSCRIPT,
        messages=settings.INTAKE_MAX_MESSAGES,
    )


# One batch at a time in each server process. Two of them side by side are no faster, and a single
# event that came meanwhile waited 605 ms at the 99th percentile instead of 150; nor are two bodies
# of 16 MiB taken apart in memory at once.
_ONE_BATCH = threading.Lock()
#: Seconds that a batch waits for its turn; longer, and the database is what is slow.
_PATIENCE = 20


class EventsView(APIView):
    """Takes one CloudEvent or up to 1,000, and answers for each."""

    authentication_classes = [SourceKeyAuthentication, SignatureAuthentication]
    permission_classes = [SourceScope]
    required_scope = Scope.EVENTS_WRITE
    reads_unknown_lengths = True

    @api_schema.post_events
    def post(self, request: Request) -> Response:
        """Store what is valid; the answer says of each event what became of it."""
        caller = caller_of(request)
        if not _is_batch(request._request):
            return _take(caller, request._request)
        # Before its turn: a slow sender must not keep the others waiting.
        body_as_sent(request._request)
        if not _ONE_BATCH.acquire(timeout=_PATIENCE):
            raise Problem(503, "busy", "Other batches are being stored.", retry_after=RETRY_SECONDS)
        try:
            return _take(caller, request._request)
        finally:
            _ONE_BATCH.release()

    def handle_exception(self, exc: Exception) -> Response:
        """Answer with the problem that *exc* is; what the sender did wrong is noted."""
        response = super().handle_exception(exc)
        if response.status_code < 500:
            _note_refusal(self.request, response)
        return response


def _note_refusal(request: Request, response: Response) -> None:
    """Have the sources page tell of a request that was refused whole, where it names a source."""
    try:
        source = named_source(request)
    except (DatabaseError, InterfaceError) as error:
        log.warning("intake.refusal_not_noted", failure=type(error).__name__)
        return
    if source is None:
        return
    unstored.note_refusal(
        source=source,
        status=response.status_code,
        code=response.data["type"].rpartition(":")[2],
        detail=response.data["detail"],
        proven=isinstance(request.auth, Caller),
        now=timezone.now(),
    )


def _take(caller: Caller, request: HttpRequest) -> Response:
    now = timezone.now()
    items, in_batch = _items(request)
    rate_limits.take_events(source=caller.source, amount=len(items))
    parsed = parsing.parse_events(items, limits=limits(), now=now, in_batch=in_batch)
    _refuse_oversized(parsed, in_batch=in_batch)
    results = intake.record(source=caller.source, items=parsed, now=now, in_batch=in_batch)
    hurry_enrichment(results)
    answer = _answer(results)
    if answer["duplicates"]:
        again = [result.id for result in results if result.status == "duplicate"]
        unstored.note_duplicates(source=caller.source, event_ids=again, now=now)
    return Response(answer, status=_status(results))


def hurry_enrichment(results: list[intake.Result]) -> None:
    """Tell Celery of new cutoffs. The outbox holds them too: a broker that is away loses none."""
    ids = [str(result.cutoff_id) for result in results if result.cutoff_id]
    if ids:
        hurry(ENRICH_TASK, ids)


def _items(request: HttpRequest) -> tuple[list[bytes], bool]:
    """The raw events of a request, and whether they came as a batch."""
    media_type = _media_type(request)
    if media_type not in (STRUCTURED, BATCH) and not _is_binary(request, media_type):
        raise Problem(
            415,
            "unsupported_media_type",
            f"Send {STRUCTURED}, {BATCH}, or {BINARY} with ce-* headers.",
        )
    try:
        if media_type == BATCH:
            return _batch(decompressed_body(request, limit=settings.INTAKE_MAX_BODY)), True
        body = decompressed_body(request, limit=settings.INTAKE_MAX_EVENT)
        parsing.check_object(body)
    except MalformedBody as error:
        raise Problem(400, "malformed_body", str(error)) from None
    return [body if media_type == STRUCTURED else _from_headers(request, body)], False


def _batch(body: bytes) -> list[bytes]:
    try:
        items = batches.split(body, most=settings.INTAKE_MAX_BATCH)
    except batches.TooManyItems as error:
        raise Problem(413, "too_large", str(error)) from None
    if not items:
        raise Problem(400, "empty_batch", "A batch has at least one event.")
    return items


def _media_type(request: HttpRequest) -> str:
    return (request.content_type or "").lower()


def _is_batch(request: HttpRequest) -> bool:
    return _media_type(request) == BATCH


_ATTRIBUTE = re.compile(r"ce-([a-z0-9]+)")


def _is_binary(request: HttpRequest, media_type: str) -> bool:
    return media_type == BINARY and "ce-specversion" in request.headers


def _from_headers(request: HttpRequest, body: bytes) -> bytes:
    """A binary-mode event as a structured one: attributes from the headers, the body as data.

    Values are percent-decoded (CloudEvents HTTP binding 1.0.2, section 3.1.3.2).
    """
    event: dict[str, Any] = {}
    for name, value in request.headers.items():
        if match := _ATTRIBUTE.fullmatch(name.lower()):
            event[match[1]] = unquote(value)
    return msgspec.json.encode(event | {"data": msgspec.Raw(body)})


def _refuse_oversized(parsed: list[Parsed | Rejected], *, in_batch: bool) -> None:
    """An event alone that is too large is a request that is too large."""
    if in_batch or not isinstance(parsed[0], Rejected):
        return
    error = parsed[0].errors[0]
    if error["code"] == "too_large":
        raise Problem(413, "too_large", error["detail"], errors=[error])


def _answer(results: list[intake.Result]) -> dict[str, Any]:
    statuses = [result.status for result in results]
    return {
        "accepted": statuses.count("accepted"),
        "duplicates": statuses.count("duplicate"),
        "rejected": statuses.count("rejected"),
        "results": [_one(result) for result in results],
    }


def _one(result: intake.Result) -> dict[str, Any]:
    if result.status == "rejected":
        return {"id": result.id, "status": result.status, "errors": result.errors}
    answer: dict[str, Any] = {
        "id": result.id,
        "status": result.status,
        "conversation_id": result.conversation_id,
    }
    if result.notice_url:
        answer["notice_url"] = result.notice_url
    if result.status == "accepted":
        answer["warnings"] = result.warnings
    return answer


def _status(results: list[intake.Result]) -> int:
    rejected = sum(result.status == "rejected" for result in results)
    if rejected == 0:
        return 202
    return 422 if rejected == len(results) else 207
