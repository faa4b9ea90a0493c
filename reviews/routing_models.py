"""Queues, the rules that send cases there, and what people arrange by hand."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from accounts.keeping import append_only, both_or_neither, kept, staff
from accounts.models import User
from conversations.models import Source
from conversations.vocabulary import Category
from reviews.people_models import Qualification
from reviews.vocabulary import Area, Arrangement, Queue

#: Of a slug, in characters; ``Case.queue`` holds one.
SLUG_LENGTH = 32
_SLUG = r"^[a-z][a-z0-9_-]*$"


class CaseQueueQuerySet(models.QuerySet["CaseQueue"]):
    """Filters over queues."""

    def open(self) -> CaseQueueQuerySet:
        """Those that were not closed."""
        return self.filter(closed_at=None)

    def worked_by(self, user: User) -> CaseQueueQuerySet:
        """Those that *user* is dealt from: all that ask for no qualification that they lack.

        A closed one too: a case that reached it while it was being closed must not lie there.
        """
        if user.is_superuser:
            return self
        has_it = Qualification.objects.filter(user=user, area=OuterRef("area"), revoked_at=None)
        return self.filter(Q(area="") | Exists(has_it))


class CaseQueue(models.Model):
    """A queue of cases. Its slug and its area stay; cases name it by the slug."""

    slug = models.CharField(
        primary_key=True, max_length=SLUG_LENGTH, validators=[RegexValidator(_SLUG)]
    )
    name = models.CharField(max_length=64)
    area = models.CharField(
        max_length=12,
        choices=Area,
        blank=True,
        default="",
        help_text="What one must be qualified for to be dealt its cases.",
    )
    position = models.PositiveSmallIntegerField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQueueQuerySet.as_manager()

    class Meta:
        ordering = ["position", "slug"]
        constraints = [
            models.CheckConstraint(name="queue_slug_is_one", condition=Q(slug__regex=_SLUG)),
            models.UniqueConstraint(
                Lower("name"), condition=Q(closed_at=None), name="queue_open_of_a_name"
            ),
            # Sight of child safety hangs on this one slug (CaseQuerySet.listed_for).
            models.CheckConstraint(
                name="queue_of_child_safety_is_one",
                condition=Q(slug=Queue.CHILD_SAFETY, area=Area.CHILD_SAFETY)
                | ~Q(slug=Queue.CHILD_SAFETY) & ~Q(area=Area.CHILD_SAFETY),
            ),
            models.CheckConstraint(
                name="queue_crisis_asks_for_the_qualified",
                condition=~Q(slug=Queue.CRISIS) | Q(area=Area.CRISIS),
            ),
            models.CheckConstraint(
                name="queue_built_in_stays_open",
                condition=Q(closed_at=None) | ~Q(slug__in=Queue.values),
            ),
        ]
        triggers = kept("queue", changing=["name", "position", "closed_at"])

    def __str__(self) -> str:
        return self.name

    @property
    def built_in(self) -> bool:
        """Whether every installation has it."""
        return self.slug in Queue.values


class RoutingRuleQuerySet(models.QuerySet["RoutingRule"]):
    """Filters over rules."""

    def live(self) -> RoutingRuleQuerySet:
        """Those in force, in the order in which they are asked."""
        return self.filter(retired_at=None).order_by("position", "pk")


class RoutingRule(models.Model):
    """Which cases go to which queue: those that meet every condition that is named.

    A condition is met by any of its values; an empty one asks nothing. The first rule that a
    case meets decides. A changed rule is a new one: what placed a case stays as it was.
    """

    name = models.CharField(max_length=80)
    position = models.PositiveIntegerField()
    categories = ArrayField(
        models.CharField(max_length=32, choices=Category), default=list, blank=True
    )
    flags = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    languages = ArrayField(
        models.CharField(max_length=3),
        default=list,
        blank=True,
        help_text="Primary language subtags, as detected in the transcript.",
    )
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    queue = models.ForeignKey(CaseQueue, on_delete=models.PROTECT, related_name="rules")
    made_by = staff()
    made_at = models.DateTimeField()
    retired_by = staff(null=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = RoutingRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="routing_rule_asks_something",
                condition=~Q(categories=[], flags=[], languages=[], source=None),
            ),
            models.CheckConstraint(
                name="routing_rule_retired_by_somebody",
                condition=both_or_neither("retired_at", "retired_by"),
            ),
        ]
        indexes = [
            # Asked with every batch at intake.
            models.Index(
                fields=["position", "id"],
                name="routing_rule_live",
                condition=Q(retired_at=None),
            )
        ]
        triggers = kept("routing_rule", changing=["position", "retired_by", "retired_at"])

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    """A word of the reviewers' own that they put on cases."""

    name = models.CharField(max_length=40)
    made_by = staff()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="label_of_a_name")]

    def __str__(self) -> str:
        return self.name


class CaseLabel(models.Model):
    """A label on a case."""

    case = models.ForeignKey("reviews.Case", on_delete=models.CASCADE, related_name="labels")
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="+")
    put_by = staff()
    put_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "label"], name="case_label_once_a_case")
        ]

    def __str__(self) -> str:
        return f"{self.label_id} on {self.case_id}"


class BulkAct(models.Model):
    """Many cases assigned, moved or labelled at once, so that it can be undone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Arrangement)
    by = staff()
    at = models.DateTimeField()
    undone_by = staff(null=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bulk_act_undone_by_somebody",
                condition=both_or_neither("undone_at", "undone_by"),
            )
        ]
        triggers = kept("bulk_act", changing=["undone_by", "undone_at"])

    def __str__(self) -> str:
        return f"{self.kind} by {self.by_id}"


class BulkChange(models.Model):
    """What one case had before and after a bulk act.

    A list each: the assignee; the queue and the rule; the label and whether it is there.
    """

    act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="changes")
    case = models.ForeignKey("reviews.Case", on_delete=models.PROTECT, related_name="+")
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["act", "case"], name="bulk_change_once_a_case")
        ]
        triggers = append_only("bulk_change")

    def __str__(self) -> str:
        return f"{self.case_id} in {self.act_id}"
