"""Staff programs authenticate with a personal token."""

from __future__ import annotations

from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.views import APIView
from structlog.contextvars import bind_contextvars

from accounts import last_used, tokens
from accounts.models import PersonalToken, User
from accounts.problems import Problem
from accounts.token_scopes import needed


def bearer_token(request: Request) -> tokens.Token | None:
    """The token of an ``Authorization: Bearer`` header; None where there is no such header.

    Raises ``AuthenticationFailed`` where the header is there but does not hold a token.
    """
    kind, _, value = get_authorization_header(request).decode("latin-1").partition(" ")
    if kind.lower() != "bearer":
        return None
    token = tokens.parse(value.strip())
    if token is None:
        raise AuthenticationFailed("This is not a key that Recourse gave out.")
    return token


class PersonalTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer rp_…``: acts as the token's user, within the token's scopes.

    The scope is asked for here and not by a permission, so that no view can forget it.
    """

    def authenticate(self, request: Request) -> tuple[User, PersonalToken] | None:
        """The user and the token, or None where the header holds another kind of key.

        Raises ``Problem`` where the token has not the scope that the view asks for.
        """
        token = bearer_token(request)
        if token is None or token.kind != "rp":
            return None
        row = (
            PersonalToken.objects.filter(
                public_id=token.public_id,
                revoked_at=None,
                expires_at__gt=Now(),
                user__is_active=True,
            )
            .select_related("user")
            .first()
        )
        if row is None or not token.matches(bytes(row.digest)):
            raise AuthenticationFailed("This personal token is unknown, expired or revoked.")
        last_used.note(PersonalToken, "public_id", row.public_id, timezone.now())
        _check_scope(row, request)
        bind_contextvars(agent=f"token:{row}")
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing credential a 401 rather than a 403."""
        return 'Bearer realm="recourse"'


def _check_scope(token: PersonalToken, request: Request) -> None:
    view: APIView = request.parser_context["view"]
    if request.method not in view.allowed_methods:
        return  # It is answered with 405.
    scope = needed(view, request.method)
    if scope is None:
        raise Problem(403, "missing_scope", "No personal token opens this.")
    if scope not in token.scopes:
        raise Problem(403, "missing_scope", f"This token does not have the scope {scope.value}.")
