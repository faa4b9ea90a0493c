"""Danger of which there is no case yet: a crisis cue in feedback whose cutoff has not come.

Without a cutoff nothing can be flagged or reopened. People are called all the same, of one
conversation once at a time, and read the words where they wait (``unlinked.py``). Once the cutoff
comes, the alarm becomes that of its case, and nobody is told again of what they were told before.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.ledger import Actor, record
from conversations.hurrying import hurry
from conversations.models import RelayedFeedback
from reviews.cues import Heard, heard_in
from reviews.danger_models import Alarm, Hearing
from reviews.danger_vocabulary import Answered, Why
from reviews.models import Case
from reviews.services.danger import CALL_TASK, OLD, give_the_all_clear

#: So much is read at a time, the latest first; the next sweep comes in seconds.
BATCH: Final = 500
_DANGER: Final = Actor.task("danger")


def hear(*, now: datetime) -> int:
    """Read for a crisis what waits for its cutoff and was not read yet; how many there were."""
    unheard = RelayedFeedback.objects.filter(linked_at=None, hearing=None).exclude(comment="")
    keys = list(unheard.order_by("-at", "-pk").values_list("pk", flat=True)[:BATCH])
    return sum(_hear(key, now) for key in keys)


@transaction.atomic
def _hear(key: UUID, now: datetime) -> bool:
    # Whoever links it, or hears it this very moment, has it locked.
    waits = RelayedFeedback.objects.filter(pk=key, linked_at=None, hearing=None)
    locked = waits.exclude(comment="").select_for_update(skip_locked=True, of=("self",))
    relayed = locked.first()
    if relayed is None:
        return False
    heard = heard_in(relayed.comment)
    tells = heard == Heard.CUE and relayed.at >= now - OLD
    Hearing.objects.create(relayed=relayed, heard=heard, told=tells, at=now)
    if tells:
        _raise(relayed, now)
    return True


def _raise(relayed: RelayedFeedback, now: datetime) -> None:
    """Call people of a conversation; no more than they are called of it already."""
    # Locked: one that ends this very moment calls nobody any more.
    live = Alarm.objects.live().select_for_update(no_key=True)
    alarm, is_new = live.get_or_create(
        source_id=relayed.source_id,
        conversation_external_id=relayed.conversation_external_id,
        defaults={"why": Why.FEEDBACK, "raised_at": now, "due_at": now},
    )
    if is_new:
        _note(alarm, "alarm.raised", now, why=Why.FEEDBACK, event=str(relayed.pk))
        transaction.on_commit(partial(hurry, CALL_TASK))


def hand_over(*, relayed: RelayedFeedback, case: Case, now: datetime) -> bool:
    """The cutoff of *relayed* has come: the alarms of its conversation become those of *case*.

    The caller has locked both. Where *case* has an alarm that rings, that one goes on alone.
    Whether people were told of these words.
    """
    hearing = Hearing.objects.filter(pk=relayed.pk).first()
    if hearing is None:
        return False
    hearing.delete()
    if not hearing.told:
        return False
    rings = Alarm.objects.live().filter(case=case).exists()
    theirs = Alarm.objects.filter(
        source=relayed.source_id, conversation_external_id=relayed.conversation_external_id
    )
    for alarm in theirs.select_for_update(no_key=True).order_by("pk"):
        if rings and alarm.acknowledged_at is None:
            _end(alarm, Answered.JOINED, now)
        about = {"case": case, "source": None, "conversation_external_id": ""}
        Alarm.objects.filter(pk=alarm.pk).update(**about)
        _note(alarm, "alarm.joined", now, case=str(case.pk))
    return True


def forget(*, now: datetime) -> int:
    """Let go of what was heard in words that are gone, and end alarms that nobody can read of any
    more; how many of these.
    """
    Hearing.objects.filter(relayed__comment="").delete()
    return sum(_forget(key, now) for key in _gone().values_list("pk", flat=True))


def _gone() -> QuerySet[Alarm]:
    """Alarms that ring and whose words are gone."""
    words = RelayedFeedback.objects.filter(
        source=OuterRef("source"),
        conversation_external_id=OuterRef("conversation_external_id"),
        linked_at=None,
    ).exclude(comment="")
    about_a_conversation = Alarm.objects.live().filter(source__isnull=False)
    return about_a_conversation.exclude(Exists(words)).order_by("pk")


@transaction.atomic
def _forget(key: int, now: datetime) -> bool:
    alarm = Alarm.objects.filter(pk=key).select_for_update(skip_locked=True, no_key=True).first()
    # Asked anew under the lock: somebody may have taken it, or there are new words.
    if alarm is None or not _gone().filter(pk=key).exists():
        return False
    _end(alarm, Answered.ERASED, now)
    return True


def _end(alarm: Alarm, how: Answered, now: datetime) -> None:
    Alarm.objects.filter(pk=alarm.pk).update(acknowledged_at=now, answered=how)
    _note(alarm, "alarm.ended", now, how=how)
    give_the_all_clear(alarm=alarm, now=now)


def _note(alarm: Alarm, action: str, now: datetime, **details: str) -> None:
    record(actor=_DANGER, at=now, action=action, obj="alarm", object_id=alarm.pk, details=details)
