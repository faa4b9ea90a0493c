"""What is kept of an installation's own words in notices: drafts of them, and versions."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Final

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.keeping import both_or_neither, final, kept, staff
from conversations.models import Source
from conversations.vocabulary import Category
from reviews.languages import direction_of
from reviews.texts import LONGEST, LONGEST_NOTE, TELLING, NoticeKind, Scope, Words, wider_categories

_SCOPE: Final = ("kind", "category", "source", "language")
_DECISION: Final = ("decision", "decided_by", "decided_at", "reason")


def _decided_anew() -> pgtrigger.Q:
    changed = [
        pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")}) for field in _DECISION
    ]
    return reduce(or_, changed)


class Worded(models.Model):
    """Words, and the notices that they are for (``reviews/texts.py``).

    No category and no source is every one of them.
    """

    kind = models.CharField(max_length=12, choices=NoticeKind)
    category = models.CharField(max_length=32, choices=Category, blank=True, default="")
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    language = models.CharField(max_length=10)
    heading = models.CharField(max_length=LONGEST["heading"], blank=True, default="")
    what_happened = models.CharField(max_length=LONGEST["what_happened"], blank=True, default="")
    not_meant = models.CharField(max_length=LONGEST["not_meant"], blank=True, default="")
    can_do = models.CharField(max_length=LONGEST["can_do"], blank=True, default="")
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_category_where_it_is_told",
                condition=Q(category="")
                | Q(kind__in=sorted(TELLING)) & ~Q(category=Category.OTHER),
            ),
            models.CheckConstraint(
                name="%(class)s_heading_names_no_category",
                condition=Q(heading="") | Q(category=""),
            ),
        ]

    @property
    def scope(self) -> Scope:
        """The notices that it is for."""
        return Scope(self.kind, self.category, self.source_id, self.language)

    @property
    def words(self) -> Words:
        """What it says."""
        return Words(self.heading, self.what_happened, self.not_meant, self.can_do)

    @property
    def language_name(self) -> str:
        """Its language, as those who speak it call it."""
        return dict(settings.LANGUAGES).get(self.language, self.language)

    @property
    def direction(self) -> str:
        """In which its language is written, ``rtl`` or ``ltr``."""
        return direction_of(self.language)

    @property
    def is_withheld(self) -> bool:
        """Whether it would be told to nobody: of a crisis, in a language that nobody reviewed."""
        return self.category not in wider_categories(self.scope)


class NoticeDraft(Worded):
    """Words that are being written. ``revision`` counts the edits: who saves names the one read.

    ``contributors`` are the ids of all who had a hand in it; none of them may approve it.
    """

    author = staff()
    contributors = ArrayField(models.BigIntegerField())
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = staff()

    class Meta(Worded.Meta):
        ordering = ["-updated_at", "pk"]
        constraints = [
            *Worded.Meta.constraints,
            models.UniqueConstraint(
                fields=_SCOPE, nulls_distinct=False, name="notice_draft_one_a_scope"
            ),
            models.CheckConstraint(
                name="notice_draft_revision_from_1", condition=Q(revision__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk} of {self.kind} in {self.language}"


class TextDecision(models.TextChoices):
    """What a second person said of a version."""

    PENDING = "", _("Waits for approval")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")


class TextState(models.TextChoices):
    """Where a version stands; derived from what was decided, and kept nowhere."""

    WAITING = "waiting", _("Waits for approval")
    IN_FORCE = "in_force", _("In force")
    RETIRED = "retired", _("Retired")
    REJECTED = "rejected", _("Rejected")


class NoticeTextQuerySet(models.QuerySet["NoticeText"]):
    """Filters over versions."""

    def in_force(self) -> NoticeTextQuerySet:
        """Those that notices are told by now."""
        return self.filter(decision=TextDecision.APPROVED, until=None)

    def waiting(self) -> NoticeTextQuerySet:
        """Those on which somebody is to decide."""
        return self.filter(decision=TextDecision.PENDING)

    def of(self, scope: Scope) -> NoticeTextQuerySet:
        """Those of exactly *scope*."""
        return self.filter(**scope._asdict())


class NoticeText(Worded):
    """A version of words, never changed. In force from when it was approved to ``until``.

    So the times tell which words a notice had at any moment; none are noted when one is opened.
    """

    number = models.PositiveIntegerField(help_text="Counted in its scope.")
    author = staff()
    contributors = ArrayField(models.BigIntegerField())
    submitted_by = staff()
    submitted_at = models.DateTimeField()
    decision = models.CharField(
        max_length=8, choices=TextDecision, default=TextDecision.PENDING, blank=True
    )
    decided_by = staff(null=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    until = models.DateTimeField(null=True, blank=True)
    ended_by = staff(null=True)
    end_reason = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")

    objects = NoticeTextQuerySet.as_manager()

    class Meta(Worded.Meta):
        ordering = ["-pk"]
        constraints = [
            *Worded.Meta.constraints,
            models.UniqueConstraint(
                fields=[*_SCOPE, "number"],
                nulls_distinct=False,
                name="notice_text_number_of_a_scope",
            ),
            # Also what every notice asks for.
            models.UniqueConstraint(
                fields=_SCOPE,
                condition=Q(decision=TextDecision.APPROVED, until=None),
                nulls_distinct=False,
                name="notice_text_one_in_force_a_scope",
            ),
            # Also the versions that wait, on the page of texts.
            models.UniqueConstraint(
                fields=_SCOPE,
                condition=Q(decision=TextDecision.PENDING),
                nulls_distinct=False,
                name="notice_text_one_waiting_a_scope",
            ),
            models.CheckConstraint(
                name="notice_text_says_something",
                condition=~Q(heading="", what_happened="", not_meant="", can_do=""),
            ),
            models.CheckConstraint(
                name="notice_text_counts_its_submitter",
                condition=Q(contributors__contains=[F("submitted_by")]),
            ),
            models.CheckConstraint(
                name="notice_text_decided_by_somebody",
                condition=both_or_neither("decided_by", "decided_at")
                & (
                    Q(decision=TextDecision.PENDING, decided_by=None)
                    | Q(decision__in=["approved", "rejected"], decided_by__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="notice_text_decided_by_another",
                condition=Q(decided_by=None) | ~Q(contributors__contains=[F("decided_by")]),
            ),
            models.CheckConstraint(
                name="notice_text_rejected_with_reason",
                condition=~Q(decision=TextDecision.REJECTED) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="notice_text_ends_after_it_begins",
                condition=Q(until=None)
                | Q(decision=TextDecision.APPROVED, until__gte=F("decided_at")),
            ),
            models.CheckConstraint(
                name="notice_text_ended_by_somebody",
                condition=both_or_neither("until", "ended_by")
                & (Q(until__isnull=False) | Q(end_reason="")),
            ),
        ]
        triggers = [
            *kept(
                "notice_text",
                changing=[*_DECISION, "until", "ended_by", "end_reason"],
            ),
            pgtrigger.Protect(
                name="notice_text_decided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__decided_at__isnull=False) & _decided_anew(),
            ),
            final("notice_text", "until"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.kind} in {self.language}"

    @property
    def state(self) -> TextState:
        """Where it stands."""
        if self.decision == TextDecision.PENDING:
            return TextState.WAITING
        if self.decision == TextDecision.REJECTED:
            return TextState.REJECTED
        return TextState.RETIRED if self.until else TextState.IN_FORCE
