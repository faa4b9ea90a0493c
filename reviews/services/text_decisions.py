"""What a second person says of words for notices, and taking words out of force."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.permissions import check_manage_notices
from reviews.services.texts import NotPossible, note
from reviews.text_models import NoticeText, TextDecision, TextState
from reviews.texts import LONGEST_NOTE, cleaned


def can_decide(user: User, text: NoticeText) -> bool:
    """May approve or reject *text*: somebody who had no hand in it. Asks nothing of the role."""
    return user.pk not in text.contributors


@transaction.atomic
def approve(*, text_id: int, user: User, now: datetime) -> NoticeText:
    """Put a version in force, in place of the one that its notices had.

    Raises ``PermissionDenied`` to those who had a hand in it, and ``NotPossible`` where it does
    not wait for anybody.
    """
    text, standing = _to_decide(text_id, user)
    if standing:
        standing.until, standing.ended_by = now, user
        standing.save(update_fields=["until", "ended_by"])
    _decide(text, TextDecision.APPROVED, "", user, now)
    note(
        "approved",
        text,
        user,
        now,
        number=text.number,
        in_place_of=standing.number if standing else None,
    )
    return text


@transaction.atomic
def reject(*, text_id: int, reason: str, user: User, now: datetime) -> NoticeText:
    """Refuse a version for good.

    Raises as :func:`approve` does, and ``ValidationError`` without a reason.
    """
    text, _standing = _to_decide(text_id, user)
    _decide(text, TextDecision.REJECTED, _checked(reason), user, now)
    note("rejected", text, user, now, number=text.number)
    return text


@transaction.atomic
def withdraw(*, text_id: int, reason: str, user: User, now: datetime) -> NoticeText:
    """Take a version out of force at once: wider words, or the product's own, take its place.

    One person is enough, for it only leads back to what was approved before or came with the
    product. An older version comes back as a new one, which somebody else approves. Raises
    ``NotPossible`` where it is not in force, and ``ValidationError`` without a reason.
    """
    check_manage_notices(user)
    (text, _standing), why = _locked(text_id), _checked(reason)
    if text.state != TextState.IN_FORCE:
        raise NotPossible(_("Version %(number)s is not in force.") % {"number": text.number})
    text.until, text.ended_by, text.end_reason = now, user, why
    text.save(update_fields=["until", "ended_by", "end_reason"])
    note("withdrawn", text, user, now, number=text.number)
    return text


def _to_decide(text_id: int, user: User) -> tuple[NoticeText, NoticeText | None]:
    """The version that *user* may decide on, and the one in its place now; both locked."""
    check_manage_notices(user)
    text, standing = _locked(text_id)
    if text.state != TextState.WAITING:
        raise NotPossible(
            _("Version %(number)s does not wait for anybody's decision.") % {"number": text.number}
        )
    if not can_decide(user, text):
        raise PermissionDenied(_("You had a hand in this version. Somebody else decides on it."))
    return text, standing


def _locked(text_id: int) -> tuple[NoticeText, NoticeText | None]:
    """The version and the one in force for the same notices, as whoever was first left them."""
    asked = NoticeText.objects.get(pk=text_id)
    same = NoticeText.objects.of(asked.scope).filter(until=None)
    same = same.exclude(decision=TextDecision.REJECTED)
    rows = {row.pk: row for row in same.select_for_update().order_by("pk")}
    text = rows.get(text_id) or NoticeText.objects.get(pk=text_id)
    standing = next((row for row in rows.values() if row.state == TextState.IN_FORCE), None)
    return text, standing


def _decide(
    text: NoticeText, decision: TextDecision, reason: str, user: User, now: datetime
) -> None:
    text.decision, text.reason = decision, reason
    text.decided_by, text.decided_at = user, now
    text.save(update_fields=["decision", "reason", "decided_by", "decided_at"])


def _checked(reason: str) -> str:
    reason = cleaned(reason)
    if not reason:
        raise ValidationError({"reason": [_("Say why, for those who wrote it.")]})
    if len(reason) > LONGEST_NOTE:
        said = _("Please keep it under %(number)s characters.") % {"number": LONGEST_NOTE}
        raise ValidationError({"reason": [said]})
    return reason
