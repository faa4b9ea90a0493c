"""What one person wants to be spared, and who was given which role or area by whom."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext

from accounts.choices import ROLE_LABELS
from accounts.keeping import append_only, staff
from accounts.roles import Role
from conversations.vocabulary import Category
from reviews import hazards
from reviews.vocabulary import Access, Area

_KIND_LENGTH = 32


def _kinds() -> ArrayField[list[str], list[str]]:
    return ArrayField(models.CharField(max_length=_KIND_LENGTH), default=list, blank=True)


class CareSettings(models.Model):
    """What one person wants hidden, and what they are never dealt. No row: nothing set.

    For that person's eyes alone. The ledger notes that it was changed, never what it says, and
    no list, figure or export shows it. No history is kept.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="care"
    )
    folded = _kinds()
    blurred = _kinds()
    shown = _kinds()
    hidden_from = models.FloatField(
        default=hazards.HIDDEN_FROM_SEVERITY,
        help_text="Turns of cases of this reported severity or more are hidden.",
    )
    opted_out = ArrayField(
        models.CharField(max_length=_KIND_LENGTH, choices=Category), default=list, blank=True
    )
    languages = ArrayField(
        models.CharField(max_length=3),
        default=list,
        blank=True,
        help_text="Empty for every language.",
    )
    severe_per_shift = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty for the cap of the installation."
    )
    pause_after_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty for the installation's."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="care_kinds_are_known",
                condition=Q(folded__contained_by=list(hazards.KINDS))
                & Q(blurred__contained_by=list(hazards.KINDS)),
            ),
            # What no setting shows unasked.
            models.CheckConstraint(
                name="care_shows_no_more_than_allowed",
                condition=Q(
                    shown__contained_by=[
                        kind for kind in hazards.KINDS if kind not in hazards.ALWAYS_HIDDEN
                    ]
                ),
            ),
            models.CheckConstraint(
                name="care_hides_no_less_than_the_house",
                condition=Q(hidden_from__range=(0, hazards.HIDDEN_FROM_SEVERITY)),
            ),
            models.CheckConstraint(
                name="care_pause_after_a_while",
                condition=Q(pause_after_minutes=None) | Q(pause_after_minutes__range=(15, 240)),
            ),
            models.CheckConstraint(
                name="care_opted_out_of_categories",
                condition=Q(opted_out__contained_by=list(Category.values)),
            ),
        ]

    def __str__(self) -> str:
        return f"of user {self.user_id}"

    @property
    def wishes(self) -> hazards.Wishes:
        """What is to be hidden, as the rules know it; of two forms for a kind the stricter."""
        forms = dict.fromkeys(self.shown, hazards.Form.SHOWN)
        forms |= dict.fromkeys(self.blurred, hazards.Form.BLURRED)
        forms |= dict.fromkeys(self.folded, hazards.Form.FOLDED)
        return hazards.Wishes(forms, self.hidden_from)


class AccessChange(models.Model):
    """A role or a qualification was given to somebody or taken from them, by whom and why."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_changes"
    )
    access = models.CharField(max_length=13, choices=Access)
    name = models.CharField(max_length=32, help_text="Which role or area; empty for the account.")
    given = models.BooleanField()
    by = staff()
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            # Nobody gives themselves anything.
            models.CheckConstraint(name="access_is_given_by_another", condition=~Q(user=F("by"))),
            models.CheckConstraint(name="access_changes_for_a_reason", condition=~Q(reason="")),
        ]
        indexes = [
            # The history of one person on the people page.
            models.Index(fields=["user", "-at"], name="access_change_of")
        ]
        triggers = append_only("access_change")

    def __str__(self) -> str:
        return f"{self.access} {self.name} of user {self.user_id}"

    @property
    def label(self) -> str:
        """What was given or taken, in words."""
        match self.access:
            case Access.ROLE:
                return str(ROLE_LABELS[Role(self.name)])
            case Access.QUALIFICATION:
                return str(Area(self.name).label)
            case _:
                return gettext("May sign in")
