"""What each constraint on notes and kept texts forbids; tests/test_constraints.py does it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reviews.models import CannedText, CaseNote
from tests.factories import NOW, make_case, make_user
from tests.violating import guarded, violates


def _note(**changes: Any) -> CaseNote:
    return CaseNote.objects.create(
        case=make_case(), author=make_user(), **{"at": NOW, "edited_at": None} | changes
    )


def _text(**changes: Any) -> CannedText:
    somebody = make_user()
    row = {"owner": somebody, "title": "A name", "text": "Words.", "changed_by": somebody}
    return CannedText.objects.create(**row | {"changed_at": NOW} | changes)


@violates("note_edited_after_it_was_written")
def _edited_before() -> None:
    _note(edited_at=NOW - timedelta(minutes=1))


@violates("note_deleted_after_it_was_written")
def _deleted_before() -> None:
    _note(deleted_at=NOW - timedelta(minutes=1))


@guarded("note_read_only")
def _note_by_another() -> None:
    CaseNote.objects.filter(pk=_note().pk).update(author=make_user())


@guarded("note_not_deleted")
def _note_gone() -> None:
    CaseNote.objects.filter(pk=_note().pk).delete()


@violates("canned_text_once_a_title")
def _twice_for_all() -> None:
    _text(owner=None)
    _text(owner=None)


@violates("canned_text_has_words")
def _without_words() -> None:
    _text(text="")


@violates("canned_text_is_changed_by_its_owner")
def _changed_by_another() -> None:
    _text(changed_by=make_user())
