"""The shares by which cutoffs are drawn for audit."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now

from accounts.keeping import append_only

#: Whether a value of a JSON object is anything but a number above 0, to 1.
_NO_PROBABILITIES = (
    "jsonb_path_exists(%(expressions)s,"
    """ '$.* ? (@.type() != "number" || @ <= 0 || @ > 1)')"""
)


class AuditSettings(models.Model):
    """How cutoffs are drawn for audit, from one moment on. Never changed: a new row follows.

    A draw quotes the row that it was made under: every estimate knows its weights by that
    (docs/explanation/estimation.md, "The draw"). The shares are probabilities, audits' above 0.
    """

    id = models.AutoField(primary_key=True)
    audit_share = models.FloatField(validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    double_share = models.FloatField(validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    near_miss_share = models.FloatField(validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    category_shares = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="Audit shares of the harm categories that have one of their own.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="audit_shares_are_probabilities",
                condition=Q(audit_share__gt=0, audit_share__lte=1)
                & Q(double_share__gte=0, double_share__lte=1)
                & Q(near_miss_share__gte=0, near_miss_share__lte=1),
            ),
            models.CheckConstraint(
                name="audit_category_shares_are_probabilities",
                condition=~Q(
                    Func(
                        F("category_shares"),
                        template=_NO_PROBABILITIES,
                        output_field=models.BooleanField(),
                    )
                ),
            ),
        ]
        triggers = append_only("audit_settings")

    def __str__(self) -> str:
        return f"audit settings {self.pk}"
