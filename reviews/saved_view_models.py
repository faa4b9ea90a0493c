"""Lists of cases that people keep by name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.keeping import staff

#: Of a view's filters, in characters, as they stand in an address.
LONGEST_FILTERS = 1_000


class SavedView(models.Model):
    """Filters of the queue page under a name: one person's own, or shared with all.

    ``filters`` is the query of an address, in the order of its names. It holds no searched
    words: they may be somebody's.
    """

    owner = staff()
    name = models.CharField(max_length=60)
    filters = models.CharField(max_length=LONGEST_FILTERS, blank=True)
    shared = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            # Also the index of the queue page: what one person keeps.
            models.UniqueConstraint(
                "owner", Lower("name"), condition=Q(removed_at=None), name="saved_view_of_a_name"
            ),
            models.CheckConstraint(name="saved_view_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="saved_view_holds_no_words", condition=~Q(filters__regex=r"(^|&)q=")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view that the queue page begins with, for one person."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="default_view",
    )
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.view_id} for {self.user_id}"
