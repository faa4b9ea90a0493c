"""Backtests as kept records."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices
from accounts.keeping import staff


class BacktestState(TextChoices):
    """Where a backtest stands."""

    QUEUED = "queued", gettext_noop("Queued")
    RUNNING = "running", gettext_noop("Running")
    DONE = "done", gettext_noop("Done")
    FAILED = "failed", gettext_noop("Failed")
    CANCELLED = "cancelled", gettext_noop("Cancelled")


UNFINISHED = (BacktestState.QUEUED, BacktestState.RUNNING)


class BacktestQuerySet(models.QuerySet["Backtest"]):
    """Filters over backtests."""

    def unfinished(self) -> BacktestQuerySet:
        """Queued or running."""
        return self.filter(state__in=UNFINISHED)


class Backtest(models.Model):
    """One candidate against one baseline over a window, and what came out.

    The candidate's thresholds are kept as they were: a draft changes. ``candidate_number`` is the
    draft or version that they came from, None where they were only tried. Without ``baseline``
    each cutoff is held against the version that was its own. ``progress`` is 0 to 100;
    ``beat_at`` is the last sign of life of whoever runs it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidate = models.JSONField(help_text="A policies.thresholds.Thresholds.")
    candidate_number = models.PositiveIntegerField(null=True, blank=True)
    baseline = models.ForeignKey(
        "policies.PolicyVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    filters = models.JSONField(default=dict, help_text="A policies.backtest.Filters.")
    requested_by = staff(null=True)
    requested_at = models.DateTimeField()

    state = models.CharField(max_length=9, choices=BacktestState, default=BacktestState.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, default="", blank=True)
    figures = models.JSONField(null=True, help_text="A policies.backtest_figures.Figures.")
    code_version = models.CharField(max_length=40, default="", blank=True)

    objects = BacktestQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                name="backtest_window_has_a_length", condition=Q(since__lt=F("until"))
            ),
            models.CheckConstraint(
                name="backtest_progress_0_to_100", condition=Q(progress__range=(0, 100))
            ),
            models.CheckConstraint(
                name="backtest_finished_at_a_time",
                condition=Q(state__in=UNFINISHED, finished_at=None)
                | ~Q(state__in=UNFINISHED) & Q(finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="backtest_done_with_figures",
                condition=Q(state=BacktestState.DONE, figures__isnull=False) & ~Q(code_version="")
                | ~Q(state=BacktestState.DONE) & Q(figures=None),
            ),
            models.CheckConstraint(
                name="backtest_failed_with_words",
                condition=Q(state=BacktestState.FAILED) & ~Q(error="")
                | ~Q(state=BacktestState.FAILED) & Q(error=""),
            ),
            models.CheckConstraint(
                name="backtest_running_since_a_time",
                condition=~Q(state=BacktestState.RUNNING)
                | Q(started_at__isnull=False, beat_at__isnull=False),
            ),
        ]
        indexes = [
            # The sweep for what a lost message or a dead worker left behind.
            models.Index(
                fields=["requested_at"],
                name="backtest_unfinished",
                condition=Q(state__in=UNFINISHED),
            ),
            # Those of one draft or version, newest first: a submission shows them.
            models.Index(
                fields=["candidate_number", "-requested_at"], name="backtest_of_a_version"
            ),
        ]

    def __str__(self) -> str:
        return f"backtest {self.pk}"
