"""What the OpenAPI document says of the API of reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import django_filters as filters
import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers

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
from conversations.transcripts import Message
from conversations.vocabulary import ConversationState, Kind
from policies.conformance import Conformance
from policies.services.evaluations import AskedFirst
from reviews.filters import CaseFilter
from reviews.hazards import Form
from reviews.serializers import CaseSerializer, VerdictSerializer

Decorator = Callable[[Any], Any]

_, _STRUCTS = msgspec.json.schema_components(
    [Message, Conformance, AskedFirst], ref_template="#/components/schemas/{name}"
)

# What the API adds where a reviewer has yet to judge for themselves.
_STRUCTS["Finding"]["enum"].append("folded")

COMPONENTS: dict[str, Any] = {
    **_STRUCTS,
    "Status": shape(
        {
            "id": TEXT,
            "state": {"enum": ConversationState.values},
            "locked": FLAG,
            "may_start_new": {"const": True},
            "may_branch": {"const": True},
            "ended_at": nullable(MOMENT),
            "reason": nullable(shape({"title": TEXT, "text": TEXT})),
            "review": {"enum": ["none", "pending", "upheld", "overturned"]},
            "notice_url": nullable(TEXT),
        }
    ),
    "Claim": shape({"name": TEXT, "until": MOMENT}),
    "Thread": shape(
        {
            "conversation_id": TEXT,
            "received": FLAG,
            "state": nullable({"enum": ConversationState.values}),
            "at": nullable(MOMENT),
            "cases": listed(
                shape(
                    {
                        "id": {**TEXT, "format": "uuid"},
                        "number": NUMBER,
                        "label": TEXT,
                        "kind": {"enum": Kind.values},
                    }
                )
            ),
        }
    ),
    "Threads": shape({"count": NUMBER, "more": FLAG, "first": listed(ref("Thread"))}),
    "GivenVerdict": shape(
        {
            "id": {**TEXT, "format": "uuid"},
            "reviewer": TEXT,
            "at": MOMENT,
            "decision": TEXT,
            "remedy": nullable(TEXT),
            "policy_followed": TEXT,
            "severity": nullable(NUMBER),
            "category": nullable(TEXT),
            "reason_codes": listed(TEXT),
            "rationale": TEXT,
            "evidence": listed(ANYTHING),
        }
    ),
}


class CasesSerializer(serializers.Serializer[Any]):
    """A page of cases."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = CaseSerializer(many=True)


def _field(schema: dict[str, Any], *, required: bool = True) -> Any:
    """A field of which the document says *schema*."""

    @extend_schema_field(schema)
    class Field(serializers.JSONField):
        """JSON of that shape."""

    return Field(required=required)


class OpenedCaseSerializer(CaseSerializer):
    """A case. What its viewer may not see is absent; what is folded for now is null."""

    priority = _field(nullable(NUMBER))
    surprised = _field(nullable(FLAG))
    reasons = _field(nullable(listed(TEXT)))
    conformance = _field(
        {
            "allOf": [
                ref("Conformance"),
                shape(
                    {
                        "policy_version": nullable(NUMBER),
                        "basis": TEXT,
                        "asked_first": nullable(ref("AskedFirst")),
                    }
                ),
            ]
        },
        required=False,
    )
    transcript = _field(nullable(listed(ref("Message"))), required=False)
    hidden = _field(
        shape(
            {
                "turns": listed(NUMBER),
                "warning": TEXT,
                "form": {"enum": [form.value for form in Form]},
            }
        ),
        required=False,
    )
    explanation = _field(TEXT, required=False)
    rationale = _field(TEXT, required=False)
    verdicts = _field(listed(ref("GivenVerdict")), required=False)
    timeline = _field(listed(shape({"at": MOMENT, "who": TEXT, "what": TEXT})))
    signals_expired_at = _field(nullable(MOMENT))
    lineage = _field(
        shape(
            {
                "conversation_id": TEXT,
                "parent": nullable(ref("Thread")),
                "branched_from_message_id": nullable(TEXT),
                "siblings": ref("Threads"),
                "branches": ref("Threads"),
            }
        ),
        required=False,
    )

    class Meta(CaseSerializer.Meta):
        fields = [
            *CaseSerializer.Meta.fields,
            "reasons",
            "conformance",
            "transcript",
            "hidden",
            "explanation",
            "rationale",
            "verdicts",
            "timeline",
            "signals_expired_at",
            "lineage",
        ]


