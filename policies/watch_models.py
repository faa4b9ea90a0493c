"""What is watched: versions after their activation, and drafts that run beside what is in force."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices
from accounts.keeping import append_only, final, kept, staff
from policies import guard
from policies.lifecycle_models import SCOPE_LENGTH

#: How long a shadow may run.
SHORTEST_SHADOW: Final = timedelta(hours=1)
LONGEST_SHADOW: Final = timedelta(days=90)


class Evidence(TextChoices):
    """What a reading is of. Only audits can take a version back."""

    AUDITS = "audits", gettext_noop("audited overturns")
    FEEDBACK = "feedback", gettext_noop("surprised users")


class GuardState(TextChoices):
    """The states of ``policies/guard.py``, in words."""

    WATCHING = guard.State.WATCHING, gettext_noop("nothing shows")
    ALERT = guard.State.ALERT, gettext_noop("alert")
    ROLL_BACK = guard.State.ROLL_BACK, gettext_noop("strong evidence")
    PAUSED = guard.State.PAUSED, gettext_noop("the guard is paused")


class GuardAct(TextChoices):
    """What followed from a reading, if anything did."""

    ALERTED = "alerted", gettext_noop("told people")
    ROLLED_BACK = "rolled_back", gettext_noop("rolled it back")
    NOT_STRICTER = "not_stricter", gettext_noop("left it: what would come back is not stricter")
    NOT_POSSIBLE = "not_possible", gettext_noop("left it: nothing that could come back can be read")


class GuardReading(models.Model):
    """What the guard knew of one activation in one hour. Only ever added.

    ``evidence`` and ``peak`` are values of an e-process, from 0 up; ``cutoffs`` is what its
    ``counted`` blocks hold; ``dropped`` and ``waiting`` are blocks too (``policies/guard.py``).
    """

    activation = models.ForeignKey(
        "policies.Activation", on_delete=models.PROTECT, db_index=False, related_name="readings"
    )
    kind = models.CharField(max_length=8, choices=Evidence)
    hour = models.DateTimeField(help_text="The beginning of the hour that it is of.")
    at = models.DateTimeField()
    evidence = models.FloatField()
    peak = models.FloatField()
    cutoffs = models.PositiveIntegerField()
    counted = models.PositiveIntegerField()
    dropped = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=GuardState)
    act = models.CharField(max_length=12, choices=GuardAct, blank=True, default="")

    class Meta:
        ordering = ["-hour", "kind"]
        constraints = [
            # Two workers at once read once. Also the latest readings of an activation.
            models.UniqueConstraint(
                fields=["activation", "kind", "hour"], name="guard_reading_once_an_hour"
            ),
            models.CheckConstraint(
                name="guard_reading_peak_is_highest", condition=Q(peak__gte=F("evidence"))
            ),
            models.CheckConstraint(
                name="guard_rolls_back_on_audits_alone",
                condition=Q(kind=Evidence.AUDITS)
                | Q(state__in=[GuardState.WATCHING, GuardState.ALERT], act__in=["", "alerted"]),
            ),
        ]
        indexes = [
            # What the guard did, newest first.
            models.Index(fields=["-at"], name="guard_acts", condition=~Q(act=""))
        ]
        triggers = append_only("guard_reading")

    def __str__(self) -> str:
        return f"{self.kind} of activation {self.activation_id} at {self.at:%Y-%m-%d %H:%M}"

    @property
    def evidence_said(self) -> str:
        """The evidence as a person reads it."""
        return guard.in_words(self.evidence)

    @property
    def peak_said(self) -> str:
        """Its highest value so far."""
        return guard.in_words(self.peak)


class ShadowQuerySet(models.QuerySet["Shadow"]):
    """Filters over shadows."""

    def live(self) -> ShadowQuerySet:
        """Those that nobody ended; of some, the time may be over."""
        return self.filter(ended_at=None)


class Shadow(models.Model):
    """A policy that is held against what happens, beside what is in force. It decides nothing.

    ``content`` is what draft or version ``number`` said at the start. It runs ``until`` then, or
    until somebody ends it.
    """

    number = models.PositiveIntegerField()
    content = models.JSONField(help_text="A policies.thresholds.Thresholds.")
    scope = models.CharField(max_length=SCOPE_LENGTH)
    started_at = models.DateTimeField()
    started_by = staff()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = staff(null=True)

    objects = ShadowQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["number"], condition=Q(ended_at=None), name="shadow_one_live_a_policy"
            ),
            models.CheckConstraint(
                name="shadow_runs_1_hour_to_90_days",
                condition=Q(
                    until__gte=F("started_at") + SHORTEST_SHADOW,
                    until__lte=F("started_at") + LONGEST_SHADOW,
                ),
            ),
            models.CheckConstraint(
                name="shadow_ends_within_its_time",
                condition=Q(ended_at=None)
                | Q(ended_at__gte=F("started_at"), ended_at__lte=F("until")),
            ),
            models.CheckConstraint(
                name="shadow_ended_at_a_time",
                condition=Q(ended_at__isnull=False) | Q(ended_by=None),
            ),
        ]
        triggers = [*kept("shadow", changing=["ended_at", "ended_by"]), final("shadow", "ended_at")]

    def __str__(self) -> str:
        return f"Shadow of {self.number} since {self.started_at:%Y-%m-%d}"
