"""What chat services asked, and what they were told."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from conversations.models import ID_LENGTH, Source
from conversations.vocabulary import Category, Initiator
from policies.evaluation import Decision
from policies.lifecycle_models import SCOPE_LENGTH
from policies.thresholds import FEWEST_WARNINGS, HIGHEST_RISK_CEILING

_SHARES = ("severity", "distress", "risk_self", "risk_others")
_COUNTS = ("refusals", "redirects", "warnings", "turns_after_warning")


def _in_range() -> Q:
    condition = Q()
    for low, high, names in ((0, 1, _SHARES), (0, 10_000, _COUNTS)):
        for name in names:
            condition &= Q(**{name: None}) | Q(**{f"{name}__range": (low, high)})
    return condition


class AskedEvaluation(models.Model):
    """One ``POST /policies/evaluate``: what the decision was made on, and the decision.

    Numbers only: no word of a transcript, and nothing of the person but the source's own id of
    the conversation. The criteria are not kept, they follow from the signals and the version.
    The key is a UUIDv7 of ``at``; the wire calls it ``ev_`` and its hex digits.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, db_index=False, related_name="evaluations"
    )
    conversation_external_id = models.CharField(max_length=ID_LENGTH)
    at = models.DateTimeField(help_text="When it was asked, by our clock.")
    version = models.ForeignKey(
        "policies.PolicyVersion", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    scope = models.CharField(max_length=SCOPE_LENGTH)
    decision = models.CharField(
        max_length=13, choices=[(decision.value, decision.value) for decision in Decision]
    )
    initiator = models.CharField(max_length=8, choices=Initiator)
    category = models.CharField(max_length=32, choices=Category)
    user_confirmed = models.BooleanField(null=True)
    crisis_cue = models.BooleanField()
    paused = models.BooleanField()

    severity = models.FloatField(null=True)
    distress = models.FloatField(null=True)
    risk_self = models.FloatField(null=True)
    risk_others = models.FloatField(null=True)
    refusals = models.SmallIntegerField(null=True)
    redirects = models.SmallIntegerField(null=True)
    warnings = models.SmallIntegerField(null=True)
    turns_after_warning = models.SmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="evaluation_signals_in_range", condition=_in_range()),
            # docs/explanation/ending.md, "Rules without a switch".
            models.CheckConstraint(
                name="evaluation_never_ends_against_a_rule",
                condition=~Q(decision=Decision.END.value)
                | Q(
                    paused=False,
                    crisis_cue=False,
                    risk_self__isnull=False,
                    risk_others__isnull=False,
                    risk_self__lte=HIGHEST_RISK_CEILING,
                    risk_others__lte=HIGHEST_RISK_CEILING,
                ),
            ),
            models.CheckConstraint(
                name="evaluation_for_abuse_ends_after_a_warning",
                condition=~Q(decision=Decision.END.value, initiator=Initiator.MODEL)
                | Q(warnings__isnull=False, warnings__gte=FEWEST_WARNINGS),
            ),
        ]
        indexes = [
            # What a source asked before its term, in order: retention deletes it.
            models.Index(fields=["source", "id"], name="evaluation_of_source")
        ]
        triggers = [pgtrigger.ReadOnly(name="asked_evaluation_read_only")]

    def __str__(self) -> str:
        return f"{self.decision} for {self.conversation_external_id}"
