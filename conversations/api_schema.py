"""What the OpenAPI document says of intake: made of the structs that events are read by."""

from __future__ import annotations

from typing import Any

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from accounts.api_schema import FIELD_ERROR, NUMBER, TEXT, listed, problems, ref, shape
from conversations import payloads

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"


def _events() -> dict[str, Any]:
    """A schema for each type of event, which is the envelope with its own data."""
    types = [*payloads.DATA_TYPES.values(), payloads.Envelope]
    _, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    envelope = components.pop("Envelope")
    for type_name, data in payloads.DATA_TYPES.items():
        own = {"type": {"const": type_name}, "data": ref(data.__name__)}
        components[_event_name(data)] = {
            **envelope,
            "title": _event_name(data),
            "description": f"`{type_name}`",
            "properties": {**envelope["properties"], **own},
        }
    components["CloudEvent"] = {
        "oneOf": [ref(_event_name(data)) for data in payloads.DATA_TYPES.values()]
    }
    return dict(components)


def _event_name(data: type[msgspec.Struct]) -> str:
    return data.__name__.removesuffix("Data").removesuffix("Event") + "Event"


_RESULT = shape(
    {
        "id": TEXT,
        "status": {"enum": ["accepted", "duplicate", "rejected"]},
        "conversation_id": TEXT,
        "notice_url": {**TEXT, "format": "uri"},
        "warnings": listed(TEXT),
        "errors": listed(FIELD_ERROR),
    },
    optional=("conversation_id", "notice_url", "warnings", "errors"),
)

COMPONENTS: dict[str, Any] = {
    **_events(),
    "EventResult": _RESULT,
    "EventResults": {
        **shape(
            {
                "accepted": NUMBER,
                "duplicates": NUMBER,
                "rejected": NUMBER,
                "results": listed(ref("EventResult")),
            }
        ),
        "description": "What became of each event, in the order sent.",
    },
}


def _answer(description: str) -> Any:
    return OpenApiResponse(ref("EventResults"), description=description)


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description
    )


post_events = extend_schema(
    operation_id="events_send",
    tags=["Intake"],
    summary="Send events",
    description=(
        "One CloudEvent, an array of 1 to 1,000, or, with `ce-*` headers, the `data` of one. "
        "`Content-Encoding` may be `gzip` or `zstd`. 202 and 207 mean that every event called "
        "accepted is stored for good. A source may sign the request by Standard Webhooks instead "
        "of sending a key."
    ),
    parameters=[
        _header("Recourse-Source", "With a signature: the source's slug."),
        _header("ce-specversion", "In binary mode: 1.0. So for the other attributes."),
    ],
    request={
        STRUCTURED: ref("CloudEvent"),
        BATCH: {**listed(ref("CloudEvent")), "minItems": 1, "maxItems": 1000},
        BINARY: {"oneOf": [ref(data.__name__) for data in payloads.DATA_TYPES.values()]},
    },
    responses={
        202: _answer("All were accepted, or had been before."),
        207: _answer("Some were rejected; the others are stored."),
        422: _answer("All were rejected."),
        **problems(400, 411, 413, 415),
    },
)
