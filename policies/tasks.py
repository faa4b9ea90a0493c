"""What Celery does for policies. Each task can be run twice."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from policies.services import backtests, plans


@shared_task
def carry_out_plans() -> int:
    """Put in force what was planned for a time that has come."""
    return len(plans.carry_out_due(now=timezone.now()))


@shared_task
def run_backtest(backtest_id: str) -> None:
    """Compute a backtest; one that takes too long says so."""
    key = UUID(backtest_id)
    try:
        backtests.run(backtest_id=key)
    except SoftTimeLimitExceeded:
        words = "It took longer than a task may. Choose a shorter window, or fewer categories."
        backtests.give_up(backtest_id=key, now=timezone.now(), words=words)


@shared_task
def sweep_backtests() -> None:
    """Begin what the broker lost or a dead worker held."""
    for key in backtests.left_behind(now=timezone.now()):
        run_backtest.delay(str(key))
