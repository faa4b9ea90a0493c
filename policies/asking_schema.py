"""What the OpenAPI document says of asking the policies: made of the structs themselves."""

from __future__ import annotations

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from accounts.api_schema import FLAG, MOMENT, NUMBER, TEXT, listed, nullable, problems, ref, shape
from policies.evaluation import Evaluation
from policies.questions import Question, Whose
from policies.thresholds import Thresholds

_, _STRUCTS = msgspec.json.schema_components(
    [Question, Evaluation, Thresholds], ref_template="#/components/schemas/{name}"
)

COMPONENTS: dict[str, Any] = {
    **_STRUCTS,
    "ActivePolicy": shape(
        {
            "version": NUMBER,
            "scope": TEXT,
            "enabled": FLAG,
            "thresholds": ref("Thresholds"),
            "activated_at": nullable(MOMENT),
            "max_age": {"const": 60},
        }
    ),
    "EvaluationAnswer": shape(
        {
            "evaluation_id": TEXT,
            "decision": ref("Decision"),
            "policy_version": NUMBER,
            "criteria": listed(ref("Line")),
        }
    ),
}

_OF_WHOM = {
    "model": "The chat model, as events name it.",
    "surface": "Where the chat takes place.",
    "locale": "A BCP 47 tag. An override for `de` holds for `de-AT` too.",
    "conversation_id": (
        "With a staged rollout, which side of it the conversation is on: always the same one."
        " Without it, the version that was there before."
    ),
}
_WHOSE = msgspec.json.schema_components([Whose])[1]["Whose"]["properties"]

active_policy = extend_schema(
    operation_id="policies_active",
    tags=["Asking"],
    summary="Which policy is in force?",
    description=(
        "For a conversation, or with no parameter for all that no override is for. Whoever holds"
        " an answer older than `max_age` seconds does not end; nor where `enabled` is false."
        " `activated_at` is null for the built-in version, which nobody activated."
    ),
    parameters=[
        *(
            OpenApiParameter(
                name,
                {key: value for key, value in _WHOSE[name].items() if key != "default"},
                description=description,
            )
            for name, description in _OF_WHOM.items()
        ),
        OpenApiParameter("If-None-Match", location=OpenApiParameter.HEADER),
        OpenApiParameter(
            "ETag",
            location=OpenApiParameter.HEADER,
            response=[200, 304],
            description="Of all of it.",
        ),
    ],
    responses={
        200: OpenApiResponse(ref("ActivePolicy"), description="The policy."),
        304: OpenApiResponse(description="As the caller knows it."),
        **problems(400),
    },
)

evaluate_policy = extend_schema(
    operation_id="policies_evaluate",
    tags=["Asking"],
    summary="May this conversation be ended?",
    description=(
        "`transcript` beside or instead of `signals`: where a signal is not given, what the"
        " transcript shows stands in for it, and words that read like a crisis forbid ending."
        " Quote `evaluation_id` in the event's `cutoff`. `Content-Encoding` may be `gzip` or"
        " `zstd`."
    ),
    request={"application/json": ref("Question")},
    responses={
        200: OpenApiResponse(ref("EvaluationAnswer"), description="The decision, and why."),
        **problems(400, 411, 413, 415),
    },
)
