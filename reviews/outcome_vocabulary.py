"""The words of outcomes and their deliveries, as the API, the database and the screen use them."""

from __future__ import annotations

from django.db import models


class OutcomeType(models.TextChoices):
    """What a source is told (docs/how-to/receive-outcomes.md, "What comes")."""

    FLAGGED = "recourse.cutoff.flagged.v1", "Cutoff flagged"
    SETTLED = "recourse.cutoff.settled.v1", "Cutoff settled"
    ANSWERED = "recourse.feedback.answered.v1", "Feedback answered"
    ACTIVATED = "recourse.policy.activated.v1", "Policy activated"
    PAUSED = "recourse.policy.paused.v1", "Policy paused"
    RESUMED = "recourse.policy.resumed.v1", "Policy resumed"
    TEST = "recourse.test.v1", "Test"


#: What an endpoint may subscribe to. A test goes to any, when an administrator asks for it.
SUBSCRIBABLE = tuple(one for one in OutcomeType if one != OutcomeType.TEST)


class DeliveryState(models.TextChoices):
    """What has become of an outcome at one endpoint."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    DEAD = "dead", "Failed for good"


class Failure(models.TextChoices):
    """Why an attempt failed."""

    BAD_ADDRESS = "bad_address", "The address is not allowed any more"
    NOT_RESOLVED = "not_resolved", "The name does not resolve"
    NOT_PUBLIC = "not_public", "The name resolves to an address that is not public"
    NOT_CONNECTED = "not_connected", "No connection"
    TLS = "tls", "No secure connection: certificate or TLS"
    TIMEOUT = "timeout", "No answer in time"
    DROPPED = "dropped", "The connection broke"
    REDIRECTED = "redirected", "Redirected, which is not followed"
    STATUS = "status", "Refused"
    GONE = "gone", "Gone: the endpoint is disabled"
    NO_SECRET = "no_secret", "No secret to sign with"
    ENDPOINT_OFF = "endpoint_off", "The endpoint was off for too long, or removed"
