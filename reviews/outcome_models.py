"""Where outcomes go, what they tell, and what became of each."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.keeping import both_or_neither, staff
from conversations.models import Conversation, Cutoff, Source
from reviews.outcome_vocabulary import DeliveryState, Failure, OutcomeType
from reviews.outgoing import LONGEST_URL

_TYPE_LENGTH = 40


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    """Filters over endpoints."""

    def present(self) -> EndpointQuerySet:
        """Not removed."""
        return self.filter(removed_at=None)

    def disabled(self) -> EndpointQuerySet:
        """Those that answered 410, and that nobody has enabled again."""
        return self.present().exclude(disabled_at=None)


class Endpoint(models.Model):
    """An address of a source that outcomes are sent to.

    While it is paused, by a person, or disabled, by its own answer 410, nothing is sent and
    outcomes wait. ``failures`` are those in a row; after several it rests for a moment.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="endpoints")
    url = models.CharField(max_length=LONGEST_URL)
    types = ArrayField(models.CharField(max_length=_TYPE_LENGTH, choices=OutcomeType))
    created_by = staff(null=True)
    created_at = models.DateTimeField()
    paused_by = staff(null=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    removed_by = staff(null=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    resting_until = models.DateTimeField(null=True, blank=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also what every outcome looks for: the endpoints of a source.
            models.UniqueConstraint(
                fields=["source", "url"],
                condition=Q(removed_at=None),
                name="endpoint_once_a_source",
            ),
            models.CheckConstraint(
                name="endpoint_subscribes_to_something", condition=Q(types__len__gt=0)
            ),
            models.CheckConstraint(
                name="endpoint_paused_by_somebody",
                condition=both_or_neither("paused_at", "paused_by"),
            ),
            models.CheckConstraint(
                name="endpoint_removed_by_somebody",
                condition=both_or_neither("removed_at", "removed_by"),
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def state(self) -> str:
        """``removed``, ``disabled``, ``paused`` or ``live``."""
        for name in ("removed", "disabled", "paused"):
            if getattr(self, f"{name}_at"):
                return name
        return "live"


class EndpointSecret(models.Model):
    """A secret with which outcomes are signed. Two count during a rotation, and both sign.

    It is kept as it is for as long as it counts, as those of sources are.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="secrets")
    slot = models.PositiveSmallIntegerField()
    secret = models.CharField(max_length=80)
    created_by = staff(null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Also what every sending looks for.
            models.UniqueConstraint(
                fields=["endpoint", "slot"],
                condition=Q(revoked_at=None),
                name="endpoint_secret_two_live",
            ),
            models.CheckConstraint(
                name="endpoint_secret_slot_is_1_or_2", condition=Q(slot__in=[1, 2])
            ),
            models.CheckConstraint(
                name="endpoint_secret_forgotten_when_revoked",
                condition=Q(revoked_at=None) & ~Q(secret="")
                | Q(revoked_at__isnull=False, secret=""),
            ),
        ]

    def __str__(self) -> str:
        return f"secret {self.pk}"


class Outcome(models.Model):
    """What a source is told: ids and the result. Its key, a UUIDv7 of ``at``, is the webhook-id."""

    id = models.UUIDField(primary_key=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False, related_name="+")
    type = models.CharField(max_length=_TYPE_LENGTH, choices=OutcomeType)
    at = models.DateTimeField()
    conversation = models.ForeignKey(
        Conversation, null=True, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    cutoff = models.ForeignKey(Cutoff, null=True, on_delete=models.PROTECT, related_name="outcomes")
    data = models.JSONField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="outcome_conversation_with_cutoff",
                condition=both_or_neither("conversation", "cutoff"),
            )
        ]
        triggers = [pgtrigger.ReadOnly(name="outcome_read_only")]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class Delivery(models.Model):
    """One outcome on its way to one endpoint.

    Keys grow in the order in which things happened within a ``lane``: a conversation, or all
    policies. What stands later in a lane waits for what stands earlier; a flag waits for earlier
    flags only. ``failures`` are those since ``first_at``, when its three days began.
    """

    id = models.BigAutoField(primary_key=True)
    outcome = models.ForeignKey(Outcome, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, db_index=False, related_name="deliveries"
    )
    # Of the outcome, so that one index can hold them.
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False, related_name="+")
    type = models.CharField(max_length=_TYPE_LENGTH, choices=OutcomeType)
    lane = models.UUIDField()
    flag = models.BooleanField()
    created_at = models.DateTimeField()

    state = models.CharField(max_length=9, choices=DeliveryState, default=DeliveryState.WAITING)
    due_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts_made = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=16, choices=Failure, blank=True, default="")
    delivered_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["outcome", "endpoint"], name="delivery_once_an_endpoint"
            ),
            models.CheckConstraint(
                name="delivery_state_has_its_time",
                condition=Q(state=DeliveryState.WAITING, delivered_at=None, dead_at=None)
                | Q(state=DeliveryState.DELIVERED, delivered_at__isnull=False, dead_at=None)
                | Q(state=DeliveryState.DEAD, delivered_at=None, dead_at__isnull=False),
            ),
            models.CheckConstraint(
                name="delivery_leased_by_somebody",
                condition=both_or_neither("lease", "leased_until"),
            ),
            models.CheckConstraint(
                name="delivery_only_a_waiting_one_is_leased",
                condition=Q(lease=None) | Q(state=DeliveryState.WAITING),
            ),
        ]
        indexes = [
            # What to send next to an endpoint.
            models.Index(
                fields=["endpoint", "flag", "due_at", "id"],
                name="delivery_due",
                condition=Q(state=DeliveryState.WAITING),
            ),
            # Whether something waits before it.
            models.Index(
                fields=["endpoint", "lane", "id"],
                name="delivery_lane",
                condition=Q(state=DeliveryState.WAITING),
            ),
            # How many an endpoint is being sent.
            models.Index(
                fields=["endpoint", "leased_until"],
                name="delivery_leased",
                condition=Q(lease__isnull=False),
            ),
            # The list of deliveries, newest first: of a source, of a type, those that failed.
            models.Index(fields=["source", "-id"], name="delivery_of_source"),
            models.Index(fields=["type", "-id"], name="delivery_of_type"),
            models.Index(
                fields=["-id"], name="delivery_dead", condition=Q(state=DeliveryState.DEAD)
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class Attempt(models.Model):
    """One request to an endpoint, and what came back. No more of the answer than is shown."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    address = models.GenericIPAddressField(null=True, help_text="That was connected to.")
    status = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=16, choices=Failure, blank=True, default="")
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once_a_number"),
            models.CheckConstraint(
                name="attempt_answered_or_failed",
                condition=Q(status__isnull=False) | ~Q(failure=""),
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}"
