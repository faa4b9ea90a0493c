"""Alarms, the people on call, and who was told when and how."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from accounts.keeping import both_or_neither, final, kept, staff
from conversations.models import ID_LENGTH, RelayedFeedback, Source
from reviews import rota
from reviews.cues import Heard
from reviews.danger_vocabulary import Answered, CallState, Tells, Weekday, Why
from reviews.outgoing import LONGEST_URL
from reviews.transitions import CLAIMABLE

#: What an alarm is about, where that is no case, and how it rings and ends.
_ABOUT: Final = ("case", "source", "conversation_external_id")
_ENDING: Final = ("step", "due_at", "acknowledged_by", "acknowledged_at", "answered")
_NO_CONVERSATION: Final = Q(source=None, conversation_external_id="")

#: However long a page stays open: so long after a claim began it keeps nobody from being called.
HELD_FOR: Final = timedelta(minutes=30)


def _another(*fields: str) -> pgtrigger.Q:
    """The condition of a trigger that one of *fields* changes."""
    changes = pgtrigger.Q()
    for field in fields:
        changes |= pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")})
    return changes


class DutyQuerySet(models.QuerySet["Duty"]):
    """Filters over duties."""

    def live(self) -> DutyQuerySet:
        """In the rota now, of people who may sign in; the first to be called first."""
        found = self.filter(ended_at=None, person__is_active=True)
        return found.order_by("position", "person__name", "pk")


class Duty(models.Model):
    """One person's hours in the rota, as ``rota.Turn`` reads them. A changed one is a new one."""

    person = staff()
    position = models.PositiveSmallIntegerField(help_text="1 is called first.")
    weekdays = ArrayField(models.PositiveSmallIntegerField(choices=Weekday))
    starts = models.TimeField()
    ends = models.TimeField()
    time_zone = models.CharField(max_length=64)
    added_by = staff()
    added_at = models.DateTimeField()
    ended_by = staff(null=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DutyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="duty_on_days_of_the_week",
                condition=Q(weekdays__len__gt=0, weekdays__contained_by=Weekday.values),
            ),
            models.CheckConstraint(name="duty_position_from_1", condition=Q(position__gte=1)),
            models.CheckConstraint(
                name="duty_ended_by_somebody", condition=both_or_neither("ended_at", "ended_by")
            ),
        ]
        triggers = [*kept("duty", changing=["ended_by", "ended_at"]), final("duty", "ended_at")]

    def __str__(self) -> str:
        return f"duty {self.pk} of user {self.person_id}"

    @property
    def turn(self) -> rota.Turn:
        """As the pure module knows it."""
        return rota.Turn(
            person=self.person_id,
            position=self.position,
            weekdays=frozenset(self.weekdays),
            starts=self.starts,
            ends=self.ends,
            zone=ZoneInfo(self.time_zone),
        )

    @property
    def days(self) -> str:
        """Its weekdays, in words."""
        return ", ".join(str(Weekday(day).label) for day in sorted(self.weekdays))


class Pager(models.Model):
    """An address that is told of alarms by a signed webhook.

    Its secret is kept as it is for as long as it counts, as those of endpoints are.
    """

    url = models.CharField(max_length=LONGEST_URL)
    secret = models.CharField(max_length=80)
    added_by = staff()
    added_at = models.DateTimeField()
    removed_by = staff(null=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["url"], condition=Q(removed_at=None), name="pager_once_an_address"
            ),
            models.CheckConstraint(
                name="pager_removed_by_somebody",
                condition=both_or_neither("removed_at", "removed_by"),
            ),
            models.CheckConstraint(
                name="pager_secret_forgotten_when_removed",
                condition=Q(removed_at=None) & ~Q(secret="")
                | Q(removed_at__isnull=False, secret=""),
            ),
        ]

    def __str__(self) -> str:
        return self.url


class AlarmQuerySet(models.QuerySet["Alarm"]):
    """Filters over alarms."""

    def live(self) -> AlarmQuerySet:
        """That nobody has acknowledged."""
        return self.filter(acknowledged_at=None)

    def waiting(self) -> AlarmQuerySet:
        """Live ones, but for those whose case somebody holds to decide it.

        By the database's clock: a lease that runs out runs no code, and is seen by whoever asks.
        """
        from reviews.models import Claim

        held = Claim.objects.live().filter(
            case=OuterRef("case"), claimed_at__gt=Now() - HELD_FOR, case__state__in=CLAIMABLE
        )
        return self.live().exclude(Exists(held))


