"""Staff programs authenticate with a personal token."""

from __future__ import annotations

from django.db.models.functions import Now
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tokens
from accounts.models import PersonalToken, User


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
    """``Authorization: Bearer rp_…``: acts as the token's user."""

    def authenticate(self, request: Request) -> tuple[User, PersonalToken] | None:
        """The user and the token, or None where the header holds another kind of key."""
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
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing credential a 401 rather than a 403."""
        return 'Bearer realm="recourse"'
