"""Texts kept for rationales: one's own, and those that seniors keep for all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from reviews.models import CannedText
from reviews.permissions import check_decide
from reviews.vocabulary import ReasonCode

LONGEST_TEXT: Final = 2_000
#: Of each kind: more would be no help to anybody who is deciding.
MOST_TEXTS: Final = 100


def can_share(user: User) -> bool:
    """May keep the texts that are offered to all."""
    return user.has_perm("reviews.adjudicate_case")


def texts_for(user: User) -> QuerySet[CannedText]:
    """What *user* is offered, own and shared, by title."""
    return CannedText.objects.filter(Q(owner=user) | Q(owner=None))


def changeable_by(user: User) -> QuerySet[CannedText]:
    """What *user* may change: their own, and for seniors those of all."""
    return texts_for(user) if can_share(user) else CannedText.objects.filter(owner=user)


def keep(
    *,
    user: User,
    title: str,
    text: str,
    reason_code: str,
    shared: bool,
    now: datetime,
    replacing: CannedText | None = None,
) -> CannedText:
    """Keep a text, new or *replacing* one.

    Raises ``ValidationError`` by field for what is missing, too long, or there already, and
    ``PermissionDenied`` where it is not *user*'s to keep.
    """
    check_decide(user)
    if shared and not can_share(user):
        raise PermissionDenied(_("Only seniors keep texts for all."))
    if replacing and not changeable_by(user).filter(pk=replacing.pk).exists():
        raise PermissionDenied(_("This text is kept by somebody else."))
    owner = None if shared else user
    title, text = title.strip(), text.strip()
    _check(title, text, reason_code)
    if not replacing and CannedText.objects.filter(owner=owner).count() >= MOST_TEXTS:
        raise ValidationError(
            {"title": [_("At most %(number)s texts. Delete one first.") % {"number": MOST_TEXTS}]}
        )
    kept = replacing or CannedText()
    kept.owner, kept.title, kept.text, kept.reason_code = owner, title, text, reason_code
    kept.changed_by, kept.changed_at = user, now
    try:
        with transaction.atomic():
            kept.save()
            _record(kept, user, "canned_text.kept", now)
    except IntegrityError:
        raise ValidationError({"title": [_("There is a text of this name already.")]}) from None
    return kept


def forget(*, kept: CannedText, user: User, now: datetime) -> None:
    """Delete a text. Raises ``PermissionDenied`` where it is not *user*'s to keep."""
    if not changeable_by(user).filter(pk=kept.pk).exists():
        raise PermissionDenied(_("This text is kept by somebody else."))
    with transaction.atomic():
        _record(kept, user, "canned_text.deleted", now)
        kept.delete()


def offered(user: User, codes: Iterable[str]) -> list[CannedText]:
    """What *user* is offered for a verdict that may name *codes*, by title."""
    return list(texts_for(user).filter(Q(reason_code="") | Q(reason_code__in=list(codes))))


def _check(title: str, text: str, reason_code: str) -> None:
    problems: dict[str, list[str]] = {}
    if not 1 <= len(title) <= 80:
        problems["title"] = [_("Name it, in 80 characters at most.")]
    if not 1 <= len(text) <= LONGEST_TEXT:
        problems["text"] = [
            _("Write the text, in %(number)s characters at most.") % {"number": LONGEST_TEXT}
        ]
    if reason_code and reason_code not in ReasonCode.values:
        problems["reason_code"] = [_("Choose one of the reasons.")]
    if problems:
        raise ValidationError(problems)


def _record(kept: CannedText, user: User, action: str, now: datetime) -> None:
    record(
        actor=Actor(user=user),
        action=action,
        obj="canned_text",
        object_id=kept.pk,
        details={"shared": kept.owner_id is None, "reason_code": kept.reason_code},
        at=now,
    )
