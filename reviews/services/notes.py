"""Notes that reviewers leave each other beside a case.

The ledger says who wrote, changed or deleted one and when; the words stand in the note alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from reviews.models import Case, CaseNote, CaseNoteText
from reviews.permissions import facts_of, viewer_of
from reviews.services.erased import check_fresh
from reviews.services.leaving import locked
from reviews.transitions import Forbidden
from reviews.visibility import Text, is_blind, visible

LONGEST_NOTE: Final = 4_000
#: How long whoever wrote a note may change its words. Deleting has no term.
CHANGEABLE: Final = timedelta(minutes=15)


def may_write(shows: frozenset[Text], *, blind: bool) -> bool:
    """Whether one may leave a note: who may read them, or may once their own verdict is in."""
    return Text.NOTES in shows or (blind and bool(shows))


def notes_for(*, case: Case, user: User, shows: frozenset[Text], blind: bool) -> list[CaseNote]:
    """The notes on *case* that *user*, to whom it *shows* so much, may read; the oldest first.

    Whoever is *blind* reads their own alone: another's could tell the first verdict.
    """
    if not may_write(shows, blind=blind):
        return []
    notes = CaseNote.objects.filter(case=case, deleted_at=None)
    if blind:
        notes = notes.filter(author=user)
    return list(notes.select_related("author", "words"))


def changeable(note: CaseNote, *, user: User, now: datetime) -> bool:
    """Whether *user* may still change the words of *note*."""
    return note.author_id == user.pk and now < note.at + CHANGEABLE


def write(*, case: Case, user: User, text: str, now: datetime) -> CaseNote:
    """Leave a note. Raises ``ValidationError`` for no words or too many, or ``Forbidden``: also
    where the words of *case* were erased since *user* took it up.
    """
    words = _words(text)
    viewer, facts = viewer_of(user), facts_of(case)
    if not may_write(visible(viewer, facts), blind=is_blind(viewer, facts)):
        raise Forbidden(_("Your role does not include notes."))
    with transaction.atomic():
        check_fresh(locked(case), user)
        note = CaseNote.objects.create(case=case, author=user, at=now)
        CaseNoteText.objects.create(note=note, text=words)
        _record(note, user, "note.written", now)
    return note


def change(*, note: CaseNote, user: User, text: str, now: datetime) -> None:
    """Replace the words of one's own note while it is new.

    Raises ``Forbidden`` for another's or an older one, ``ValidationError`` for no words or too
    many.
    """
    words = _words(text)
    with transaction.atomic():
        check_fresh(locked(note.case), user)
        own = _own(note, user)
        if not changeable(own, user=user, now=now):
            raise Forbidden(_("A note can be changed for 15 minutes. Write another one."))
        CaseNoteText.objects.filter(note=own).update(text=words)
        own.edited_at = now
        own.save(update_fields=["edited_at"])
        _record(own, user, "note.changed", now)


def delete(*, note: CaseNote, user: User, now: datetime) -> None:
    """Delete one's own note: its words go, that there was one stays. ``Forbidden`` else."""
    with transaction.atomic():
        own = _own(note, user)
        CaseNoteText.objects.filter(note=own).delete()
        own.deleted_at = now
        own.save(update_fields=["deleted_at"])
        _record(own, user, "note.deleted", now)


def _words(text: str) -> str:
    words = text.replace("\x00", "\ufffd").strip()
    if not words:
        raise ValidationError(_("Write something first."))
    if len(words) > LONGEST_NOTE:
        raise ValidationError(_("At most %(number)s characters.") % {"number": LONGEST_NOTE})
    return words


def _own(note: CaseNote, user: User) -> CaseNote:
    own = CaseNote.objects.select_for_update(no_key=True).get(pk=note.pk)
    if own.author_id != user.pk or own.deleted_at is not None:
        raise Forbidden(_("Only whoever wrote a note can change or delete it."))
    return own


def _record(note: CaseNote, user: User, action: str, now: datetime) -> None:
    record(
        actor=Actor(user=user),
        action=action,
        obj="case",
        object_id=note.case_id,
        details={"note": note.pk},
        at=now,
    )
