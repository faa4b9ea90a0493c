"""Chat services authenticate with an API key of their source, or sign what they send."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.contrib.auth.models import AnonymousUser
from django.core.validators import slug_re
from django.db import connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import last_used
from accounts.authentication import bearer_token
from accounts.plans import kept_plans
from conversations import signatures
from conversations.models import Source, SourceKey, SourceSecret
from conversations.received import body_as_sent
from conversations.vocabulary import Scope


@cache
def _names() -> list[str]:
    return [field.attname for field in Source._meta.concrete_fields]


@cache
def _live_key() -> str:
    """By hand: every call pays for it, and to compose it by the ORM took a third of a call."""
    columns = ", ".join(f'source."{field.column}"' for field in Source._meta.concrete_fields)
    return (
        f"SELECT key.digest, key.scopes, {columns}"  # noqa: S608 - names of models
        f" FROM {SourceKey._meta.db_table} key"
        f" JOIN {Source._meta.db_table} source ON source.id = key.source_id"
        " WHERE key.public_id = %s AND key.revoked_at IS NULL"
    )


@dataclass(frozen=True)
class Caller:
    """A source that calls, and what its credential allows."""

    source: Source
    scopes: frozenset[str]
    agent: str


def caller_of(request: Request) -> Caller:
    """Who calls. Raises ``NotAuthenticated`` where no source does: a permission is asked before."""
    if not isinstance(request.auth, Caller):
        raise NotAuthenticated
    return request.auth


class SourceKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer rk_…``. ``request.auth`` becomes a :class:`Caller`."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        """The caller, or None where the header holds another kind of token."""
        token = bearer_token(request)
        if token is None or token.kind != "rk":
            return None
        with kept_plans(), connection.cursor() as cursor:
            cursor.execute(_live_key(), [token.public_id])
            row = cursor.fetchone()
        if row is None or not token.matches(bytes(row[0])):
            raise AuthenticationFailed("This API key is unknown or revoked.")
        last_used.note(SourceKey, "public_id", token.public_id, timezone.now())
        source = Source.from_db(connection.alias, _names(), row[2:])
        return AnonymousUser(), Caller(source, frozenset(row[1]), f"key:rk_{token.public_id}")

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing credential a 401 rather than a 403."""
        return 'Bearer realm="recourse"'


class SignatureAuthentication(BaseAuthentication):
    """``webhook-signature`` and ``Recourse-Source``: a signed request, which may send events.

    Sent again under the same ``webhook-id`` it is welcome: events deduplicate themselves.
    """

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        """The caller, or None where the request is not signed."""
        headers = signatures.Signed(
            id=request.headers.get("webhook-id", ""),
            timestamp=request.headers.get("webhook-timestamp", ""),
            signature=request.headers.get("webhook-signature", ""),
        )
        if not headers.signature:
            return None
        try:
            return AnonymousUser(), self._caller(request, headers)
        except signatures.BadSignature as error:
            raise AuthenticationFailed(str(error)) from None

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing credential a 401 rather than a 403."""
        return 'Bearer realm="recourse"'

    def _caller(self, request: Request, headers: signatures.Signed) -> Caller:
        """Everything that costs little is looked at before the body is read."""
        now = timezone.now()
        signatures.check_headers(headers, now=now)
        slug = request.headers.get("Recourse-Source", "")
        live = SourceSecret.objects.filter(source__slug=slug, revoked_at=None)
        rows = list(live.select_related("source")) if slug_re.match(slug) else []
        if not rows:
            raise signatures.BadSignature("Recourse-Source names no source that signs.")
        body = body_as_sent(request._request)
        used = signatures.check(headers, body=body, secrets=[row.secret for row in rows])
        last_used.note(SourceSecret, "id", rows[used].pk, now)
        source = rows[0].source
        return Caller(source, frozenset({Scope.EVENTS_WRITE}), f"signature:{source.slug}")


def named_source(request: Request) -> Source | None:
    """The source that a request names by its key or by its header. That proves nothing: whoever
    is not a :class:`Caller` may name any.
    """
    if isinstance(request.auth, Caller):
        return request.auth.source
    try:
        token = bearer_token(request)
    except AuthenticationFailed:
        return None
    if token is not None:
        return Source.objects.filter(keys__public_id=token.public_id).first()
    slug = request.headers.get("Recourse-Source", "")
    return Source.objects.filter(slug=slug).first() if slug_re.match(slug) else None


class SourceScope(BasePermission):
    """Lets a source in whose credential has the view's ``required_scope``."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller is a source with the scope."""
        # Each view that this guards has one.
        scope: Scope = view.required_scope  # type: ignore[attr-defined]
        self.message = f"This key does not have the scope {scope.value}."
        return isinstance(request.auth, Caller) and scope in request.auth.scopes