class Alarm(models.Model):
    """Something that does not wait: people are told of it until one of them acknowledges it.

    While somebody holds its case they are not told; a verdict on it acknowledges it, for good
    unless it is taken back.

    ``step`` counts how often they were told; the next time is ``due_at``. It is about a case, or
    about a conversation of a source whose end has not come, until that comes; else it is a drill.
    """

    case = models.ForeignKey(
        "reviews.Case", null=True, on_delete=models.PROTECT, related_name="alarms"
    )
    source = models.ForeignKey(
        Source, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    conversation_external_id = models.CharField(
        max_length=ID_LENGTH, blank=True, default="", db_default=""
    )
    why = models.CharField(max_length=8, choices=Why)
    drill_by = staff(null=True)
    raised_at = models.DateTimeField()
    reopened = models.BooleanField(
        default=False, help_text="Whether raising it reopened the conversation."
    )
    step = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    acknowledged_by = staff(null=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    answered = models.CharField(max_length=6, choices=Answered, blank=True, default="")

    objects = AlarmQuerySet.as_manager()

    class Meta:
        constraints = [
            # One at a time, however many rules were broken.
            models.UniqueConstraint(
                fields=["case"], condition=Q(acknowledged_at=None), name="alarm_one_live_a_case"
            ),
            models.UniqueConstraint(
                fields=["source", "conversation_external_id"],
                condition=Q(acknowledged_at=None, source__isnull=False),
                name="alarm_one_live_a_conversation",
            ),
            models.CheckConstraint(
                name="alarm_about_one_thing",
                condition=_NO_CONVERSATION & Q(why=Why.DRILL, case=None, drill_by__isnull=False)
                | _NO_CONVERSATION & ~Q(why=Why.DRILL) & Q(case__isnull=False, drill_by=None)
                | Q(why=Why.FEEDBACK, case=None, drill_by=None, source__isnull=False)
                & ~Q(conversation_external_id=""),
            ),
            models.CheckConstraint(
                name="alarm_ended_by_somebody_or_by_itself",
                condition=Q(acknowledged_at=None, acknowledged_by=None, answered="")
                | Q(
                    acknowledged_at__isnull=False,
                    acknowledged_by__isnull=False,
                    answered__in=Answered.by_somebody(),
                )
                | Q(
                    acknowledged_at__isnull=False,
                    acknowledged_by=None,
                    answered__in=[Answered.JOINED, Answered.ERASED],
                ),
            ),
        ]
        indexes = [
            # Who is to be told next, every few seconds; whether any waits, with every page.
            models.Index(
                fields=["due_at"], name="alarm_live", condition=Q(acknowledged_at__isnull=True)
            ),
            # When the chain was last proven.
            models.Index(
                fields=["-acknowledged_at"],
                name="alarm_drills",
                condition=Q(why=Why.DRILL, acknowledged_at__isnull=False),
            ),
            # Those of a conversation, when its end comes.
            models.Index(
                fields=["source", "conversation_external_id"],
                name="alarm_of_a_conversation",
                condition=Q(source__isnull=False),
            ),
        ]
        triggers = [
            *kept("alarm", changing=[*_ENDING, *_ABOUT, "reopened"]),
            pgtrigger.Protect(
                name="alarm_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__acknowledged_at__isnull=False) & _another(*_ENDING),
            ),
            # What it is about changes once: a conversation's alarm becomes its case's.
            pgtrigger.Protect(
                name="alarm_about_the_same",
                operation=pgtrigger.Update,
                condition=_another(*_ABOUT)
                & (pgtrigger.Q(old__source__isnull=True) | pgtrigger.Q(new__case__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"alarm {self.pk}"

    @property
    def is_drill(self) -> bool:
        """Whether it only proves that people are reached."""
        return self.why == Why.DRILL


class Hearing(models.Model):
    """What a program found in relayed feedback that waits for its cutoff, until the feedback is
    linked or its words are gone. *told*: people are called of it, or were.
    """

    relayed = models.OneToOneField(
        RelayedFeedback, primary_key=True, on_delete=models.PROTECT, related_name="hearing"
    )
    heard = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Heard])
    told = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hearing_told_of_a_cue", condition=Q(told=False) | Q(heard=Heard.CUE.value)
            )
        ]

    def __str__(self) -> str:
        return f"{self.heard} in {self.pk}"


class Call(models.Model):
    """Telling one person by e-mail, or one pager, of one alarm once; several go in one message.

    Pagers are also told once that it was acknowledged.
    """

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="calls")
    step = models.PositiveIntegerField()
    person = staff(null=True)
    pager = models.ForeignKey(Pager, null=True, on_delete=models.PROTECT, related_name="+")
    tells = models.CharField(
        max_length=12, choices=Tells, default=Tells.RAISED, db_default=Tells.RAISED
    )
    called_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=CallState, default=CallState.WAITING)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=120, blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["step", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["alarm", "step", "person", "pager", "tells"],
                nulls_distinct=False,
                name="call_once_a_step",
            ),
            models.CheckConstraint(
                name="call_tells_a_person_what_waits",
                condition=Q(tells=Tells.RAISED) | Q(pager__isnull=False),
            ),
            models.CheckConstraint(
                name="call_of_a_person_or_a_pager",
                condition=Q(person=None, pager__isnull=False) | Q(person__isnull=False, pager=None),
            ),
            models.CheckConstraint(
                name="call_sent_at_a_time",
                condition=Q(state=CallState.SENT, sent_at__isnull=False)
                | ~Q(state=CallState.SENT) & Q(sent_at=None),
            ),
        ]
        indexes = [
            # What is to be sent, every few seconds.
            models.Index(F("due_at"), name="call_waiting", condition=Q(state=CallState.WAITING)),
            # When somebody was last sent something.
            models.Index(
                fields=["person", "pager", "-sent_at"],
                name="call_last_sent",
                condition=Q(state=CallState.SENT),
            ),
        ]
        triggers = kept("call", changing=["state", "due_at", "attempts", "failure", "sent_at"])

    def __str__(self) -> str:
        return f"call {self.pk}"
