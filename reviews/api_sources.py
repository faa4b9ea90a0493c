"""What chat services ask: the status of a conversation, and feedback that they relay."""

from __future__ import annotations

from django.core.validators import slug_re
from drf_spectacular.utils import extend_schema_view
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import PersonalTokenAuthentication
from accounts.models import User
from accounts.revalidation import respond
from accounts.token_scopes import TokenScope
from conversations.authentication import Caller, SourceKeyAuthentication, SourceScope
from conversations.models import Source
from conversations.rate_limits import SourceCallThrottle
from conversations.vocabulary import Scope
from reviews import api_schema
from reviews.permissions import can_list
from reviews.services.status import status_of


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
    token_scopes = {"GET": TokenScope.CASES_READ}

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
