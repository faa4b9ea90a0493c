"""What Celery does for policies. Each task can be run twice."""

from __future__ import annotations

from smtplib import SMTPException
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from policies.services import backtests, guard_mail, guarding, plans


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


@shared_task
def watch_activations() -> None:
    """Have the guard look at each activation that it watches."""
    for key in guarding.watched().values_list("pk", flat=True):
        watch_activation.delay(key)


@shared_task
def watch_activation(activation_id: int) -> None:
    """The guard's look at one activation: once an hour, however often it runs."""
    for reading in guarding.watch(activation_id=activation_id, now=timezone.now()):
        if reading.act:
            for user_id in guard_mail.recipients():
                mail_of_guard.delay(reading.pk, user_id)


@shared_task(autoretry_for=(SMTPException, OSError), retry_backoff=True, max_retries=5)
def mail_of_guard(reading_id: int, user_id: int) -> None:
    """Mail one person what the guard did. A message that is lost costs the mail, not the alert:
    that stands above every page.
    """
    guard_mail.send(reading_id=reading_id, user_id=user_id)
