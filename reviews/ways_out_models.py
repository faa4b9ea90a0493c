"""What people do with a case other than decide it: skip, defer, ask, reclassify, hand over.

What was written for one case stands in the rows themselves, so that erasure can replace it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.keeping import append_only, both_or_neither, staff
from conversations.vocabulary import Category
from reviews.routing_models import SLUG_LENGTH
from reviews.vocabulary import Area, CaseState, Doubt, EscalationEnd, SkipReason

#: The longest time for which one person may put a case off.
LONGEST_DEFERRAL: Final = timedelta(days=14)

#: Characters of a note, a question or an answer.
LONGEST_NOTE: Final = 2_000


class Skip(models.Model):
    """Somebody is not dealt this case any more. It says nothing about the case."""

    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="skips")
    reviewer = staff()
    reason = models.CharField(max_length=8, choices=SkipReason, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            # Asked with every claim: whether this person skipped this case.
            models.UniqueConstraint(fields=["case", "reviewer"], name="skip_once_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_id} skipped {self.case_id}"


class Reservation(models.Model):
    """A case that came back is dealt to one person alone for a while."""

    case = models.OneToOneField(
        "reviews.Case", primary_key=True, on_delete=models.CASCADE, related_name="reservation"
    )
    # What came back for somebody: asked before each deal.
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case_id} for {self.reviewer_id} until {self.until:%H:%M}"


class Deferral(models.Model):
    """A case put off until a time. Ended by nobody means: by the program, when it was due."""

    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="deferrals")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField()
    until = models.DateTimeField()
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    state_before = models.CharField(max_length=13, choices=CaseState)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = staff(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_at=None), name="deferral_one_live_a_case"
            ),
            models.CheckConstraint(
                name="deferral_of_14_days_at_most",
                condition=Q(until__gt=F("at"), until__lte=F("at") + LONGEST_DEFERRAL),
            ),
            models.CheckConstraint(
                name="deferral_ended_by_somebody_at_a_time",
                condition=Q(ended_by=None) | Q(ended_at__isnull=False),
            ),
        ]
        indexes = [
            # The sweep that brings back what is due, twice a minute.
            models.Index(fields=["until"], name="deferral_due", condition=Q(ended_at=None)),
            # What somebody has put off, at the end of their shift.
            models.Index(fields=["reviewer"], name="deferral_of", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} until {self.until:%Y-%m-%d %H:%M}"


class Escalation(models.Model):
    """A question about a case to a team: whoever is qualified for its area."""

    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="escalations")
    area = models.CharField(max_length=12, choices=Area)
    question = models.CharField(max_length=LONGEST_NOTE)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state_before = models.CharField(max_length=13, choices=CaseState)
    queue_before = models.CharField(max_length=SLUG_LENGTH, help_text="Where it goes back to.")
    taken_by = staff(null=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=9, choices=EscalationEnd, blank=True, default="")
    ended_by = staff(null=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_at=None), name="escalation_one_live_a_case"
            ),
            models.CheckConstraint(name="escalation_asks", condition=~Q(question="")),
            models.CheckConstraint(
                name="escalation_taken_by_somebody",
                condition=both_or_neither("taken_at", "taken_by"),
            ),
            models.CheckConstraint(
                name="escalation_ended_by_somebody",
                condition=both_or_neither("ended_at", "ended_by"),
            ),
            models.CheckConstraint(
                name="escalation_ends_in_one_way",
                condition=Q(ended_at=None, end="") | Q(ended_at__isnull=False) & ~Q(end=""),
            ),
            models.CheckConstraint(
                name="escalation_answered_in_words",
                condition=~Q(end__in=[EscalationEnd.ANSWERED, EscalationEnd.RETURNED])
                | ~Q(answer=""),
            ),
        ]
        indexes = [
            # A team's page, the most urgent first.
            models.Index(
                fields=["area", "due_at", "id"],
                name="escalation_waiting",
                condition=Q(ended_at=None),
            ),
            # What somebody asked, the latest first.
            models.Index(fields=["asked_by", "-asked_at", "-id"], name="escalation_asked_by"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} to {self.area}"


class UnclearSignal(models.Model):
    """Somebody found a case hard to judge by the policy it is held against."""

    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="doubts")
    reviewer = staff()
    doubt = models.CharField(max_length=13, choices=Doubt)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    category = models.CharField(max_length=32, choices=Category)
    policy_version = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "reviewer"], name="unclear_once_a_person")
        ]
        indexes = [
            # The page of what is unclear, newest first.
            models.Index(fields=["-at", "-id"], name="unclear_newest")
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.doubt}"


class Reclassification(models.Model):
    """A case was given another category; the cutoff keeps the one that was reported."""

    case = models.ForeignKey(
        "reviews.Case", on_delete=models.PROTECT, related_name="reclassifications"
    )
    by = staff()
    at = models.DateTimeField()
    was = models.CharField(max_length=32, choices=Category)
    category = models.CharField(max_length=32, choices=Category)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reclassification_changes_the_category", condition=~Q(category=F("was"))
            )
        ]
        triggers = append_only("reclassification")

    def __str__(self) -> str:
        return f"{self.case_id}: {self.was} to {self.category}"


class Takeover(models.Model):
    """A senior ended somebody's claim and took the case."""

    claim = models.OneToOneField("reviews.Claim", primary_key=True, on_delete=models.CASCADE)
    by = staff()
    at = models.DateTimeField()
    reason = models.CharField(max_length=LONGEST_NOTE)

    class Meta:
        constraints = [
            models.CheckConstraint(name="takeover_for_a_reason", condition=~Q(reason=""))
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} by {self.by_id}"


class VerdictDraft(models.Model):
    """A verdict that somebody is writing; nobody else ever sees it.

    ``content`` holds the fields of the form as they were typed.
    """

    case = models.ForeignKey("reviews.Case", on_delete=models.CASCADE, related_name="drafts")
    reviewer = staff()
    content = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "reviewer"], name="verdict_draft_one_a_person")
        ]
        indexes = [
            # Those that were left lying, once an hour.
            models.Index(fields=["saved_at"], name="verdict_draft_oldest")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} by {self.reviewer_id}"


class ShiftEnd(models.Model):
    """Somebody ended a shift: the cases that they gave back, the deferrals that they ended."""

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField()
    released = ArrayField(models.UUIDField())
    handed_on = ArrayField(models.BigIntegerField())
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="shift_end_undone_afterwards",
                condition=Q(undone_at=None) | Q(undone_at__gte=F("at")),
            )
        ]
        indexes = [
            # Somebody's last one, which may be taken back.
            models.Index(fields=["reviewer", "-at"], name="shift_end_latest")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_id} at {self.at:%H:%M}"
