"""The staff's side of the API: other ways out of a case than a verdict (docs/reference/api.md,
"Staff").
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_schema import MOMENT, TEXT, problems, shape
from reviews.api_cases import StaffView
from reviews.api_schema import Decorator
from reviews.services import deferring, escalating, skipping
from reviews.vocabulary import Area, SkipReason
from reviews.ways_out_models import LONGEST_NOTE


class DeferSerializer(serializers.Serializer[Any]):
    """Until when, and what to remember."""

    until = serializers.DateTimeField(help_text="Within the next fourteen days.")
    note = serializers.CharField(
        max_length=LONGEST_NOTE, required=False, allow_blank=True, default=""
    )


class EscalateSerializer(serializers.Serializer[Any]):
    """Which team, and what it is asked."""

    team = serializers.ChoiceField(choices=Area.choices)
    question = serializers.CharField(max_length=LONGEST_NOTE)


class SkipSerializer(serializers.Serializer[Any]):
    """Why, where somebody likes to say."""

    reason = serializers.ChoiceField(
        choices=SkipReason.choices, required=False, allow_blank=True, default=""
    )


def _way(operation_id: str, summary: str, request: Any, answer: Any) -> Decorator:
    return extend_schema(
        operation_id=operation_id,
        tags=["Staff"],
        summary=summary,
        request=request,
        responses={**answer, **problems(400, 404, 409, 415)},
    )


class DeferView(StaffView):
    """``POST /api/v1/cases/{id}/defer``."""

    @_way(
        "cases_defer",
        "Put the case off",
        DeferSerializer,
        {200: OpenApiResponse(shape({"until": MOMENT}), description="It comes back then.")},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Put it off; 409 where somebody else holds it."""
        sent = DeferSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        deferral = deferring.defer(
            case=self.case(pk),
            user=self.reviewer,
            until=sent.validated_data["until"],
            text=sent.validated_data["note"],
            now=timezone.now(),
        )
        return Response({"until": deferral.until.isoformat()})


class EscalateView(StaffView):
    """``POST /api/v1/cases/{id}/escalate``."""

    @_way(
        "cases_escalate",
        "Ask a team",
        EscalateSerializer,
        {
            200: OpenApiResponse(
                shape({"team": TEXT, "due_at": MOMENT}), description="When an answer is due."
            )
        },
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Ask a team about it; 409 where somebody else holds it."""
        sent = EscalateSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = escalating.escalate(
            case=self.case(pk),
            user=self.reviewer,
            area=sent.validated_data["team"],
            question=sent.validated_data["question"],
            now=timezone.now(),
        )
        return Response({"team": asked.area, "due_at": asked.due_at.isoformat()})


class SkipView(StaffView):
    """``POST /api/v1/cases/{id}/skip``."""

    @_way(
        "cases_skip",
        "Pass the case on",
        SkipSerializer,
        {204: OpenApiResponse(description="Somebody else is dealt it.")},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Pass it on; 409 where somebody else holds it."""
        sent = SkipSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        skipping.skip(
            case=self.case(pk),
            user=self.reviewer,
            reason=sent.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(status=204)
