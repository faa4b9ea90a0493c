"""What one person of the staff may do beyond their roles."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.keeping import both_or_neither, staff
from reviews.vocabulary import Area


class Qualification(models.Model):
    """Somebody is qualified for an area: to be dealt its cases, and to answer for its team."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="qualifications"
    )
    area = models.CharField(max_length=12, choices=Area)
    granted_by = staff()
    granted_at = models.DateTimeField()
    revoked_by = staff(null=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Asked with every claim: what somebody is qualified for now.
            models.UniqueConstraint(
                fields=["user", "area"],
                condition=Q(revoked_at=None),
                name="qualification_one_live_an_area",
            ),
            models.CheckConstraint(
                name="qualification_revoked_by_somebody",
                condition=both_or_neither("revoked_at", "revoked_by"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.area}"
