"""What the OpenAPI document says of feedback."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from accounts.api_schema import (
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
from conversations.vocabulary import Category, Standing
from reviews.cues import Heard
from reviews.services.feedback import LONGEST_COMMENT
from reviews.vocabulary import PLAIN_REASONS, CaseState, Channel

COMPONENTS: dict[str, Any] = {
    "Feedback": {
        **shape(
            {
                "id": {**TEXT, "format": "uuid"},
                "case_id": {**TEXT, "format": "uuid"},
                "case_number": NUMBER,
                "source": TEXT,
                "category": {"enum": Category.values},
                "policy_version": NUMBER,
                "state": {"enum": CaseState.values},
                "standing": nullable({"enum": Standing.values}),
                "surprised": FLAG,
                "reason": {"enum": [*(code.value for code in PLAIN_REASONS), None]},
                "appeal": FLAG,
                "appeal_open": FLAG,
                "channel": {"enum": Channel.values},
                "at": MOMENT,
                "changed_at": nullable(MOMENT),
                "read_at": nullable(MOMENT),
                "read_by": nullable(TEXT),
                "answered": FLAG,
                "heard": {"enum": [*(one.value for one in Heard), None]},
                "has_words": FLAG,
                "comment": nullable(TEXT),
            }
        ),
        "description": (
            "What a user said of a cutoff. `standing` is null where the caller may yet judge the"
            " case independently, `comment` unless `words=yes` asked for it. `heard` is what a"
            " program found in the words on arrival: a crisis cue, none, or that it could not be"
            " assessed, which is not none; null of what came before that was kept."
        ),
    }
}

list_feedback = extend_schema(
    operation_id="feedback_list",
    tags=["Staff"],
    summary="What users said",
    parameters=[
        OpenApiParameter("read", enum=["yes", "no"]),
        OpenApiParameter(
            "said",
            enum=["surprised", "not_surprised", "appeal", "open_appeal", "not_assessed"],
            description=(
                "`not_assessed`: with words in which no program could look for signs of a crisis."
            ),
        ),
        OpenApiParameter("reason", enum=[code.value for code in PLAIN_REASONS]),
        OpenApiParameter("channel", enum=Channel.values),
        OpenApiParameter(
            "words",
            enum=["yes", "no"],
            description="`yes` gives the users' own words; the ledger notes that they were read.",
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
                    "results": listed(ref("Feedback")),
                }
            ),
            description="A page of it, newest first.",
        ),
        **problems(400),
    },
)

send_feedback = extend_schema(
    operation_id="feedback_send",
    tags=["Asking"],
    summary="Relay what a user said of a cutoff",
    request={
        "application/json": shape(
            {
                "conversation_id": {**TEXT, "minLength": 1, "maxLength": 256},
                "surprised": FLAG,
                "reason": {"enum": [*(code.value for code in PLAIN_REASONS), None]},
                "comment": nullable({**TEXT, "maxLength": LONGEST_COMMENT}),
                "appeal": FLAG,
            },
            optional=("reason", "comment", "appeal"),
        )
    },
    responses={
        202: OpenApiResponse(
            shape({"id": TEXT}),
            description="It is kept with the conversation's latest cutoff.",
        ),
        **problems(400, 404, 409, 415),
    },
)
