"""What users said, through the API: sources relay it, the staff list it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_lists import page_response
from accounts.authentication import PersonalTokenAuthentication
from accounts.models import User
from accounts.problems import Problem
from accounts.requests import user_of
from accounts.token_scopes import TokenScope
from conversations.authentication import Caller, SourceKeyAuthentication, SourceScope
from conversations.models import Conversation
from conversations.rate_limits import SourceCallThrottle
from conversations.vocabulary import Scope
from reviews import feedback_schema
from reviews.feedback_forms import InboxFilter
from reviews.models import Feedback
from reviews.permissions import can_list, can_read_feedback
from reviews.services import feedback, inbox
from reviews.vocabulary import PLAIN_REASONS, Channel


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


class MayReadFeedback(BasePermission):
    """Staff whose roles include what users said."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller is one of them."""
        user = request.user
        return isinstance(user, User) and can_list(user) and can_read_feedback(user)


class FeedbackView(APIView):
    """``/api/v1/feedback``: POST is a source's, what its user said; GET is the staff's."""

    throttle_classes = [SourceCallThrottle]
    required_scope = Scope.FEEDBACK_WRITE
    token_scopes = {"GET": TokenScope.FEEDBACK_READ}

    @property
    def _relays(self) -> bool:
        return getattr(self.request, "method", "") == "POST"

    def get_authenticators(self) -> list[BaseAuthentication]:
        """A source's key to write, a person's session or token to read."""
        if self._relays:
            return [SourceKeyAuthentication()]
        return [PersonalTokenAuthentication(), SessionAuthentication()]

    def get_permissions(self) -> list[Any]:
        """Likewise."""
        return [SourceScope()] if self._relays else [MayReadFeedback()]

    @feedback_schema.list_feedback
    def get(self, request: Request) -> Response:
        """One page, newest first. With ``words=yes`` the reading is in the ledger."""
        form = InboxFilter(request.query_params)
        words = request.query_params.get("words", "")
        if words not in ("", "yes", "no"):
            raise serializers.ValidationError({"words": "yes or no."})
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(one) for one in said] for name, said in form.errors.items()}
            )
        wanted = {name: said for name, said in form.cleaned_data.items() if said}
        user = user_of(request)

        def data(rows: list[Feedback]) -> list[dict[str, Any]]:
            lines = inbox.lines(rows, user)
            if words == "yes":
                inbox.read(lines, user=user, now=timezone.now())
            return [feedback_data(line, words=words == "yes") for line in lines]

        return page_response(
            request,
            inbox.listed_for(user, wanted, words=words == "yes"),
            ordering=["-at", "-id"],
            data=data,
        )

    @feedback_schema.send_feedback
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


def feedback_data(line: inbox.Line, *, words: bool) -> dict[str, Any]:
    """Feedback as the API shows it; its words only where they were asked for."""
    said, case = line.said, line.case
    return {
        "id": str(said.pk),
        "case_id": str(case.pk),
        "case_number": case.number,
        "source": case.source.slug,
        "category": case.category,
        "policy_version": case.policy_version,
        "state": case.state,
        "standing": (line.verdict and case.cutoff.standing) or None,
        "surprised": said.surprised,
        "reason": said.reason or None,
        "appeal": said.appeal,
        "appeal_open": said.appeal and said.closed_at is None,
        "channel": said.channel,
        "at": said.at,
        "changed_at": said.changed_at,
        "read_at": said.read_at,
        "read_by": said.read_by.name if said.read_by else None,
        "answered": said.answer_id is not None,
        "heard": said.heard or None,
        "has_words": line.readable,
        "comment": feedback.comment_of(said) if words and line.readable else None,
    }
