"""The staff's side of the API: cases, claims and verdicts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest
from django.http.response import HttpResponseBase
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
from accounts.token_scopes import TokenScope
from reviews import api_schema
from reviews.filters import CaseFilter
from reviews.models import Case, CaseQuerySet, CaseQueue, Claim
from reviews.permissions import can_list, check_open
from reviews.serializers import (
    CaseSerializer,
    VerdictSerializer,
    claim_data,
    opened_case_data,
    verdict_data,
)
from reviews.services import claims, reading, verdicts
from reviews.services.care import SevereLimit
from reviews.services.claims import HeldByAnother, NotHeld
from reviews.services.seen import as_seen, known_as, seen
from reviews.sight import unknown_to
from reviews.transitions import Forbidden

ORDERINGS = {"priority": "priority", "due_at": "due_at", "ended_at": "at"}


class MayListCases(BasePermission):
    """Staff whose role includes the review of cases."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller is such a person."""
        return isinstance(request.user, User) and can_list(request.user)


class StaffView(APIView):
    """Session or personal token; errors of the services become problem documents."""

    authentication_classes = [
        PersonalTokenAuthentication,
        SessionAuthentication,
    ]
    permission_classes = [MayListCases]
    token_scopes = {"GET": TokenScope.CASES_READ, "POST": TokenScope.CASES_WRITE}

    @property
    def reviewer(self) -> User:
        """Who is asking."""
        user = self.request.user
        assert isinstance(user, User)  # noqa: S101 - MayListCases let nobody else in
        return user

    def case(self, pk: UUID) -> Case:
        """A case that the caller may know of, as they are to see it; 404 otherwise.

        Raises ``sight.ForTheQualified`` where they may not open it.
        """
        cases = Case.objects.without(unknown_to(self.reviewer))
        cases = cases.select_related("cutoff__conversation", "source")
        found = cases.filter(pk=pk).first() or get_object_or_404(
            cases, pk__in=known_as(self.reviewer, alias=pk)
        )
        check_open(self.reviewer, found)
        return seen(found, user=self.reviewer)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in English, whatever the pages speak: services say what people read there."""
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Say what the services refused."""
        return super().handle_exception(_as_problem(exc))


def _as_problem(exc: Exception) -> Exception:
    match exc:
        case HeldByAnother():
            until = f"{exc.claim.expires_at:%H:%M} UTC"
            return Problem(409, "held_by_another", f"{exc} The claim runs until {until}.")
        case NotHeld():
            return Problem(409, "not_held", str(exc))
        case SevereLimit():
            return Problem(409, "severe_limit", str(exc))
        case Forbidden():
            return Problem(409, "not_possible", str(exc))
        case ValidationError():
            return serializers.ValidationError(exc.message_dict)
        case _:
            return exc


def with_claims(cases: CaseQuerySet) -> CaseQuerySet:
    """*cases* with their live claims prefetched as ``live_claims``."""
    live = Claim.objects.live().select_related("reviewer")
    return cases.prefetch_related(Prefetch("claims", queryset=live, to_attr="live_claims"))


class CasesView(StaffView):
    """``GET /api/v1/cases``."""

    @api_schema.list_cases
    def get(self, request: Request) -> Response:
        """One page of the cases that one may know of."""
        query = request.query_params
        filtered = CaseFilter(
            query,
            queryset=Case.objects.listed_for(self.reviewer).select_related("source"),
            request=request,
        )
        if not filtered.is_valid():
            raise serializers.ValidationError(filtered.errors)
        ordering = _ordering(query.get("ordering", "-priority"))
        return page_response(
            request,
            with_claims(filtered.qs),
            beside=filtered.gold_beside(with_claims),
            ordering=ordering,
            data=lambda cases: (
                CaseSerializer(
                    as_seen(cases, user=self.reviewer, gold=filtered.gold), many=True
                ).data
            ),
        )


def _ordering(wanted: str) -> list[str]:
    field = ORDERINGS.get(wanted.removeprefix("-"))
    if field is None:
        raise serializers.ValidationError({"ordering": f"One of {', '.join(ORDERINGS)}."})
    sign = "-" if wanted.startswith("-") else ""
    return [sign + field, "due_at"] if field == "priority" else [sign + field]


class QueueField(serializers.SlugRelatedField[CaseQueue]):
    """A queue by its slug. What is no slug is asked of no database, which takes no NUL."""

    def to_internal_value(self, data: Any) -> CaseQueue:
        """The queue."""
        if not isinstance(data, str) or not data.isascii() or not data.isprintable():
            self.fail("invalid")
        return super().to_internal_value(data)


class QueueSerializer(serializers.Serializer[Any]):
    """Which queue the next case is to come from."""

    queue = QueueField(
        slug_field="slug", queryset=CaseQueue.objects.all(), required=False, allow_null=True
    )


class ClaimNextView(StaffView):
    """``POST /api/v1/cases/claim-next``."""

    @api_schema.claim_next
    def post(self, request: Request) -> Response:
        """The next case, claimed; 204 where there is none."""
        wanted = QueueSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        queue = wanted.validated_data.get("queue")
        claim = claims.claim_next(user=self.reviewer, queue=queue.slug if queue else "")
        if claim is None:
            return Response(status=204)
        return _opened(self.case(claim.case_id), self.reviewer)


def _opened(case: Case, user: User) -> Response:
    return Response(opened_case_data(reading.open_case(case=case, user=user)))


class CaseView(StaffView):
    """``GET /api/v1/cases/{id}``."""

    @api_schema.get_case
    def get(self, request: Request, pk: UUID) -> Response:
        """The case as far as one may see it."""
        return _opened(self.case(pk), self.reviewer)


class ClaimView(StaffView):
    """``POST /api/v1/cases/{id}/claim``."""

    @api_schema.claim_case
    def post(self, request: Request, pk: UUID) -> Response:
        """Claim this case; 409 where somebody else holds it."""
        return Response(claim_data(claims.claim(case=self.case(pk), user=self.reviewer)))


class HeartbeatView(StaffView):
    """``POST /api/v1/cases/{id}/heartbeat``."""

    @api_schema.heartbeat
    def post(self, request: Request, pk: UUID) -> Response:
        """Renew the lease; 409 where it is lost."""
        case = self.case(pk)
        claim = claims.heartbeat(case=case, user=self.reviewer)
        if claim is None:
            if held := claims.live_claim(case):
                raise HeldByAnother(held)
            raise NotHeld("You do not hold this case any more.")
        return Response(claim_data(claim))


class ReleaseView(StaffView):
    """``POST /api/v1/cases/{id}/release``."""

    @api_schema.release
    def post(self, request: Request, pk: UUID) -> Response:
        """Give it back; 409 where somebody else holds it."""
        case = self.case(pk)
        if not claims.release(case=case, user=self.reviewer):
            if held := claims.live_claim(case):
                raise HeldByAnother(held)
            raise NotHeld("You do not hold this case.")
        return Response(status=204)


class VerdictsView(StaffView):
    """``POST /api/v1/cases/{id}/verdicts``."""

    @api_schema.give_verdict
    def post(self, request: Request, pk: UUID) -> Response:
        """Give a verdict; a repeated ``Idempotency-Key`` gets the first answer."""
        sent = VerdictSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > 128 or "\x00" in key:
            raise Problem(400, "invalid", "An Idempotency-Key has at most 128 characters, no NUL.")
        given = verdicts.decide(
            case=self.case(pk),
            user=self.reviewer,
            verdict=sent.verdict(),
            now=timezone.now(),
            idempotency_key=key or None,
        )
        return Response(verdict_data(given), status=201)
