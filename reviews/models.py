"""Cases and what people did with them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Now

from accounts.keeping import append_only
from accounts.models import User
from conversations.models import Cutoff, Source, text
from conversations.vocabulary import Category, Kind, Remedy
from reviews import appeal_models as appeal_models
from reviews import danger_models as danger_models
from reviews import text_models as text_models
from reviews.care_models import AccessChange as AccessChange
from reviews.care_models import CareSettings as CareSettings
from reviews.case_page_models import CannedText as CannedText
from reviews.case_page_models import CaseNote as CaseNote
from reviews.case_page_models import CaseNoteText as CaseNoteText
from reviews.feedback_models import Feedback as Feedback
from reviews.feedback_models import FeedbackText as FeedbackText
from reviews.feedback_models import NoticeOpening as NoticeOpening
from reviews.notice_models import Restriction as Restriction
from reviews.outcome_models import Attempt as Attempt
from reviews.outcome_models import Delivery as Delivery
from reviews.outcome_models import Endpoint as Endpoint
from reviews.outcome_models import EndpointSecret as EndpointSecret
from reviews.outcome_models import Outcome as Outcome
from reviews.people_models import Qualification as Qualification
from reviews.quality_models import AgreementDraw as AgreementDraw
from reviews.quality_models import Exercise as Exercise
from reviews.quality_models import ExerciseText as ExerciseText
from reviews.quality_models import GoldCase as GoldCase
from reviews.quality_models import MentorComment as MentorComment
from reviews.quality_models import QualityShares as QualityShares
from reviews.routing_models import SLUG_LENGTH
from reviews.routing_models import BulkAct as BulkAct
from reviews.routing_models import BulkChange as BulkChange
from reviews.routing_models import CaseLabel as CaseLabel
from reviews.routing_models import CaseQueue as CaseQueue
from reviews.routing_models import Label as Label
from reviews.routing_models import RoutingRule as RoutingRule
from reviews.saved_view_models import DefaultView as DefaultView
from reviews.saved_view_models import SavedView as SavedView
from reviews.sight import unlisted_for
from reviews.taking_part import took_part
from reviews.transitions import CLAIMABLE
from reviews.transparency_models import TransparencyReport as TransparencyReport
from reviews.visibility import Exercise as Viewed
from reviews.vocabulary import CaseState, Judgement, PolicyFollowed, Reason, ReasonCode
from reviews.ways_out_models import Deferral as Deferral
from reviews.ways_out_models import Escalation as Escalation
from reviews.ways_out_models import Reclassification as Reclassification
from reviews.ways_out_models import Reservation as Reservation
from reviews.ways_out_models import ShiftEnd as ShiftEnd
from reviews.ways_out_models import Skip as Skip
from reviews.ways_out_models import Takeover as Takeover
from reviews.ways_out_models import UnclearSignal as UnclearSignal
from reviews.ways_out_models import VerdictDraft as VerdictDraft

#: What the partial indexes of the queue hold.
_WAITING = Q(selected=True, state__in=CLAIMABLE, trial=False)


class CaseQuerySet(models.QuerySet["Case"]):
    """Filters over cases."""

    def listed_for(self, user: User) -> CaseQuerySet:
        """The cases that stand in the lists of *user* (reviews/sight.py)."""
        return self.without(unlisted_for(user))

    def without(self, queues: tuple[str, ...]) -> CaseQuerySet:
        """Those that are in none of *queues*, which are named by their slugs."""
        return self.exclude(queue__in=queues) if queues else self

    def waiting(self) -> CaseQuerySet:
        """Selected, and waiting for somebody to claim them. Nobody waits for a test."""
        return self.filter(_WAITING)

    def decidable_by(self, user: User) -> CaseQuerySet:
        """Those on which *user* may give the next verdict: not a second one of their own.

        Nor in a later round: an appeal goes to somebody who has taken no part in it.
        """
        cases = self.exclude(took_part(user))
        if not user.has_perm("reviews.adjudicate_case"):
            cases = cases.exclude(state=CaseState.ADJUDICATION)
        return cases

    def unclaimed(self) -> CaseQuerySet:
        """Without a live claim, by the database's clock."""
        return self.exclude(Exists(Claim.objects.live().filter(case=OuterRef("pk"))))

    def in_order_of_work(self) -> CaseQuerySet:
        """The next one to look at first."""
        return self.order_by("-priority", "due_at", "cutoff_id")


