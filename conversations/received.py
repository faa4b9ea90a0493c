"""The body of a request: as it was sent, and without its Content-Encoding."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from accounts.problems import Problem
from conversations import bodies

_KEPT = "_recourse_body_as_sent"


def body_as_sent(request: HttpRequest) -> bytes:
    """All bytes as sent, read once and kept. Raises :class:`Problem` 400, 411 or 413.

    Django's own ``request.body`` stops at 2.5 MB, and sees nothing of a chunked body: that one
    is read from the server, which says that it ends by itself.
    """
    kept: bytes | None = getattr(request, _KEPT, None)
    if kept is not None:
        return kept
    limit = settings.INTAKE_MAX_BODY
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > limit:
        raise Problem(413, "too_large", f"At most {limit} bytes are taken.")
    if not length and not request.META.get("wsgi.input_terminated"):
        raise Problem(411, "length_required", "Send Content-Length, or a chunked body.")
    stream: bodies.Readable = request if length else request.META["wsgi.input"]
    try:
        body = bodies.read(stream, limit=limit)
    except bodies.TooLarge as error:
        raise Problem(413, "too_large", str(error)) from None
    except OSError:
        raise Problem(400, "malformed_body", "The body ended before it was complete.") from None
    setattr(request, _KEPT, body)
    return body


def decompressed_body(request: HttpRequest, *, limit: int) -> bytes:
    """The body without its Content-Encoding. Raises :class:`Problem` 400, 411, 413 or 415.

    It may have *limit* bytes, and INTAKE_MAX_BODY as sent. Nothing of it stays with the request:
    REST framework's view and request hold one another, and with them would hold up to 16 MiB
    until the collector comes by.
    """
    sent = body_as_sent(request)
    delattr(request, _KEPT)
    encoding = request.headers.get("Content-Encoding", "")
    try:
        return bodies.decompress(sent, encoding=encoding, limit=limit)
    except bodies.TooLarge as error:
        raise Problem(413, "too_large", str(error)) from None
    except bodies.UnknownEncoding as error:
        raise Problem(415, "unsupported_media_type", str(error)) from None
    except bodies.Corrupt as error:
        raise Problem(400, "malformed_body", str(error)) from None
