"""Criteria and rules as SQL expressions over cutoffs, for whatever works on many at once.

What these say of a cutoff, ``policies/evaluation.py`` and ``policies/conformance.py`` say in
Python; tests hold the two against each other.
"""

from __future__ import annotations

from django.db.models import F, FloatField, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from conversations.models import Cutoff
from conversations.vocabulary import Initiator
from policies.models import BUILT_IN_NUMBER, DEFAULT_SCOPE, Activation, PolicyVersion
from policies.thresholds import HIGHEST_RISK_CEILING


def with_policy(cutoffs: QuerySet[Cutoff]) -> QuerySet[Cutoff]:
    """Annotate ``held_against``, the version that each cutoff is held against, and ``ceiling``.

    The version that the event reported if it is known, else the one in force at its time, else
    the built-in one (CONTRACT.md, "Asking").
    """
    reported = PolicyVersion.objects.filter(number=OuterRef("policy_version")).values("number")
    in_force = (
        Activation.objects.filter(scope=DEFAULT_SCOPE, activated_at__lte=OuterRef("at"))
        .filter(Q(ended_at=None) | Q(ended_at__gt=OuterRef("at")))
        .order_by("-activated_at")
        .values("version_id")[:1]
    )
    ceiling = PolicyVersion.objects.filter(number=OuterRef("held_against")).values(
        "imminent_risk_ceiling"
    )
    return (
        cutoffs.annotate(
            reported_version=Subquery(reported),
            version_in_force=Subquery(in_force),
        )
        .annotate(
            held_against=Coalesce(
                F("reported_version"),
                F("version_in_force"),
                Value(BUILT_IN_NUMBER),
                output_field=IntegerField(),
            )
        )
        .annotate(
            ceiling=Coalesce(
                Subquery(ceiling), Value(HIGHEST_RISK_CEILING), output_field=FloatField()
            )
        )
    )


def risk_above_ceiling() -> Q:
    """One of the risks is known and above the annotated ``ceiling``."""
    return Q(risk_self__gt=F("ceiling")) | Q(risk_others__gt=F("ceiling"))


def risk_unknown() -> Q:
    """One of the risks is unknown, and the other not known to be too high."""
    return (Q(risk_self=None) | Q(risk_others=None)) & ~Q(
        Q(risk_self__isnull=False, risk_self__gt=F("ceiling"))
        | Q(risk_others__isnull=False, risk_others__gt=F("ceiling"))
    )


def no_warning() -> Q:
    """The model ended it and the source itself says that there was no warning."""
    return Q(initiator=Initiator.MODEL, warnings=0)
