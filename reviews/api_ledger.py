"""The staff's side of the API: the ledger, for whoever may read it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_lists import page_response
from accounts.authentication import PersonalTokenAuthentication
from accounts.models import LedgerEntry, User
from accounts.requests import user_of
from accounts.token_scopes import TokenScope
from reviews import ledger_schema
from reviews.ledger_forms import LedgerFilter
from reviews.permissions import can_read_ledger
from reviews.services import ledger


class MayReadLedger(BasePermission):
    """Seniors, auditors and administrators."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller is one."""
        return isinstance(request.user, User) and can_read_ledger(request.user)


class LedgerView(APIView):
    """``GET /api/v1/ledger``."""

    authentication_classes = [PersonalTokenAuthentication, SessionAuthentication]
    permission_classes = [MayReadLedger]
    token_scopes = {"GET": TokenScope.LEDGER_READ}

    @ledger_schema.list_lines
    def get(self, request: Request) -> Response:
        """One page of what the caller may see, newest first. Reading it writes no line."""
        filtered = LedgerFilter(
            request.query_params, queryset=ledger.visible_to(user_of(request)), request=request
        )
        if not filtered.is_valid():
            raise serializers.ValidationError(filtered.errors)
        return page_response(
            request,
            filtered.qs.select_related("actor"),
            ordering=filtered.ordering,
            data=lambda rows: [line_data(row) for row in rows],
        )


def line_data(row: LedgerEntry) -> dict[str, Any]:
    """A line as the API shows it."""
    return {
        "id": row.pk,
        "at": row.at,
        "actor": row.actor_id,
        "actor_name": row.actor.name if row.actor else None,
        "agent": row.agent or None,
        "action": row.action,
        "object_type": row.object_type,
        "object_id": row.object_id or None,
        "details": row.details,
        "request_id": row.request_id or None,
    }
