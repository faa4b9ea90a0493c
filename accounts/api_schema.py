"""What the OpenAPI document says of errors and credentials, for the API of every app."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse

from accounts.problems import CONTENT_TYPE, TITLES

Responses = dict[Any, Any]


def ref(name: str) -> dict[str, Any]:
    """A reference to a component's schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object's schema; all of its properties are required but the *optional* ones."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def listed(item: dict[str, Any]) -> dict[str, Any]:
    """A list's schema."""
    return {"type": "array", "items": item}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """*schema*, or null."""
    return {"oneOf": [schema, {"type": "null"}]}


TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}
FLAG: dict[str, Any] = {"type": "boolean"}
MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
ANYTHING: dict[str, Any] = {"type": "object", "additionalProperties": {}}

FIELD_ERROR = shape({"pointer": TEXT, "code": TEXT, "detail": TEXT})

COMPONENTS: dict[str, Any] = {
    "FieldError": {
        **FIELD_ERROR,
        "description": "What is wrong, and where: a JSON Pointer into what was sent.",
    },
    "Problem": {
        **shape(
            {
                "type": TEXT,
                "title": TEXT,
                "status": NUMBER,
                "detail": TEXT,
                "instance": TEXT,
                "request_id": TEXT,
                "errors": listed(ref("FieldError")),
            },
            optional=("errors",),
        ),
        "description": "RFC 9457 problem details. Never echoes the text of a transcript.",
    },
}

#: What any call may answer: no or bad credentials, not allowed, too many, unable for now.
EVERYWHERE = (401, 403, 429, 503)


def problems(*codes: int) -> Responses:
    """The error responses of a call: *codes* besides those that any call may answer."""
    return {
        (code, CONTENT_TYPE): OpenApiResponse(
            ref("Problem"),
            description=TITLES[code],
        )
        for code in sorted({*codes, *EVERYWHERE})
    }
