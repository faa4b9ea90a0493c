"""By which words a notice is told: the most specific ones in force, else the product's own.

The language comes first: whoever reads Arabic is told in Arabic, by the product's words where the
installation has none of its own. Then the category counts before the source, so that no text of a
source speaks over the one for people in a crisis.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext

from accounts.ledger import Actor, record
from accounts.models import User
from conversations.models import Cutoff
from conversations.vocabulary import Category
from reviews.notices import MINOR, NOT_MEANT, NoticeReason, about_category, reason_for
from reviews.text_models import NoticeDraft, NoticeText, TextDecision
from reviews.texts import (
    EVERY,
    TELLING,
    NoticeKind,
    Piece,
    Scope,
    Told,
    Words,
    differences,
    initiator_of,
    kind_of,
    told,
    wider_categories,
)


class NotPossible(Exception):
    """What was asked cannot be done as things stand; the text says why."""


def told_of(cutoff: Cutoff, *, category: str) -> Told:
    """What the notice of *cutoff* says in the active language, with one query at most.

    *category* is the one that the world may know: a restricted notice asks for what a case without
    a category asks for.
    """
    minor = cutoff.age_band == MINOR
    reason = reason_for(initiator=cutoff.initiator, category=category, minor=minor)
    kind = kind_of(initiator=cutoff.initiator, minor=minor)
    if kind is None:
        return told(None, reason=reason, about="")
    scope = Scope(kind, category, cutoff.source_id, translation.get_language() or "")
    text = told_in(scope)
    return told(text.words if text else None, reason=reason, about=_about(text, scope))


def told_in(scope: Scope) -> NoticeText | None:
    """The text in force by which the notices of *scope* are told; None for the product's own."""
    found = NoticeText.objects.in_force().filter(
        Q(source=None) | Q(source_id=scope.source_id),
        kind=scope.kind,
        language=scope.language,
        category__in=wider_categories(scope),
    )
    return max(found, key=_how_special, default=None)


def _how_special(text: NoticeText) -> tuple[bool, bool]:
    return text.category != EVERY, text.source_id is not None


def _about(text: NoticeText | None, scope: Scope) -> str:
    """What is said of the category beside a text for every one."""
    if text is None or text.category or scope.kind not in TELLING:
        return ""
    return about_category(scope.category)


def previewed(written: NoticeDraft | NoticeText) -> Told:
    """What a notice would say by *written*, in the active language."""
    return told(written.words, reason=_reason(written.scope), about="")


def built_in(scope: Scope) -> Words:
    """The product's own words for *scope*, in its language; nothing is added to what one can do."""
    with translation.override(scope.language):
        reason = _reason(scope)
        return Words(reason.title, reason.text, gettext(NOT_MEANT), "")


def _reason(scope: Scope) -> NoticeReason:
    return reason_for(
        initiator=initiator_of(scope.kind),
        category=scope.category or Category.OTHER,
        minor=scope.kind == NoticeKind.TO_MINOR,
    )


@dataclass(frozen=True)
class Compared:
    """A slot of a text, beside what stands in its place; empty ones have the product's words."""

    slot: str
    before: str
    after: str

    @property
    def pieces(self) -> list[Piece]:
        """What differs."""
        return differences(self.before, self.after)


def compared(written: NoticeDraft | NoticeText) -> list[Compared]:
    """Each slot of *written* beside what is told in its place, with one query.

    That is what is told now, and for what was once approved the version that it took the place of.
    """
    own = built_in(written.scope)
    before = _before(written)
    return [
        Compared(slot, was or ours, now or ours)
        for slot, was, now, ours in zip(
            Words._fields, before.words if before else own, written.words, own, strict=True
        )
    ]


def _before(written: NoticeDraft | NoticeText) -> NoticeText | None:
    if isinstance(written, NoticeText) and written.decision == TextDecision.APPROVED:
        return NoticeText.objects.of(written.scope).filter(until=written.decided_at).first()
    return told_in(written.scope)


def note(
    action: str,
    written: NoticeDraft | NoticeText,
    user: User,
    now: datetime,
    **details: str | int | None,
) -> None:
    """Keep in the ledger what *user* did with *written*: codes and numbers, none of its words."""
    record(
        actor=Actor(user=user),
        action=f"notice_text.{action}",
        obj="notice_text" if isinstance(written, NoticeText) else "notice_draft",
        object_id=written.pk,
        details={**written.scope._asdict(), **details},
        at=now,
    )
