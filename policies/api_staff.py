"""What the staff's views of policies share: who may ask, and how refusals are told."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import PersonalTokenAuthentication
from accounts.models import User
from accounts.problems import Problem
from accounts.requests import user_of
from accounts.token_scopes import TokenScope
from policies.permissions import can_view
from policies.scopes import MalformedScope
from policies.services.break_glass import NotStricter
from policies.services.versions import NotPossible
from policies.thresholds import InvalidPolicy

YAML: Final = "application/yaml"  # RFC 9512


class MayViewPolicies(BasePermission):
    """Staff whose role includes policies; who may change them, the services know."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller is such a person."""
        return isinstance(request.user, User) and can_view(request.user)


class PolicyView(APIView):
    """Session or personal token; errors of the services become problem documents."""

    authentication_classes = [PersonalTokenAuthentication, SessionAuthentication]
    permission_classes = [MayViewPolicies]
    token_scopes = {
        "GET": TokenScope.POLICIES_READ,
        "POST": TokenScope.POLICIES_WRITE,
        "PATCH": TokenScope.POLICIES_WRITE,
    }

    @property
    def person(self) -> User:
        """Who is asking."""
        return user_of(self.request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in English, whatever the pages speak: services say what people read there."""
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Say what the services refused."""
        return super().handle_exception(_as_problem(exc, self.request))


def _as_problem(exc: Exception, request: Request) -> Exception:
    match exc:
        case InvalidPolicy():
            into = "" if (request.content_type or "").startswith(YAML) else "/content"
            errors = [
                {"pointer": into + fault.pointer, "code": fault.code, "detail": fault.detail}
                for fault in exc.faults
            ]
            detail = "This policy cannot be accepted; see errors."
            return Problem(400, "invalid", detail, errors=errors)
        case MalformedScope():
            return serializers.ValidationError({"scope": str(exc)})
        case NotStricter():
            return Problem(409, "not_stricter", str(exc))
        case NotPossible():
            return Problem(409, "not_possible", str(exc))
        case _:
            return exc


def sent(kind: type[serializers.Serializer[Any]], request: Request) -> Any:
    """What was sent, as *kind* reads it. Raises ``ValidationError``."""
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return body.validated_data
