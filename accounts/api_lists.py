"""How the API answers with a page of a list (docs/reference/api.md, "Conventions")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.keyset import CursorMismatch, page
from accounts.problems import Problem

PAGE_SIZE = 50
LARGEST_PAGE = 200


def page_response(
    request: Request,
    *querysets: QuerySet[Any],
    ordering: Sequence[str],
    data: Callable[[list[Any]], Any],
    beside: Sequence[Any] = (),
) -> Response:
    """One page of *querysets* and rows *beside*, merged, in *ordering*; *data* writes its rows.

    The cursor is bound to all parameters of the request but its own. Raises ``Problem`` for
    another list's, and ``ValidationError`` for a size that no page has.
    """
    query = request.query_params
    bound_to = "&".join(
        f"{key}={value}"
        for key, value in sorted(query.items())
        if key not in ("cursor", "page_size")
    )
    try:
        found = page(
            *querysets,
            ordering=ordering,
            cursor=query.get("cursor"),
            page_size=_page_size(query.get("page_size")),
            bound_to=bound_to,
            beside=beside,
        )
    except CursorMismatch as error:
        raise Problem(400, "cursor_mismatch", str(error)) from None
    return Response(
        {
            "next": _link(request, found.next_cursor),
            "previous": _link(request, found.previous_cursor),
            "results": data(found.items),
        }
    )


def _page_size(wanted: str | None) -> int:
    if wanted is None:
        return PAGE_SIZE
    if not wanted.isdecimal() or len(wanted) > 3 or not 1 <= int(wanted) <= LARGEST_PAGE:
        raise serializers.ValidationError({"page_size": f"1 to {LARGEST_PAGE}."})
    return int(wanted)


def _link(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
