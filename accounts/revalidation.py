"""Answers that a caller may already have: an ETag over the whole representation, and 304."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response


def respond(request: Request, representation: Any, *, cache_control: str) -> Response:
    """*representation* with its ETag; 304 without a body where the caller names the same one.

    Compared weakly, as RFC 9110, section 13.1.2, has it.
    """
    etag = f'"{hashlib.sha256(msgspec.json.encode(representation)).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": cache_control}
    known = {tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")}
    if known & {etag, f"W/{etag}", "*"}:
        return Response(status=304, headers=headers)
    return Response(representation, headers=headers)
