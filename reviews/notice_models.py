"""What is kept of notices: which of them are restricted."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q

from accounts.keeping import both_or_neither, final, kept, staff
from reviews.notices import Review

#: Characters of why a notice was restricted, or no longer is.
LONGEST_REASON: Final = 500


class Restriction(models.Model):
    """While it stands, a case's notice tells what that of any case which waits would tell.

    ``review`` is what was last said in public, and is said until the restriction is lifted.
    """

    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="restrictions")
    review = models.CharField(max_length=10, choices=Review)
    decided_at = models.DateTimeField(null=True, help_text="Of the decision that was public.")
    reason = models.CharField(max_length=LONGEST_REASON)
    by = staff()
    at = models.DateTimeField()
    lifted_by = staff(null=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_because = models.CharField(max_length=LONGEST_REASON, blank=True, default="")

    class Meta:
        constraints = [
            # Also what every page of a notice and the status call ask for.
            models.UniqueConstraint(
                fields=["case"], condition=Q(lifted_at=None), name="restriction_one_live_a_case"
            ),
            models.CheckConstraint(name="restriction_for_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="restriction_lifted_by_somebody",
                condition=both_or_neither("lifted_at", "lifted_by"),
            ),
            models.CheckConstraint(
                name="restriction_lifted_for_a_reason",
                condition=Q(lifted_at=None, lifted_because="")
                | Q(lifted_at__isnull=False) & ~Q(lifted_because=""),
            ),
            models.CheckConstraint(
                name="restriction_knows_when_it_was_decided",
                condition=Q(review__in=[Review.NONE, Review.PENDING], decided_at=None)
                | Q(review__in=[Review.UPHELD, Review.OVERTURNED], decided_at__isnull=False),
            ),
        ]
        triggers = [
            *kept("restriction", changing=["lifted_by", "lifted_at", "lifted_because"]),
            final("restriction", "lifted_at"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} since {self.at:%Y-%m-%d %H:%M}"