class Case(models.Model):
    """A cutoff, or a drawn near miss, before the people who review.

    It has its cutoff's key. What the queue filters and sorts by is copied from the cutoff, so
    that one index can hold it; none of it ever changes there.
    """

    cutoff = models.OneToOneField(
        Cutoff, primary_key=True, on_delete=models.PROTECT, related_name="case"
    )
    number = models.BigIntegerField(
        unique=True,
        editable=False,
        db_default=Func(Value("reviews_case_number"), function="nextval"),
    )
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    kind = models.CharField(max_length=9, choices=Kind)
    category = models.CharField(max_length=32, choices=Category)
    model = text(128)
    locale = text(35)
    at = models.DateTimeField(help_text="When it happened.")
    policy_version = models.IntegerField(help_text="The version it is held against.")

    state = models.CharField(max_length=13, choices=CaseState)
    selected = models.BooleanField()
    queue = models.CharField(max_length=SLUG_LENGTH, help_text="A CaseQueue's slug.")
    rule = models.ForeignKey(
        RoutingRule,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="What sent it there; none where no rule, or somebody by hand, did.",
    )
    language = models.CharField(
        max_length=3, blank=True, default="", db_default="", help_text="As detected, once read."
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assigned_cases",
        db_index=False,
        help_text="The one person to whom it is dealt.",
    )
    priority = models.IntegerField()
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    trial = models.BooleanField(default=False, db_default=False)
    flags = ArrayField(models.CharField(max_length=32), help_text="Rules broken, risks unknown.")
    breach = models.BooleanField()
    crisis = models.BooleanField(default=False, db_default=False)
    surprised = models.BooleanField(default=False, db_default=False)
    severe = models.BooleanField(default=False, db_default=False)
    # Verdicts count within a round; an appeal begins the next one.
    round = models.PositiveSmallIntegerField(default=1, db_default=1)
    settle_at = models.DateTimeField(null=True, blank=True)
    # A senior who adjudicates sees the two verdicts where they differ, none where they agree.
    contested = models.BooleanField(default=False, db_default=False)

    objects = CaseQuerySet.as_manager()

    #: Not stored. By services/seen.py: less is shown than is known; their key while they can undo;
    #: how much later it shows; the gold case, its key. By permissions.py: it is in their hands.
    masked, answerer, later, in_hand = False, 0, timedelta(0), False
    exercise: Viewed = ""
    alias: uuid.UUID | None = None

    class Meta:
        permissions = [
            ("decide_case", "Can claim cases and give verdicts"),
            ("adjudicate_case", "Can decide where two reviewers differ"),
            ("view_restricted_case", "Can see cases of child safety"),
        ]
        constraints = [
            models.CheckConstraint(
                name="case_settles_at_a_time",
                condition=Q(state=CaseState.SETTLING, settle_at__isnull=False)
                | ~Q(state=CaseState.SETTLING) & Q(settle_at=None),
            ),
            models.CheckConstraint(
                name="case_contested_in_adjudication",
                condition=Q(contested=False)
                | Q(state__in=[CaseState.ADJUDICATION, CaseState.DEFERRED, CaseState.ESCALATED]),
            ),
            models.CheckConstraint(
                name="case_unselected_only_in_two_states",
                condition=Q(selected=False, state__in=[CaseState.UNSELECTED, CaseState.CLOSED])
                | Q(selected=True) & ~Q(state=CaseState.UNSELECTED),
            ),
        ]
        indexes = [
            # The queue page.
            models.Index(
                F("priority").desc(),
                F("due_at"),
                F("cutoff"),
                name="case_waiting",
                condition=_WAITING,
            ),
            # Claim-next, the page of one queue, and the counts of each.
            models.Index(
                F("queue"),
                F("priority").desc(),
                F("due_at"),
                F("cutoff"),
                name="case_waiting_in_queue",
                include=["breach"],
                condition=_WAITING,
            ),
            # Claim-next for those who read some languages only.
            models.Index(
                F("queue"),
                F("language"),
                F("priority").desc(),
                F("due_at"),
                F("cutoff"),
                name="case_waiting_by_language",
                condition=_WAITING,
            ),
            # What one person was assigned.
            models.Index(
                fields=["assignee"], name="case_assigned", condition=Q(assignee__isnull=False)
            ),
            # The settling sweep, every few seconds.
            models.Index(
                fields=["settle_at"],
                name="case_settling",
                condition=Q(state=CaseState.SETTLING),
            ),
            # All cases, newest first; those of one category.
            models.Index(fields=["-at", "cutoff"], name="case_newest"),
            models.Index(fields=["category", "-at", "cutoff"], name="case_category"),
        ]

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it, unless it is masked: what somebody is to see is not what is."""
        if self.masked:
            raise RuntimeError("A case that was masked for somebody's eyes cannot be saved.")
        super().save(*args, **kwargs)

    @property
    def label(self) -> str:
        """What people call it."""
        return f"CO-{self.number}"

    @property
    def is_cutoff(self) -> bool:
        """Whether the conversation was really ended."""
        return self.kind == Kind.CUTOFF


class Selection(models.Model):
    """One reason for which a case is to be reviewed. Several may hold; none is taken back."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="selections")
    reason = models.CharField(max_length=8, choices=Reason)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "reason"], name="selection_once_a_reason")
        ]
        triggers = append_only("selection")

    def __str__(self) -> str:
        return f"{self.case_id}: {self.reason}"