def _answer(name: str, description: str) -> Any:
    return OpenApiResponse(ref(name), description=description)


_NOTHING = OpenApiResponse(description="Nothing more to say.")
_SOURCE = OpenApiParameter("source", description="For staff: the source's slug.")
_ETAG = OpenApiParameter(
    "ETag", location=OpenApiParameter.HEADER, response=[200, 304], description="Of all of it."
)
_KNOWN = OpenApiParameter("If-None-Match", location=OpenApiParameter.HEADER)


def _status(operation_id: str, *parameters: OpenApiParameter) -> Decorator:
    return extend_schema(
        operation_id=operation_id,
        tags=["Asking"],
        summary="Is this conversation locked, and what became of it?",
        parameters=[*parameters, _SOURCE, _KNOWN, _ETAG],
        responses={
            200: _answer("Status", "Where the conversation stands."),
            304: OpenApiResponse(description="As the caller knows it."),
            **problems(404),
        },
    )


status_by_path = _status("status")
status_by_query = _status("status_by_query", OpenApiParameter("id", required=True))


def _parameters() -> Iterator[OpenApiParameter]:
    """The filters of the list of cases."""
    types: list[tuple[type, Any]] = [
        (filters.BooleanFilter, OpenApiTypes.BOOL),
        (filters.IsoDateTimeFilter, OpenApiTypes.DATETIME),
        (filters.NumberFilter, OpenApiTypes.INT),
    ]
    for name, one in CaseFilter.base_filters.items():
        kind = next((known for cls, known in types if isinstance(one, cls)), OpenApiTypes.STR)
        choices = one.extra.get("choices")
        # Choices that are rows, such as queues, differ from one installation to another.
        fixed = choices and not callable(choices)
        yield OpenApiParameter(
            name,
            kind,
            description=str(one.label),
            enum=[value for value, _ in choices] if fixed else None,
        )


def _case(operation_id: str, summary: str, responses: dict[Any, Any], **more: Any) -> Decorator:
    return extend_schema(
        operation_id=operation_id, tags=["Staff"], summary=summary, responses=responses, **more
    )


list_cases = _case(
    "cases_list",
    "All cases that one may see",
    {200: CasesSerializer, **problems(400)},
    parameters=[
        *_parameters(),
        OpenApiParameter(
            "ordering",
            enum=[sign + name for name in ("priority", "due_at", "ended_at") for sign in ("", "-")],
        ),
        OpenApiParameter(
            "page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
        ),
        OpenApiParameter("cursor", description="From `next` or `previous`."),
    ],
)
claim_next = _case(
    "cases_claim_next",
    "Claim the next case",
    {
        200: OpenedCaseSerializer,
        204: OpenApiResponse(description="There is none."),
        **problems(400, 415),
    },
    request={
        "application/json": shape(
            {"queue": {"type": ["string", "null"]}},
            optional=("queue",),
        )
    },
)
get_case = _case("cases_get", "One case", {200: OpenedCaseSerializer, **problems(404)})
claim_case = _case(
    "cases_claim",
    "Claim this case",
    {200: _answer("Claim", "Yours until then."), **problems(404, 409)},
    request=None,
)
heartbeat = _case(
    "cases_heartbeat",
    "Renew the claim",
    {200: _answer("Claim", "Yours until then."), **problems(404, 409)},
    request=None,
)
release = _case(
    "cases_release", "Give it back", {204: _NOTHING, **problems(404, 409)}, request=None
)
give_verdict = _case(
    "cases_verdict",
    "Give a verdict",
    {201: _answer("GivenVerdict", "The verdict."), **problems(400, 404, 409, 415)},
    request=VerdictSerializer,
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            {"type": "string", "maxLength": 128},
            OpenApiParameter.HEADER,
            description="A repeat under the same key gets the first answer.",
        )
    ],
)
