"""What the OpenAPI document says of the ledger."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from accounts.api_schema import (
    ANYTHING,
    MOMENT,
    NUMBER,
    TEXT,
    listed,
    nullable,
    problems,
    ref,
    shape,
)
from reviews.ledger_words import OBJECTS, REVEALED

COMPONENTS: dict[str, Any] = {
    "LedgerLine": {
        **shape(
            {
                "id": NUMBER,
                "at": MOMENT,
                "actor": nullable(NUMBER),
                "actor_name": nullable(TEXT),
                "agent": nullable(TEXT),
                "action": TEXT,
                "object_type": TEXT,
                "object_id": nullable(TEXT),
                "details": ANYTHING,
                "request_id": nullable(TEXT),
            }
        ),
        "description": "One thing that a person or a program did or saw. `agent` is through what: "
        "a key, a task, or a token of the actor. `details` are codes, ids and numbers.",
    }
}

list_lines = extend_schema(
    operation_id="ledger_list",
    tags=["Staff"],
    summary="Who did and who saw what",
    description="Lines that the caller may not see are left out, as if there were none: legal "
    "holds, gold cases, child safety, what the caller's roles show on no case, and, for those who "
    "give verdicts, cases that are not settled yet. "
    f"`{REVEALED}` is listed for one case at a time.",
    parameters=[
        OpenApiParameter(
            "actor",
            {"type": "string", "maxLength": 254},
            description="A person’s id or e-mail address, or an agent such as `task:settle`.",
        ),
        OpenApiParameter(
            "action",
            {"type": "string", "maxLength": 64, "pattern": r"^[a-z_]+\.([a-z_]+)?$"},
            description="`case.decided`, or `case.` for all that begin so.",
        ),
        OpenApiParameter("object_type", enum=sorted(OBJECTS)),
        OpenApiParameter(
            "object_id",
            {"type": "string", "maxLength": 64},
            description="With `object_type`. A case also by its number.",
        ),
        OpenApiParameter("after", {"type": "string", "format": "date-time"}),
        OpenApiParameter(
            "before", {"type": "string", "format": "date-time"}, description="And not at it."
        ),
        OpenApiParameter(
            "page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
        ),
        OpenApiParameter("cursor", description="From `next` or `previous`."),
    ],
    responses={
        200: OpenApiResponse(
            shape(
                {
                    "next": nullable(TEXT),
                    "previous": nullable(TEXT),
                    "results": listed(ref("LedgerLine")),
                }
            ),
            description="A page of them, newest first.",
        ),
        **problems(400),
    },
)
