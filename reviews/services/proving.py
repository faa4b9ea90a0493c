"""What a drill has proven: that somebody who was told of it came and acknowledged it.

Pressing the button proves nothing by itself. A message must have gone out before: one that a pager
took with a 2xx, whoever it then woke, or an e-mail to the very person who acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_noop

from accounts.choices import TextChoices
from reviews.danger_models import Alarm, Call
from reviews.danger_vocabulary import CallState, Tells, Why


class Unproven(TextChoices):
    """Why a drill that was acknowledged does not prove that people are reached."""

    NO_WORKER = (
        "no_worker",
        gettext_noop("Nobody had been called when it was acknowledged. Is a worker running?"),
    )
    NOBODY = (
        "nobody",
        gettext_noop("There is no pager, and nobody to call: no person on call and no senior."),
    )
    NO_WAY = "no_way", gettext_noop("E-mail is not set up, and there is no pager.")
    FAILED = "failed", gettext_noop("No message could be sent: see who was told, and what failed.")
    NOT_SENT = (
        "not_sent",
        gettext_noop("No message had been sent when it was acknowledged. Is a worker running?"),
    )
    ANOTHER = (
        "another",
        gettext_noop("Whoever acknowledged it was not among those who had been sent a message."),
    )


@dataclass(frozen=True)
class Proof:
    """``proven`` is the last drill that reached somebody; None where there was none.

    ``missed`` is a later one, acknowledged all the same, and ``why`` what it lacked.
    """

    proven: Alarm | None
    missed: Alarm | None
    why: Unproven | None


def proof() -> Proof:
    """What drills have proven so far. Two queries, and one more where the last proved nothing."""
    drills = Alarm.objects.filter(why=Why.DRILL, acknowledged_at__isnull=False)
    drills = drills.select_related("acknowledged_by").order_by("-acknowledged_at")
    reached = Call.objects.filter(
        Q(pager__isnull=False) | Q(person=OuterRef("acknowledged_by")),
        alarm=OuterRef("pk"),
        tells=Tells.RAISED,
        state=CallState.SENT,
        sent_at__lte=OuterRef("acknowledged_at"),
    )
    proven, last = drills.filter(Exists(reached)).first(), drills.first()
    if last is None or last == proven:
        return Proof(proven, None, None)
    return Proof(proven, last, unproven(last))


def unproven(drill: Alarm) -> Unproven | None:
    """Why *drill* has not proven that people are reached; None where it has, or still waits."""
    if drill.acknowledged_at is None:
        return None
    calls = list(drill.calls.filter(tells=Tells.RAISED))
    sent = [call for call in calls if call.sent_at and call.sent_at <= drill.acknowledged_at]
    if any(call.pager_id or call.person_id == drill.acknowledged_by_id for call in sent):
        return None
    if sent:
        return Unproven.ANOTHER
    if not drill.step:
        return Unproven.NO_WORKER
    if not calls:
        return Unproven.NOBODY
    if all(call.state == CallState.FAILED and not call.attempts for call in calls):
        return Unproven.NO_WAY
    return Unproven.FAILED if any(call.failure for call in calls) else Unproven.NOT_SENT
