"""What is told to the public."""

from __future__ import annotations

from django.db import models


class TransparencyReport(models.Model):
    """The figures of the public page, as they were published: small ones are withheld already."""

    made_at = models.DateTimeField(unique=True)
    content = models.JSONField(help_text="A reviews.transparency.Report.")

    def __str__(self) -> str:
        return f"report of {self.made_at:%Y-%m-%d}"
