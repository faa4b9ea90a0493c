"""Telling people of alarms: again, to more of them, until somebody acknowledges.

While somebody holds the case nobody is called; once they give it back, or their lease runs out,
whoever is next is told as if nothing had been.
An alarm that is due is turned into calls, a row for each person and pager, and those into messages.
What a killed worker held is told again: twice is better than never. All that waits for one person
goes in one message, and none gets more than one a minute. A pager is also told, at once, when
somebody has acknowledged what it was told of.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPResponseException
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from reviews.danger_models import Alarm, Call, Pager
from reviews.danger_vocabulary import CallState, Tells
from reviews.posting import Message, Postman
from reviews.services.on_call import Crew, crew, mail_is_set_up
from reviews.vocabulary import Queue

log = structlog.get_logger(__name__)

#: Until people are told again, and the next one with them.
AGAIN: Final = timedelta(minutes=15)
#: Between two messages to the same person.
BETWEEN: Final = timedelta(minutes=1)
#: A message that could not be sent is tried again after so long, so often; then it has failed.
RETRY: Final = timedelta(minutes=1)
MOST_ATTEMPTS: Final = 5
#: Alarms named in one message; of the others it says how many there are.
MOST_NAMED: Final = 20
#: Alarms that one transaction takes.
BATCH: Final = 200
#: Seconds for which one run goes on; the next one does what is left.
LONGEST_RUN: Final = 60.0
#: What a pager is told: that alarms wait, and that somebody has them.
PAGED: Final = "recourse.alarm.raised.v1"
CLEARED: Final = "recourse.alarm.acknowledged.v1"
#: Alarms that one message of the second kind closes; the next one goes on.
MOST_CLEARED: Final = 200

#: Of PostgreSQL's advisory locks, the pair of families that hold one recipient each.
_LOCKS: Final = {"person": 7_310_453, "pager": 7_310_454}


def advance(*, now: datetime) -> int:
    """Turn the alarms that are due into calls; how many there were."""
    done = 0
    while taken := _advance(now):
        done += taken
    return done


@transaction.atomic
def _advance(now: datetime) -> int:
    due = Alarm.objects.waiting().filter(due_at__lte=now).select_related("case")
    locked = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
    alarms = list(locked.order_by("due_at", "pk")[:BATCH])
    if not alarms:
        return 0
    people = crew(now)
    told = list(Pager.objects.filter(removed_at=None).order_by("pk"))
    Call.objects.bulk_create(call for alarm in alarms for call in _calls(alarm, people, told, now))
    for alarm in alarms:
        alarm.step += 1
        alarm.due_at = now + AGAIN
    Alarm.objects.bulk_update(alarms, ["step", "due_at"])
    return len(alarms)


def recipients(alarm: Alarm, people: Crew) -> tuple[int, ...]:
    """Who is told of *alarm* now: one more of those on call each time, then all seniors.

    Of a case of child safety only those who may open it, as long as there is anybody.
    """
    reached = people.on_call[: alarm.step + 1]
    if alarm.step >= len(people.on_call):
        reached += tuple(one for one in people.wide if one not in reached)
    if alarm.case is None or alarm.case.queue != Queue.CHILD_SAFETY:
        return reached
    everybody = dict.fromkeys(people.on_call + people.wide)
    for some in (reached, everybody):
        if may_open := tuple(one for one in some if one in people.restricted):
            return may_open
    return reached


def _calls(alarm: Alarm, people: Crew, pagers: Iterable[Pager], now: datetime) -> Iterable[Call]:
    row = {"alarm": alarm, "step": alarm.step, "called_at": now, "due_at": now}
    for pager in pagers:
        yield Call(pager=pager, **row)
    for person_id in recipients(alarm, people):
        call = Call(person_id=person_id, **row)
        if not mail_is_set_up():
            call.state, call.failure = CallState.FAILED, str(_("E-mail is not set up"))
        yield call


def send(
    *,
    postman: Postman,
    clock: Callable[[], datetime] = timezone.now,
    seconds: float = LONGEST_RUN,
) -> int:
    """Send what waits, pagers first, each recipient apart; how many messages were tried."""
    until = time.monotonic() + seconds
    waiting = Call.objects.filter(state=CallState.WAITING, due_at__lte=clock()).order_by()
    pairs = set(waiting.values_list("person_id", "pager_id").distinct())
    tried = 0
    for person_id, pager_id in sorted(pairs, key=lambda pair: (pair[0] is not None, pair)):
        if time.monotonic() > until:
            break
        tried += _send_to(person_id, pager_id, postman, clock())
    return tried


@transaction.atomic
def _send_to(person_id: int | None, pager_id: int | None, postman: Postman, now: datetime) -> bool:
    """Send one recipient all that waits; whether that was tried."""
    if not _alone(person_id, pager_id):
        return False
    theirs = Call.objects.filter(person=person_id, pager=pager_id)
    waiting = theirs.filter(state=CallState.WAITING, due_at__lte=now).order_by("pk")
    calls = list(waiting.select_for_update(of=("self",)).select_related("alarm"))
    calls = _still_needed(calls, theirs)
    raised = [call for call in calls if call.tells == Tells.RAISED]
    latest = theirs.filter(tells=Tells.RAISED, state=CallState.SENT, sent_at__gt=now - BETWEEN)
    if raised and latest.exists():
        raised = []
    cleared = [call for call in calls if call.tells == Tells.ACKNOWLEDGED][:MOST_CLEARED]
    calls = raised or cleared
    if not calls:
        return False
    if person_id:
        failure = _mail(calls, User.objects.get(pk=person_id))
    else:
        failure = _page(calls, Pager.objects.get(pk=pager_id or 0), postman, now)
    _settle(calls, failure, now)
    return True


def _still_needed(calls: Sequence[Call], theirs: QuerySet[Call]) -> list[Call]:
    """Spare what nobody need be told any more: that an alarm waits which somebody has by now, and
    that somebody has one of which they were not told.
    """
    over = [call.alarm_id for call in calls if call.tells == Tells.ACKNOWLEDGED]
    tried = theirs.filter(alarm__in=over, tells=Tells.RAISED, attempts__gt=0)
    known = set(tried.values_list("alarm_id", flat=True))
    needed: list[Call] = []
    spared: list[Call] = []
    for call in calls:
        is_over = call.tells == Tells.ACKNOWLEDGED
        wanted = call.alarm_id in known if is_over else not call.alarm.acknowledged_at
        (needed if wanted else spared).append(call)
    Call.objects.filter(pk__in=[call.pk for call in spared]).update(state=CallState.SPARED)
    return needed


def _alone(person_id: int | None, pager_id: int | None) -> bool:
    """Whether nobody else is telling them; it holds until the transaction ends."""
    family = _LOCKS["person" if person_id else "pager"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [family, person_id or pager_id])
        (held,) = cursor.fetchone()
    return bool(held)


def _settle(calls: Sequence[Call], failure: str, now: datetime) -> None:
    for call in calls:
        call.attempts += 1
        call.failure = failure
        if not failure:
            call.state, call.sent_at = CallState.SENT, now
        elif call.attempts >= MOST_ATTEMPTS:
            call.state = CallState.FAILED
        else:
            call.due_at = now + RETRY
    Call.objects.bulk_update(calls, ["attempts", "failure", "state", "sent_at", "due_at"])


def _mail(calls: Sequence[Call], person: User) -> str:
    """Send one e-mail; what failed, in words, or nothing."""
    if not person.is_active:
        return str(_("The account is switched off"))
    alarms = _alarms(calls)
    message = EmailMessage(
        _subject(alarms),
        render_to_string(
            "reviews/on_call_mail.txt",
            {
                "named": [(alarm, _link(alarm)) for alarm in alarms[:MOST_NAMED]],
                "others": max(0, len(alarms) - MOST_NAMED),
                "page": settings.RECOURSE_PUBLIC_URL + reverse("on-call"),
            },
        ),
        to=[person.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except SMTPResponseException as error:
        return f"SMTP {error.smtp_code}"
    except (SMTPException, OSError, ValueError) as error:
        log.warning("calling.mail_failed", failure=type(error).__name__)
        return type(error).__name__
    return ""


def _subject(alarms: Sequence[Alarm]) -> str:
    real = sum(not alarm.is_drill for alarm in alarms)
    if not real:
        return str(_("Recourse: drill, please acknowledge"))
    return ngettext(
        "Recourse: %(number)d alarm waits for you",
        "Recourse: %(number)d alarms wait for you",
        real,
    ) % {"number": real}


def _page(calls: Sequence[Call], pager: Pager, postman: Postman, now: datetime) -> str:
    """Post one message to a pager; what failed, in words, or nothing."""
    if pager.removed_at:
        return str(_("The pager was removed"))
    alarms = _alarms(calls)
    cleared = calls[0].tells == Tells.ACKNOWLEDGED
    data = _cleared(alarms) if cleared else _raised(alarms)
    data["drill"] = all(alarm.is_drill for alarm in alarms)
    kind = CLEARED if cleared else PAGED
    payload = {"type": kind, "timestamp": now.isoformat(), "data": data}
    answer = postman.post(
        Message(
            # The same calls sent again have the same id.
            id=str(uuid5(NAMESPACE_URL, ",".join(str(call.pk) for call in calls))),
            url=pager.url,
            body=json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(),
            secrets=(pager.secret,),
        ),
        now=now,
    )
    if answer.failure is None:
        return ""
    return f"{answer.failure.label} {answer.status or ''}".strip()


def _raised(alarms: Sequence[Alarm]) -> dict[str, Any]:
    named = [_named(alarm) | {"times_told": alarm.step} for alarm in alarms[:MOST_NAMED]]
    return {"alarms": named, "waiting": len(alarms)}


def _cleared(alarms: Sequence[Alarm]) -> dict[str, Any]:
    """Each is named, under the id that it was raised with: a pager closes what it opened."""
    named = [
        _named(alarm) | {"acknowledged_at": (alarm.acknowledged_at or alarm.due_at).isoformat()}
        for alarm in alarms
    ]
    return {"alarms": named}


def _named(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.pk,
        "url": _link(alarm),
        "drill": alarm.is_drill,
        "raised_at": alarm.raised_at.isoformat(),
    }


def _alarms(calls: Sequence[Call]) -> list[Alarm]:
    """The alarms of *calls*, each once, drills last."""
    alarms = {call.alarm_id: call.alarm for call in calls}
    return sorted(alarms.values(), key=lambda alarm: (alarm.is_drill, alarm.pk))


def _link(alarm: Alarm) -> str:
    return str(settings.RECOURSE_PUBLIC_URL) + reverse("alarm", kwargs={"pk": alarm.pk})
