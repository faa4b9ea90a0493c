"""What the OpenAPI document says of deliveries."""

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
from reviews.outcome_vocabulary import DeliveryState, Failure, OutcomeType

COMPONENTS: dict[str, Any] = {
    "Delivery": {
        **shape(
            {
                "id": NUMBER,
                "webhook_id": {**TEXT, "format": "uuid"},
                "source": TEXT,
                "endpoint": TEXT,
                "endpoint_state": {"enum": ["live", "paused", "disabled", "removed"]},
                "type": {"enum": OutcomeType.values},
                "data": ANYTHING,
                "state": {"enum": DeliveryState.values},
                "attempts": NUMBER,
                "failure": nullable({"enum": Failure.values}),
                "created_at": MOMENT,
                "next_attempt_at": nullable(MOMENT),
                "delivered_at": nullable(MOMENT),
                "failed_at": nullable(MOMENT),
            }
        ),
        "description": "One outcome on its way to one endpoint.",
    }
}

list_deliveries = extend_schema(
    operation_id="deliveries_list",
    tags=["Staff"],
    summary="What was sent to sources, and what waits",
    parameters=[
        OpenApiParameter("state", enum=DeliveryState.values),
        OpenApiParameter("type", enum=OutcomeType.values),
        OpenApiParameter("source", description="A source's slug."),
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
                    "results": listed(ref("Delivery")),
                }
            ),
            description="A page of them, newest first.",
        ),
        **problems(400),
    },
)

replay = extend_schema(
    operation_id="deliveries_replay",
    tags=["Staff"],
    summary="Send an outcome again",
    request=None,
    responses={
        200: OpenApiResponse(ref("Delivery"), description="It is sent at once."),
        **problems(404, 409),
    },
)