class ClaimQuerySet(models.QuerySet["Claim"]):
    """Filters over claims."""

    def live(self) -> ClaimQuerySet:
        """Neither ended nor run out, by the database's clock."""
        return self.filter(ended_at=None, expires_at__gt=Now())


class Claim(models.Model):
    """One reviewer's lease on a case."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="claims", db_index=False)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    claimed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # Copied from the case, so that one index can hold it.
    severe = models.BooleanField(default=False, db_default=False)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            # One claim a case that has not ended; one that ran out is ended by whoever comes.
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_at=None), name="claim_one_live_a_case"
            ),
            models.CheckConstraint(
                name="claim_expires_after_it_begins",
                condition=Q(expires_at__gte=F("claimed_at")),
            ),
        ]
        indexes = [
            # What somebody holds now.
            models.Index(fields=["reviewer"], name="claim_live_of", condition=Q(ended_at=None)),
            # With every claim: the severe cases of somebody's shift.
            models.Index(
                fields=["reviewer", "-claimed_at"],
                name="claim_severe_of",
                condition=Q(severe=True),
            ),
            # What somebody worked on since their last rest or pause.
            models.Index(fields=["reviewer", "-claimed_at"], name="claim_latest_of"),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} holds {self.case_id}"


class Verdict(models.Model):
    """A reviewer's judgement on the merits. Immutable; a later one supersedes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="verdicts")
    round = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    decision = models.CharField(max_length=17, choices=Judgement)
    remedy = models.CharField(max_length=11, choices=Remedy, blank=True, default="")
    policy_followed = models.CharField(max_length=7, choices=PolicyFollowed)
    severity = models.PositiveSmallIntegerField(null=True)
    category = models.CharField(max_length=32, choices=Category, blank=True, default="")
    reason_codes = ArrayField(models.CharField(max_length=32, choices=ReasonCode))
    evidence = models.JSONField(default=list, help_text="Turns or ranges; no words.")
    idempotency_key = models.CharField(max_length=128, null=True)  # noqa: DJ001 - unique
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(
                name="verdict_severity_0_to_4",
                condition=Q(severity=None) | Q(severity__range=(0, 4)),
            ),
            models.CheckConstraint(
                name="verdict_remedy_for_cutoffs",
                condition=Q(decision__in=[Judgement.UPHOLD, Judgement.OVERTURN]) & ~Q(remedy="")
                | ~Q(decision__in=[Judgement.UPHOLD, Judgement.OVERTURN]) & Q(remedy=""),
            ),
            models.UniqueConstraint(
                fields=["reviewer", "idempotency_key"], name="verdict_once_a_key"
            ),
        ]
        triggers = append_only("verdict")

    def __str__(self) -> str:
        return f"{self.decision} by {self.reviewer_id}"


class VerdictText(models.Model):
    """A verdict's words, apart from it: erasure can empty them."""

    verdict = models.OneToOneField(
        Verdict, primary_key=True, on_delete=models.CASCADE, related_name="words"
    )
    rationale = models.TextField()
    terms = SearchVectorField(
        db_default=Value(""), help_text="By which the rationale is found (conversations/words.py)."
    )

    class Meta:
        indexes = [
            # The search of the queue page and of the API.
            GinIndex(fields=["terms"], name="verdict_terms")
        ]

    def __str__(self) -> str:
        return str(self.verdict_id)


class Withdrawal(models.Model):
    """A verdict was undone before it settled; it counts no longer."""

    verdict = models.OneToOneField(
        Verdict, primary_key=True, on_delete=models.PROTECT, related_name="withdrawal"
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"withdrawal of {self.verdict_id}"
