"""What chat services ask of the policies: which one is in force, and may this one be ended?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NoReturn

import msgspec
from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import PersonalTokenAuthentication
from accounts.models import User
from accounts.problems import Problem
from accounts.revalidation import respond
from accounts.token_scopes import TokenScope
from conversations.authentication import Caller, SourceKeyAuthentication, SourceScope, caller_of
from conversations.parsing import Invalid, Limits, convert, parse_question
from conversations.rate_limits import SourceCallThrottle
from conversations.received import decompressed_body
from conversations.vocabulary import Scope
from policies import asking_schema
from policies.permissions import can_view
from policies.questions import Question, Whose
from policies.services import evaluations
from policies.services.in_force import InForce, in_force

#: Seconds for which a caller may hold a policy: whoever has an older one does not end.
MAX_AGE: Final = 60

#: What makes a body no JSON at all, rather than JSON with a value that cannot be accepted.
_MALFORMED: Final = {"invalid_json", "too_deep"}


class MayReadPolicy(BasePermission):
    """A source with the scope, or staff who may see policies."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller may ask."""
        if isinstance(request.auth, Caller):
            scoped = SourceScope()
            allowed = scoped.has_permission(request, view)
            self.message = scoped.message
            return allowed
        user = request.user
        return isinstance(user, User) and can_view(user)


class ActivePolicyView(APIView):
    """``GET …/policies/active``: the thresholds that hold for a conversation now."""

    authentication_classes = [
        SourceKeyAuthentication,
        PersonalTokenAuthentication,
        SessionAuthentication,
    ]
    permission_classes = [MayReadPolicy]
    throttle_classes = [SourceCallThrottle]
    required_scope = Scope.POLICY_READ
    token_scopes = {"GET": TokenScope.POLICIES_READ}

    @asking_schema.active_policy
    def get(self, request: Request) -> Response:
        """The policy with an ETag over all of it; 304 where the caller has the same one."""
        query: Mapping[str, Any] = request.query_params.dict()
        try:
            whose = convert(query, Whose)
        except Invalid as invalid:
            _refuse(invalid)
        found = in_force(**msgspec.structs.asdict(whose), at=timezone.now())
        return respond(request, _active(found), cache_control=f"private, max-age={MAX_AGE}")


def _active(found: InForce) -> dict[str, Any]:
    return {
        "version": found.version,
        "scope": found.scope,
        "enabled": found.enabled,
        "thresholds": msgspec.to_builtins(found.thresholds),
        "activated_at": _written(found.activated_at),
        "max_age": MAX_AGE,
    }


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


class EvaluateView(APIView):
    """``POST …/policies/evaluate``: may this conversation be ended?"""

    authentication_classes = [SourceKeyAuthentication]
    permission_classes = [SourceScope]
    throttle_classes = [SourceCallThrottle]
    required_scope = Scope.POLICY_READ

    @asking_schema.evaluate_policy
    def post(self, request: Request) -> Response:
        """Decide, explain and keep it; what is answered is committed."""
        caller = caller_of(request)
        if request._request.content_type != "application/json":
            raise Problem(415, "unsupported_media_type", "Send application/json.")
        body = decompressed_body(request._request, limit=settings.INTAKE_MAX_EVENT)
        try:
            question, messages = parse_question(body, Question, limits=_limits())
        except Invalid as invalid:
            _refuse(invalid)
        answer = evaluations.answer(
            source=caller.source, question=question, messages=messages, now=timezone.now()
        )
        return Response(
            {
                "evaluation_id": answer.id,
                "decision": answer.evaluation.decision.value,
                "policy_version": answer.policy.version,
                "criteria": msgspec.to_builtins(answer.evaluation.criteria),
            }
        )


def _limits() -> Limits:
    """As for an event (``conversations/api.py``, ``limits``)."""
    return Limits(
        event=settings.INTAKE_MAX_EVENT,
        transcript=settings.INTAKE_MAX_TRANSCRIPT,
        messages=settings.INTAKE_MAX_MESSAGES,
    )


def _refuse(invalid: Invalid) -> NoReturn:
    error = invalid.error
    if error["code"] == "too_large":
        raise Problem(413, "too_large", error["detail"], errors=[error]) from None
    if error["code"] in _MALFORMED:
        raise Problem(400, "malformed_body", error["detail"]) from None
    raise Problem(
        400, "invalid", "Some values cannot be accepted; see errors.", errors=[error]
    ) from None
