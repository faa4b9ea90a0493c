"""What chat services ask: the status of a conversation, and feedback that they relay."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import slug_re
from django.utils import timezone
from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import PersonalTokenAuthentication
from accounts.models import User
from accounts.problems import Problem
from accounts.revalidation import respond
from conversations.authentication import Caller, SourceKeyAuthentication, SourceScope
from conversations.models import Conversation, Source
from conversations.rate_limits import SourceCallThrottle
from conversations.vocabulary import Scope
from reviews import api_schema
from reviews.permissions import can_list
from reviews.services import feedback
from reviews.services.status import status_of
from reviews.vocabulary import PLAIN_REASONS, Channel


class MayAskStatus(BasePermission):
    """A source with the scope, or staff who may know of cases."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller may ask."""
        if isinstance(request.auth, Caller):
            return SourceScope().has_permission(request, view)
        return isinstance(request.user, User) and can_list(request.user)


class StatusView(APIView):
    """``GET …/conversations/{id}/status``: is this thread locked, and what became of it?"""

    authentication_classes = [
        SourceKeyAuthentication,
        PersonalTokenAuthentication,
        SessionAuthentication,
    ]
    permission_classes = [MayAskStatus]
    throttle_classes = [SourceCallThrottle]
    required_scope = Scope.STATUS_READ

    @api_schema.status_by_path
    def get(self, request: Request, external_id: str | None = None) -> Response:
        """The status with an ETag over all of it; 304 where the caller has the same one."""
        wanted = external_id if external_id is not None else request.query_params.get("id", "")
        # No stored text holds NUL, and PostgreSQL fails where it is asked for one.
        source = None if "\x00" in wanted else _source(request)
        status = status_of(source=source, external_id=wanted) if source else None
        if status is None:
            raise NotFound("No conversation of this source has that id.")
        return respond(request, status, cache_control="private, no-cache")


@extend_schema_view(get=api_schema.status_by_query)
class StatusByQueryView(StatusView):
    """``GET …/conversations/status?id=``: the same for ids with odd characters."""


def _source(request: Request) -> Source | None:
    """The caller's own source; for staff the one that ``?source=`` names."""
    if isinstance(request.auth, Caller):
        return request.auth.source
    slug = request.query_params.get("source", "")
    return Source.objects.filter(slug=slug).first() if slug_re.fullmatch(slug) else None


class FeedbackSerializer(serializers.Serializer[dict[str, object]]):
    """The data of ``recourse.feedback.submitted.v1``."""

    conversation_id = serializers.CharField(max_length=256)
    surprised = serializers.BooleanField()
    reason = serializers.ChoiceField(
        choices=[code.value for code in PLAIN_REASONS], allow_null=True, default=None
    )
    comment = serializers.CharField(
        max_length=feedback.LONGEST_COMMENT, allow_blank=True, allow_null=True, default=""
    )
    appeal = serializers.BooleanField(default=False)


class FeedbackView(APIView):
    """``POST /api/v1/feedback``: what a user said in the chat product."""

    authentication_classes = [SourceKeyAuthentication]
    permission_classes = [SourceScope]
    throttle_classes = [SourceCallThrottle]
    required_scope = Scope.FEEDBACK_WRITE

    @api_schema.send_feedback
    def post(self, request: Request) -> Response:
        """Keep it with the conversation's latest cutoff."""
        caller: Caller = request.auth  # type: ignore[assignment]
        said = FeedbackSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        data = said.validated_data
        conversation = (
            Conversation.objects.filter(source=caller.source, external_id=data["conversation_id"])
            .select_related("latest_cutoff")
            .first()
        )
        if conversation is None or conversation.latest_cutoff is None:
            raise NotFound("No conversation of this source with that id was ended.")
        try:
            given = feedback.submit(
                cutoff=conversation.latest_cutoff,
                surprised=data["surprised"],
                reason=data["reason"] or "",
                comment=data["comment"] or "",
                appeal=data["appeal"],
                channel=Channel.API,
                now=timezone.now(),
            )
        except ValidationError as error:
            if hasattr(error, "error_dict"):
                raise serializers.ValidationError(error.message_dict) from None
            raise Problem(409, "too_many", error.messages[0]) from None
        return Response({"id": str(given.pk)}, status=202)
