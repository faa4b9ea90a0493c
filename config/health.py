"""What machines ask: is the process alive, can it work, what did it count."""

import ipaddress
import secrets
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily

from accounts import sealing
from config.celery import app
from reviews.services import deliveries, enrichment

# Seconds a check of readiness may wait for the broker.
_PATIENCE = 2

_migrated = False


@login_not_required
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process answers at all; touches neither database nor broker."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, migrations and broker are there, else 503; name what is not."""
    checks = {"database": _database(), "migrations": _migrations(), "broker": _broker()}
    ready = all(checks.values())
    return JsonResponse(
        {"status": "ready" if ready else "not ready", "checks": checks},
        status=200 if ready else 503,
        headers={} if ready else {"Retry-After": "2"},
    )


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer what Prometheus reads, to the machine itself or to whoever has the token."""
    if not (_from_this_machine(request) or _has_token(request)):
        return HttpResponseForbidden("Send Authorization: Bearer with RECOURSE_METRICS_TOKEN.\n")
    page: HttpResponse = ExportToDjangoView(request)
    page.write(_counted_now())
    return page


class _Backlog:
    """What waits in the database, looked at when Prometheus asks: the same for all processes."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        enriching, sending = enrichment.backlog(now=now), deliveries.backlog(now=now)
        for name, value, meaning in (
            (
                "enrichment_lag_seconds",
                enriching.lag.total_seconds(),
                "Age of the oldest cutoff that is due.",
            ),
            ("enrichment_waiting", enriching.waiting, "Cutoffs that wait to be enriched."),
            ("enrichment_parked", enriching.parked, "Cutoffs whose enrichment failed for good."),
            (
                "outcomes_lag_seconds",
                sending.lag.total_seconds(),
                "Age of the oldest outcome that is due to an endpoint which is on.",
            ),
            ("outcomes_waiting", sending.waiting, "Outcomes that wait to be delivered."),
            ("outcomes_failing", sending.failing, "Outcomes that failed and are tried again."),
            ("outcomes_dead", sending.dead, "Outcomes that failed for good."),
            ("endpoints_disabled", sending.disabled, "Endpoints that answered 410."),
            (
                "ledger_unsealed_seconds",
                sealing.lag(now=now).total_seconds(),
                "Age of the oldest line of the ledger that no seal covers.",
            ),
        ):
            yield GaugeMetricFamily(f"recourse_{name}", meaning, value)


def _counted_now() -> bytes:
    """What is counted in the database, in Prometheus's format; nothing while it is away."""
    try:
        return generate_latest(_Backlog())
    except Exception:  # noqa: BLE001 - whatever it is, the other counts are there
        return b""


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # noqa: BLE001 - whatever it is, the database cannot be used
        return False
    return True


def _migrations() -> bool:
    # Asked until true once: nobody unapplies migrations below a running server, and reading them
    # all takes longer than the rest of this check.
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except Exception:  # noqa: BLE001 - as above
            return False
    return _migrated


def _broker() -> bool:
    try:
        with app.connection_for_write(connect_timeout=_PATIENCE) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=_PATIENCE)
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


def _from_this_machine(request: HttpRequest) -> bool:
    # Behind a proxy on the same machine every request seems to come from it.
    if settings.RECOURSE_TRUSTED_PROXY or {"X-Forwarded-For", "Forwarded", "Via"} & set(
        request.headers
    ):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    token = settings.RECOURSE_METRICS_TOKEN
    sent = request.headers.get("Authorization", "")
    return bool(token) and secrets.compare_digest(sent.encode(), f"Bearer {token}".encode())
