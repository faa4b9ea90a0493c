"""The seals of the ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from accounts.keeping import append_only


class LedgerSeal(models.Model):
    """A digest over some lines of the ledger and the seal before: see :mod:`accounts.seals`.

    It covers every line whose id is above the ``last_id`` of the seal before, up to its own.
    """

    number = models.PositiveBigIntegerField(primary_key=True, help_text="From 1, without a gap.")
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.PositiveIntegerField(help_text="How many lines it covers.")
    previous = models.BinaryField(max_length=32, help_text="The digest of the seal before.")
    digest = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(count__gte=1, count__lte=F("last_id") - F("first_id") + 1),
                name="seal_covers_lines",
            ),
            models.CheckConstraint(
                condition=Q(Exact(Length("previous"), 32)) & Q(Exact(Length("digest"), 32)),
                name="seal_digests_are_sha256",
            ),
        ]
        triggers = append_only("ledger_seal")

    def __str__(self) -> str:
        return f"seal {self.number}"
