"""What the OpenAPI document says of the life of policy versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from accounts.api_schema import (
    ANYTHING,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    listed,
    nullable,
    problems,
    ref,
    shape,
)
from accounts.problems import CONTENT_TYPE
from policies.differences import Difference
from policies.models import ActivationKind, State
from policies.serializers import (
    LARGEST_NUMBER,
    LONGEST_TEXT,
    ActivateSerializer,
    ReasonSerializer,
    RemarkSerializer,
    RollbackSerializer,
    ScopeSerializer,
    SubmitSerializer,
)

Decorator = Callable[[Any], Any]

_SHARE: dict[str, Any] = {"type": "number"}
_, _STRUCTS = msgspec.json.schema_components(
    [Difference], ref_template="#/components/schemas/{name}"
)

_NUMBERED: dict[str, Any] = {
    "number": NUMBER,
    "state": {"enum": State.values},
    "note": TEXT,
    "author": nullable(TEXT),
    "based_on": nullable(NUMBER),
    "created_at": MOMENT,
    "revision": nullable(NUMBER),
}
_GUARD: dict[str, Any] = {"guard_rolls_back": FLAG, "guard_ceiling": nullable(_SHARE)}

COMPONENTS: dict[str, Any] = {
    **_STRUCTS,
    "NumberedPolicy": shape(_NUMBERED),
    "PolicyVersion": shape(
        {
            **_NUMBERED,
            "content": {
                **ANYTHING,
                "description": "As `Thresholds`; where `readable` is false, as it was stored.",
            },
            "readable": FLAG,
            "updated_at": MOMENT,
            "updated_by": nullable(TEXT),
            "submission": nullable(ref("Submission")),
            "activations": listed(ref("Activation")),
            "planned": listed(ref("PlannedActivation")),
        }
    ),
    "Submission": shape(
        {
            "submitted_by": TEXT,
            "submitted_at": MOMENT,
            "backtest": nullable({**TEXT, "format": "uuid"}),
            "decision": {"enum": ["approved", "rejected", None]},
            "decided_by": nullable(TEXT),
            "decided_at": nullable(MOMENT),
            "reason": TEXT,
        }
    ),
    "Activation": shape(
        {
            "version": NUMBER,
            "scope": TEXT,
            "kind": {"enum": ActivationKind.values},
            "percent": NUMBER,
            "beside": nullable(NUMBER),
            **_GUARD,
            "activated_at": MOMENT,
            "activated_by": nullable(TEXT),
            "reason": TEXT,
            "ended_at": nullable(MOMENT),
            "ended_by": nullable(TEXT),
            "end_reason": TEXT,
        }
    ),
    "PlannedActivation": shape(
        {
            "version": NUMBER,
            "scope": TEXT,
            "percent": NUMBER,
            **_GUARD,
            "at": MOMENT,
            "reason": TEXT,
            "planned_by": TEXT,
            "planned_at": MOMENT,
            "carried_out_at": nullable(MOMENT),
            "cancelled_at": nullable(MOMENT),
            "cancelled_by": nullable(TEXT),
            "cancel_reason": TEXT,
        }
    ),
    "Pause": shape(
        {
            "scope": TEXT,
            "paused_at": MOMENT,
            "paused_by": TEXT,
            "reason": TEXT,
            "again": listed(shape({"name": TEXT, "at": MOMENT, "reason": TEXT})),
            "first_resume_at": nullable(MOMENT),
            "first_resume_by": nullable(TEXT),
            "ended_at": nullable(MOMENT),
            "ended_by": nullable(TEXT),
        }
    ),
    "UnreviewedActivation": shape(
        {
            "version": NUMBER,
            "scope": TEXT,
            "activated_at": MOMENT,
            "activated_by": TEXT,
            "reason": TEXT,
            "review_by": MOMENT,
            "overdue": FLAG,
        }
    ),
    "StaleRevision": {
        "allOf": [ref("Problem"), shape({"current": ref("PolicyVersion")})],
        "description": "Somebody saved the draft meanwhile: `current` is what they made of it.",
    },
}

_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The ETag of the draft as you read it. Without it, an edit is refused with 428.",
)
_ETAG = OpenApiParameter(
    "ETag",
    location=OpenApiParameter.HEADER,
    response=[200, 201, 412],
    description="Of a draft: name it in If-Match.",
)
_NOTE: dict[str, Any] = {**TEXT, "maxLength": LONGEST_TEXT}
_STALE = {(412, CONTENT_TYPE): OpenApiResponse(ref("StaleRevision"), description="Stale.")}


def _call(operation_id: str, summary: str, responses: dict[Any, Any], **more: Any) -> Decorator:
    return extend_schema(
        operation_id=operation_id, tags=["Staff"], summary=summary, responses=responses, **more
    )


def _answer(name: str, description: str) -> OpenApiResponse:
    return OpenApiResponse(ref(name), description=description)


_WHOLE = _answer("PolicyVersion", "The draft or version.")

list_versions = _call(
    "policy_versions_list",
    "Drafts and versions, the highest number first",
    {
        200: OpenApiResponse(
            shape(
                {
                    "next": nullable(TEXT),
                    "previous": nullable(TEXT),
                    "results": listed(ref("NumberedPolicy")),
                }
            ),
            description="One page.",
        ),
        **problems(400),
    },
    parameters=[
        OpenApiParameter("state", enum=State.values),
        OpenApiParameter(
            "page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
        ),
        OpenApiParameter("cursor", description="From `next` or `previous`."),
    ],
)
create_draft = _call(
    "policy_versions_create",
    "Begin a draft",
    {201: _answer("PolicyVersion", "The draft."), **problems(400, 409, 415)},
    description=(
        "Of `content`, or of what `based_on` says; what neither names has its default. As YAML,"
        " the body is the content; `/api/policy.schema.json` says what it may hold."
    ),
    request={
        "application/json": shape(
            {
                "content": ref("Thresholds"),
                "note": _NOTE,
                "based_on": nullable({**NUMBER, "minimum": 1, "maximum": LARGEST_NUMBER}),
            },
            optional=("content", "note", "based_on"),
        ),
        "application/yaml": ref("Thresholds"),
    },
    parameters=[_ETAG],
)
get_version = _call(
    "policy_versions_get",
    "One draft or version",
    {200: _WHOLE, **problems(404)},
    parameters=[_ETAG],
)
edit_draft = _call(
    "policy_versions_edit",
    "Edit a draft",
    {200: _WHOLE, **problems(400, 404, 409, 415, 428), **_STALE},
    request={
        "application/json": {
            **shape({"content": ref("Thresholds"), "note": _NOTE}, optional=("content", "note")),
            "minProperties": 1,
        }
    },
    parameters=[_MATCH, _ETAG],
)
submit = _call(
    "policy_versions_submit",
    "Lay a draft before somebody else",
    {200: _WHOLE, **problems(400, 404, 409, 415), **_STALE},
    description=(
        "With `backtest`, a finished one of exactly these thresholds, that person sees it first."
    ),
    request=SubmitSerializer,
    parameters=[_MATCH, _ETAG],
)
approve = _call(
    "policy_versions_approve",
    "Approve what somebody else submitted",
    {200: _WHOLE, **problems(400, 404, 409, 415)},
    request=RemarkSerializer,
)
reject = _call(
    "policy_versions_reject",
    "Reject what somebody else submitted",
    {200: _WHOLE, **problems(400, 404, 409, 415)},
    request=ReasonSerializer,
)
activate = _call(
    "policy_versions_activate",
    "Put a version in force",
    {
        200: _answer("Activation", "It is in force."),
        202: _answer("PlannedActivation", "It will be."),
        **problems(400, 404, 409, 415),
        **_STALE,
    },
    description=(
        "For `percent` of a scope; the others keep what they have. With `at`, then. With"
        " `break_glass`, by one person alone: only where it is stricter in every threshold than"
        " what it takes the place of (409 `not_stricter`), and to be approved within 24 hours."
        " Where that is a draft, `If-Match` names the revision that was read."
    ),
    request=ActivateSerializer,
    parameters=[_MATCH, _ETAG],
)
get_document = _call(
    "policy_versions_document",
    "A draft or version as YAML",
    {
        (200, "application/yaml"): _answer("Thresholds", "As POST takes it."),
        **problems(404, 409),
    },
)
get_differences = _call(
    "policy_versions_differences",
    "What changes from one policy to another",
    {
        200: OpenApiResponse(
            shape(
                {
                    "from": NUMBER,
                    "to": NUMBER,
                    "stricter_in_every_threshold": FLAG,
                    "differences": listed(ref("Difference")),
                }
            ),
            description="In words, in the order of the content.",
        ),
        **problems(400, 404, 409),
    },
    parameters=[
        OpenApiParameter(
            "to", {"type": "integer", "minimum": 1, "maximum": 999_999_999}, required=True
        )
    ],
)
get_in_force = _call(
    "policies_in_force",
    "What holds where, what is planned and paused, and what waits for a second person",
    {
        200: OpenApiResponse(
            shape(
                {
                    "activations": listed(ref("Activation")),
                    "planned": listed(ref("PlannedActivation")),
                    "pauses": listed(ref("Pause")),
                    "unreviewed": listed(ref("UnreviewedActivation")),
                }
            ),
            description="At this moment.",
        ),
        **problems(),
    },
)
rollback = _call(
    "policies_rollback",
    "Go back to what a scope had before",
    {
        200: OpenApiResponse(
            shape({"scope": TEXT, "activation": nullable(ref("Activation"))}),
            description="`activation` is null where an override had nothing before: it is gone.",
        ),
        **problems(400, 409, 415),
    },
    request=RollbackSerializer,
)
end_override = _call(
    "policies_end_override",
    "Take an override away, so that what holds more widely holds again",
    {200: _answer("Activation", "The one that ended."), **problems(400, 409, 415)},
    request=ScopeSerializer,
)
cancel_plan = _call(
    "policies_cancel_plan",
    "Cancel what is planned in a scope",
    {200: _answer("PlannedActivation", "It is cancelled."), **problems(400, 409, 415)},
    request=ScopeSerializer,
)
pause = _call(
    "policies_pause",
    "Stop all ending in a scope, or in `everything`",
    {200: _answer("Pause", "Nothing is ended there."), **problems(400, 415)},
    request=ScopeSerializer,
)
resume = _call(
    "policies_resume",
    "Ask to end a pause; the second person's asking ends it",
    {200: _answer("Pause", "Over where `ended_at` is known."), **problems(400, 409, 415)},
    request=ScopeSerializer,
)
