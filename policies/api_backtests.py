"""``/api/v1/backtests``: what other thresholds would have done to recorded cutoffs."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from celery import current_app
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.ledger import Actor
from accounts.problems import Problem
from accounts.token_scopes import TokenScope
from conversations.vocabulary import Category
from policies import backtests_schema as schema
from policies.api_staff import PolicyView, sent
from policies.backtest import Filters, Question
from policies.backtest_words import as_csv, limits
from policies.models import Backtest, Draft, PolicyVersion
from policies.permissions import check_change
from policies.services import backtests
from policies.services.preview import preview
from policies.services.versions import thresholds_of
from policies.thresholds import Thresholds, read

log = structlog.get_logger(__name__)

RUN_TASK: Final = "policies.tasks.run_backtest"
_LARGEST: Final = 2_147_483_647
_MOST_VALUES: Final = 100


def _values() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=128), max_length=_MOST_VALUES, required=False
    )


class FiltersSerializer(serializers.Serializer[dict[str, Any]]):
    """Which cutoffs count: those with one of the values."""

    category = serializers.ListField(
        child=serializers.ChoiceField(choices=Category.values),
        max_length=len(Category.values),
        required=False,
    )
    model = _values()
    prompt_version = _values()
    surface = _values()
    locale = _values()
    # A serializer has an attribute of this name.
    source = _values()  # type: ignore[assignment]


class BacktestSerializer(serializers.Serializer[dict[str, Any]]):
    """A number, or thresholds that are only tried; and a window."""

    candidate = serializers.IntegerField(min_value=1, max_value=_LARGEST, required=False)
    content = serializers.JSONField(required=False)
    baseline = serializers.IntegerField(
        min_value=1, max_value=_LARGEST, allow_null=True, default=None
    )
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    filters = FiltersSerializer(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two ways to name a candidate."""
        if ("candidate" in attrs) == ("content" in attrs):
            raise serializers.ValidationError(
                {"candidate": "Name a draft or version, or send content; one of the two."}
            )
        return attrs


class BacktestsView(PolicyView):
    """``POST /api/v1/backtests``."""

    @schema.start_backtest
    def post(self, request: Request) -> Response:
        """Note it and tell a worker; a sweep begins it where the broker is away."""
        check_change(self.person)
        said = sent(BacktestSerializer, request)
        try:
            backtest = backtests.request(
                candidate=_candidate(said),
                candidate_number=said.get("candidate"),
                baseline=_baseline(said["baseline"]),
                since=said["since"],
                until=said["until"],
                filters=_filters(said),
                now=timezone.now(),
                actor=Actor(user=self.person),
            )
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from None
        tell_worker(backtest)
        return Response(_shown(backtest), status=202)


class PreviewView(PolicyView):
    """``POST /api/v1/backtests/preview``."""

    # It keeps nothing.
    token_scopes = {"POST": TokenScope.POLICIES_READ}

    @schema.preview_backtest
    def post(self, request: Request) -> Response:
        """The figures at once, kept nowhere."""
        said = sent(BacktestSerializer, request)
        baseline = _baseline(said["baseline"])
        question = Question(
            candidate=_candidate(said),
            baseline=thresholds_of(baseline) if baseline else None,
            since=said["since"],
            until=said["until"],
            filters=_filters(said),
            now=timezone.now(),
        )
        try:
            backtests.check_window(question.since, question.until)
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from None
        figures = preview(question)
        return Response({"figures": msgspec.to_builtins(figures), "cannot_tell": limits(figures)})


class BacktestView(PolicyView):
    """``GET /api/v1/backtests/{id}``: how far it is, and what came out."""

    @schema.read_backtest
    def get(self, request: Request, pk: UUID) -> Response:
        """The record."""
        return Response(_shown(get_object_or_404(Backtest, pk=pk)))


class CancelBacktestView(PolicyView):
    """``POST /api/v1/backtests/{id}/cancel``."""

    @schema.cancel_backtest
    def post(self, request: Request, pk: UUID) -> Response:
        """Stop it; 409 where it has finished."""
        check_change(self.person)
        backtest = get_object_or_404(Backtest, pk=pk)
        if not backtests.cancel(
            backtest=backtest, now=timezone.now(), actor=Actor(user=self.person)
        ):
            raise Problem(409, "finished", "This backtest has finished already.")
        backtest.refresh_from_db()
        return Response(_shown(backtest), status=202)


class BacktestFiguresView(PolicyView):
    """``GET /api/v1/backtests/{id}/figures.csv``."""

    @schema.export_backtest
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """The figures as a table; 409 where there are none."""
        backtest = get_object_or_404(Backtest, pk=pk)
        figures = backtests.figures_of(backtest)
        if figures is None:
            raise Problem(409, "no_figures", "This backtest has no figures that can be exported.")
        return HttpResponse(
            as_csv(figures, code_version=backtest.code_version),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="backtest-{backtest.pk}.csv"'},
        )


def tell_worker(backtest: Backtest) -> None:
    """Send the message that hurries what the record says."""
    try:
        current_app.send_task(RUN_TASK, args=[str(backtest.pk)], retry=False)
    except BrokerError:
        log.warning("backtest.broker_unreachable", backtest=str(backtest.pk))


def _candidate(said: dict[str, Any]) -> Thresholds:
    """Raises ``InvalidPolicy``, or ``ValidationError`` where no draft or version has the number."""
    if "content" in said:
        return read(said["content"])
    number = said["candidate"]
    found = (
        Draft.objects.filter(number=number).first()
        or PolicyVersion.objects.filter(number=number).first()
    )
    if found is None:
        raise serializers.ValidationError({"candidate": "There is no draft or version with it."})
    try:
        return read(found.content)
    except ValueError:
        raise serializers.ValidationError({"candidate": "It can no longer be read."}) from None


def _filters(said: dict[str, Any]) -> Filters:
    return Filters(**{name: tuple(values) for name, values in said.get("filters", {}).items()})


def _baseline(number: int | None) -> PolicyVersion | None:
    if number is None:
        return None
    found = PolicyVersion.objects.filter(number=number).first()
    if found is None:
        raise serializers.ValidationError({"baseline": "There is no version with this number."})
    return found


def _shown(backtest: Backtest) -> dict[str, Any]:
    figures = backtests.figures_of(backtest)
    return {
        "id": str(backtest.pk),
        "state": backtest.state,
        "progress": backtest.progress,
        "candidate": backtest.candidate_number,
        "content": backtest.candidate,
        "baseline": backtest.baseline_id,
        "since": _moment(backtest.since),
        "until": _moment(backtest.until),
        "filters": backtest.filters,
        "requested_at": _moment(backtest.requested_at),
        "started_at": _moment(backtest.started_at),
        "finished_at": _moment(backtest.finished_at),
        "error": backtest.error,
        "code_version": backtest.code_version,
        "figures": msgspec.to_builtins(figures) if figures else None,
        "cannot_tell": limits(figures) if figures else [],
    }


def _moment(moment: Any) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
