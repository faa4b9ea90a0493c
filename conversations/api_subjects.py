"""``/api/v1/subjects/erase``: a source has a person's words erased."""

from __future__ import annotations

import unicodedata
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_schema import ANYTHING, MOMENT, TEXT, nullable, problems, shape
from accounts.ledger import Actor
from conversations.authentication import SourceKeyAuthentication, SourceScope, caller_of
from conversations.hurrying import hurry
from conversations.models import ID_LENGTH, ErasureRequest, ErasureState
from conversations.rate_limits import SourceCallThrottle
from conversations.services import erasure
from conversations.vocabulary import Scope

ERASE_TASK = "conversations.tasks.erase"

#: What is counted, and said to the source.
COUNTED = ("transcripts", "remainders", "search_chunks", "feedback", "rationales", "parked")

_STATE = {"enum": ["pending", "running", "done"]}
_ID = {**TEXT, "format": "uuid"}
_WORDS = shape({"user_id": {**TEXT, "maxLength": 256}, "reason": {**TEXT, "maxLength": 500}})
_ACCEPTED = shape({"id": _ID, "state": _STATE})
_PROGRESS = shape(
    {
        "id": _ID,
        "state": _STATE,
        "requested_at": MOMENT,
        "done_at": nullable(MOMENT),
        "erased": {**ANYTHING, "description": "How many rows, by kind."},
    }
)


def _no_controls(value: str) -> None:
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise serializers.ValidationError("An id has no control characters.")


class _Words(serializers.Serializer[dict[str, Any]]):
    user_id = serializers.CharField(
        max_length=ID_LENGTH, trim_whitespace=False, validators=[_no_controls]
    )
    reason = serializers.CharField(max_length=500)


def shown_state(asked: ErasureRequest) -> str:
    """The state as a source may know it: that a legal hold keeps something, it may not."""
    return ErasureState.RUNNING if asked.state == ErasureState.HELD else asked.state


class _SubjectsView(APIView):
    authentication_classes = [SourceKeyAuthentication]
    permission_classes = [SourceScope]
    throttle_classes = [SourceCallThrottle]
    required_scope = Scope.SUBJECTS_ERASE


class EraseView(_SubjectsView):
    """``POST /api/v1/subjects/erase``."""

    @extend_schema(
        operation_id="subjects_erase",
        tags=["Subjects"],
        summary="Have a person's words erased",
        description=(
            "Removes what had arrived of this person when the call was made: transcripts, "
            "unknown fields of events, feedback, and rationales that quote them. Verdicts, "
            "figures and the ledger stay. Events that arrive later are taken as new."
        ),
        request={"application/json": _WORDS},
        responses={
            202: OpenApiResponse(_ACCEPTED, description="It is noted, and will be done."),
            **problems(400, 415),
        },
    )
    def post(self, request: Request) -> Response:
        """Note the request; a task does the work, a sweep where the broker is away."""
        caller = caller_of(request)
        said = _Words(data=request.data)
        said.is_valid(raise_exception=True)
        asked = erasure.request_erasure(
            source=caller.source,
            user_id=said.validated_data["user_id"],
            reason=said.validated_data["reason"],
            actor=Actor(agent=caller.agent),
            now=timezone.now(),
        )
        hurry(ERASE_TASK, str(asked.pk))
        return Response({"id": str(asked.pk), "state": asked.state}, status=202)


class ErasureView(_SubjectsView):
    """``GET /api/v1/subjects/erase/{id}``."""

    @extend_schema(
        operation_id="subjects_erasure",
        tags=["Subjects"],
        summary="How far an erasure is",
        parameters=[OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses={
            200: OpenApiResponse(_PROGRESS, description="State, and rows erased so far."),
            **problems(404),
        },
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - its name in the contract
        """The caller's own request."""
        caller = caller_of(request)
        asked = ErasureRequest.objects.filter(pk=id, source=caller.source).first()
        if asked is None:
            raise NotFound("This source made no such request.")
        return Response(
            {
                "id": str(asked.pk),
                "state": shown_state(asked),
                "requested_at": asked.requested_at,
                "done_at": asked.done_at,
                "erased": {kind: asked.counts.get(kind, 0) for kind in COUNTED},
            }
        )
