"""The staff's side of the API: what became of outcomes, and sending them again."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
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
from reviews import deliveries_schema
from reviews.models import Delivery
from reviews.outcome_forms import DeliveryFilter
from reviews.permissions import can_see_outcomes
from reviews.services import deliveries
from reviews.services.endpoints import NotPossible


class MaySeeOutcomes(BasePermission):
    """Administrators."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller is one."""
        return isinstance(request.user, User) and can_see_outcomes(request.user)


class DeliveriesView(APIView):
    """``GET /api/v1/deliveries``."""

    authentication_classes = [PersonalTokenAuthentication, SessionAuthentication]
    permission_classes = [MaySeeOutcomes]
    token_scopes = {"GET": TokenScope.DELIVERIES_READ}

    @deliveries_schema.list_deliveries
    def get(self, request: Request) -> Response:
        """One page of what was sent or waits, newest first."""
        filtered = DeliveryFilter(request.query_params, queryset=_all(), request=request)
        if not filtered.is_valid():
            raise serializers.ValidationError(filtered.errors)
        return page_response(
            request,
            filtered.qs,
            ordering=["-id"],
            data=lambda rows: [delivery_data(row) for row in rows],
        )


class ReplayView(APIView):
    """``POST /api/v1/deliveries/{id}/replay``."""

    authentication_classes = [PersonalTokenAuthentication, SessionAuthentication]
    permission_classes = [MaySeeOutcomes]
    token_scopes = {"POST": TokenScope.DELIVERIES_WRITE}

    @deliveries_schema.replay
    def post(self, request: Request, pk: int) -> Response:
        """Send one again; 409 where its endpoint is off."""
        row = get_object_or_404(_all(), pk=pk)
        try:
            with translation.override("en"):
                again = deliveries.replay(delivery=row, user=user_of(request), now=timezone.now())
        except NotPossible as refused:
            raise Problem(409, "not_possible", str(refused)) from None
        return Response(delivery_data(again))


def _all() -> Any:
    return Delivery.objects.select_related("endpoint", "source", "outcome")


def delivery_data(row: Delivery) -> dict[str, Any]:
    """A delivery as the API shows it."""
    waits = row.state == "waiting"
    return {
        "id": row.pk,
        "webhook_id": str(row.outcome_id),
        "source": row.source.slug,
        "endpoint": row.endpoint.url,
        "endpoint_state": row.endpoint.state,
        "type": row.type,
        "data": row.outcome.data,
        "state": row.state,
        "attempts": row.attempts_made,
        "failure": row.failure or None,
        "created_at": row.created_at,
        "next_attempt_at": row.due_at if waits else None,
        "delivered_at": row.delivered_at,
        "failed_at": row.dead_at,
    }
