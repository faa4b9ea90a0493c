"""Writing words for notices, and laying them before a second person."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.permissions import check_manage_notices
from reviews.services.texts import NotPossible, note
from reviews.text_models import NoticeDraft, NoticeText
from reviews.texts import LONGEST_NOTE, Scope, Words, cleaned, faults, scope_faults


class StaleRevision(Exception):
    """Somebody else saved the draft meanwhile: ``current`` is what they made of it."""

    def __init__(self, current: NoticeDraft) -> None:
        super().__init__(
            _("Somebody saved this draft since you read it. Nothing of yours was stored.")
        )
        self.current = current


def begin(
    *, scope: Scope, user: User, now: datetime, based_on: NoticeText | None = None
) -> tuple[NoticeDraft, bool]:
    """A new draft for *scope*, or the one that is there already; whether it is new.

    It begins with the words of *based_on*, else with those in force for exactly *scope*.
    Raises ``ValidationError`` by field where there can be no text for *scope*.
    """
    check_manage_notices(user)
    if found := scope_faults(scope):
        raise ValidationError(found)
    standing = based_on or NoticeText.objects.in_force().of(scope).first()
    words = standing.words._asdict() if standing else {}
    if scope.category:
        words.pop("heading", None)
    try:
        with transaction.atomic():
            draft = NoticeDraft.objects.create(
                **scope._asdict(),
                **words,
                author=user,
                contributors=[user.pk],
                created_at=now,
                updated_at=now,
                updated_by=user,
            )
            note("drafted", draft, user, now, based_on=based_on.pk if based_on else None)
    except IntegrityError:
        found_draft = NoticeDraft.objects.filter(**scope._asdict()).first()
        if found_draft is None:
            raise
        return found_draft, False
    return draft, True


@transaction.atomic
def save(
    *, draft_id: int, revision: int, words: Words, why: str, user: User, now: datetime
) -> NoticeDraft:
    """Save *words*, and *why* they are written, over *revision*, the one that was read.

    Nothing is written where nothing differs: whoever only looks has no hand in it. Raises
    :class:`StaleRevision`, ``NotPossible`` where it is no draft any more, and ``ValidationError``
    by field for what cannot stand in a notice.
    """
    check_manage_notices(user)
    draft = _locked(draft_id, revision)
    words, why = Words(*map(cleaned, words)), cleaned(why)
    if found := _faults(draft, words, why):
        raise ValidationError(found)
    if (words, why) == (draft.words, draft.note):
        return draft
    draft.heading, draft.what_happened, draft.not_meant, draft.can_do = words
    draft.note = why
    draft.revision += 1
    draft.contributors = sorted({*draft.contributors, user.pk})
    draft.updated_at, draft.updated_by = now, user
    draft.save()
    note("edited", draft, user, now, revision=draft.revision)
    return draft


def _faults(draft: NoticeDraft, words: Words, why: str) -> dict[str, list[str]]:
    found = faults(words, category=draft.category)
    if len(why) > LONGEST_NOTE:
        found["note"] = [_("At most %(number)s characters.") % {"number": LONGEST_NOTE}]
    return found


@transaction.atomic
def submit(*, draft_id: int, revision: int, user: User, now: datetime) -> NoticeText:
    """Make the draft an immutable version that somebody else decides on.

    Raises as :func:`save` does, and ``NotPossible`` while another version for the same notices
    waits.
    """
    check_manage_notices(user)
    draft = _locked(draft_id, revision)
    if not any(draft.words):
        raise NotPossible(
            _("Nothing is written yet: fill in what is to differ from the product's words.")
        )
    if found := _faults(draft, draft.words, draft.note) | scope_faults(draft.scope):
        raise ValidationError([said for faults_of in found.values() for said in faults_of])
    versions = NoticeText.objects.of(draft.scope)
    if waiting := versions.waiting().first():
        raise NotPossible(
            _("Version %(number)s waits for approval. Have it decided on first.")
            % {"number": waiting.number}
        )
    last = versions.order_by("-number").first()
    text = NoticeText.objects.create(
        **draft.scope._asdict(),
        **draft.words._asdict(),
        note=draft.note,
        number=last.number + 1 if last else 1,
        author=draft.author,
        contributors=sorted({*draft.contributors, user.pk}),
        submitted_by=user,
        submitted_at=now,
    )
    note("submitted", text, user, now, number=text.number)
    draft.delete()
    return text


@transaction.atomic
def discard(*, draft_id: int, revision: int, user: User, now: datetime) -> None:
    """Delete a draft. Raises :class:`StaleRevision` and ``NotPossible`` as :func:`save` does."""
    check_manage_notices(user)
    draft = _locked(draft_id, revision)
    note("discarded", draft, user, now, revision=draft.revision)
    draft.delete()


def _locked(draft_id: int, revision: int) -> NoticeDraft:
    draft = NoticeDraft.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None:
        raise NotPossible(_("This is no draft any more: it was submitted or discarded."))
    if revision != draft.revision:
        raise StaleRevision(draft)
    return draft
