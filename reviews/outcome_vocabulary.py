"""The words of outcomes and their deliveries, as the API, the database and the screen use them."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from accounts.choices import TextChoices


class OutcomeType(TextChoices):
    """What a source is told (docs/how-to/receive-outcomes.md, "What comes")."""

    FLAGGED = "recourse.cutoff.flagged.v1", gettext_noop("Cutoff flagged")
    SETTLED = "recourse.cutoff.settled.v1", gettext_noop("Cutoff settled")
    ANSWERED = "recourse.feedback.answered.v1", gettext_noop("Feedback answered")
    ACTIVATED = "recourse.policy.activated.v1", gettext_noop("Policy activated")
    PAUSED = "recourse.policy.paused.v1", gettext_noop("Policy paused")
    RESUMED = "recourse.policy.resumed.v1", gettext_noop("Policy resumed")
    TEST = "recourse.test.v1", gettext_noop("Test")


#: What an endpoint may subscribe to. A test goes to any, when an administrator asks for it.
SUBSCRIBABLE = tuple(one for one in OutcomeType if one != OutcomeType.TEST)


class DeliveryState(TextChoices):
    """What has become of an outcome at one endpoint."""

    WAITING = "waiting", gettext_noop("Waiting")
    DELIVERED = "delivered", gettext_noop("Delivered")
    DEAD = "dead", gettext_noop("Failed for good")


class Failure(TextChoices):
    """Why an attempt failed."""

    BAD_ADDRESS = "bad_address", gettext_noop("The address is not allowed any more")
    NOT_RESOLVED = "not_resolved", gettext_noop("The name does not resolve")
    NOT_PUBLIC = "not_public", gettext_noop("The name resolves to an address that is not public")
    NOT_CONNECTED = "not_connected", gettext_noop("No connection")
    TLS = "tls", gettext_noop("No secure connection: certificate or TLS")
    TIMEOUT = "timeout", gettext_noop("No answer in time")
    DROPPED = "dropped", gettext_noop("The connection broke")
    REDIRECTED = "redirected", gettext_noop("Redirected, which is not followed")
    STATUS = "status", gettext_noop("Refused")
    GONE = "gone", gettext_noop("Gone: the endpoint is disabled")
    NO_SECRET = "no_secret", gettext_noop("No secret to sign with")
    ENDPOINT_OFF = "endpoint_off", gettext_noop("The endpoint was off for too long, or removed")
