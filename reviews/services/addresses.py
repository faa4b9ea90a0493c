"""Addresses to which users want answers sent: verified by a link before anything else goes there.

The one mail before that tells nothing of any case. Tokens are kept as their SHA-256, and made
anew with every attempt to send, so that none is ever stored in clear.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial
from smtplib import SMTPException
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import EmailValidator
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from conversations.hurrying import hurry
from conversations.models import Cutoff
from reviews.appeal_models import AnswerAddress
from reviews.languages import language_for
from reviews.models import Case

log = structlog.get_logger(__name__)

SEND_TASK: Final = "reviews.tasks.send_answers"

#: For how long the link in the first mail works.
LINK_LASTS: Final = timedelta(hours=48)
#: Links that one cutoff's user may ask for, ever: nobody's mailbox is to be filled.
MOST_LINKS: Final = 3
#: A mail that could not be sent is tried again, at these distances.
RETRIES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
#: Mails that one run sends.
BATCH: Final = 100


class _PublicDomain(EmailValidator):
    """An address at a name: not at this very machine, nor at a bare number, which may be inside."""

    def validate_domain_part(self, domain_part: str) -> bool:
        """Whether it is a name."""
        return not domain_part.startswith("[") and super().validate_domain_part(domain_part)


_PUBLIC_DOMAIN: Final = _PublicDomain(allowlist=[])


def may_be_asked(cutoff: Cutoff) -> bool:
    """Whether the user is asked for an address: where mail can be sent, and never a minor.

    Once the age band is no longer kept, nobody can tell, and nobody is asked.
    """
    known = cutoff.signals_expired_at is None
    return bool(settings.EMAIL_HOST) and known and cutoff.age_band != "minor"


def ask(*, cutoff: Cutoff, address: str, now: datetime) -> None:
    """Send a link to *address*; once it was followed, answers on *cutoff* go there.

    In the language in which they were asked for. Raises ``ValidationError`` where it is none,
    where no address is taken, or after too many.
    """
    address = address.strip()
    if not may_be_asked(cutoff):
        raise ValidationError({"address": _("We cannot take an address here.")})
    try:
        _PUBLIC_DOMAIN(address)
    except ValidationError:
        raise ValidationError({"address": _("This does not look like an address.")}) from None
    with transaction.atomic():
        case = Case.objects.select_for_update(no_key=True).get(pk=cutoff.pk)
        kept = AnswerAddress.objects.filter(case=case).first()
        if kept and kept.address == address and (kept.verified_at or _link_works(kept, now)):
            return
        if kept and kept.links >= MOST_LINKS:
            raise ValidationError(
                {"address": _("We have sent several links already. Please use the last one.")}
            )
        links = kept.links + 1 if kept else 1
        AnswerAddress.objects.filter(case=case).delete()
        AnswerAddress.objects.create(
            case=case,
            address=address,
            language=translation.get_language() or "",
            asked_at=now,
            due_at=now,
            links=links,
        )
        _record(case.pk, "address.given", now)
        transaction.on_commit(partial(hurry, SEND_TASK))


def _link_works(kept: AnswerAddress, now: datetime) -> bool:
    return kept.due_at is not None or (kept.expires_at is not None and kept.expires_at > now)


def find(*, token: str, now: datetime) -> AnswerAddress | None:
    """The address whose newest link holds *token*, while that works."""
    return AnswerAddress.objects.filter(digest=_digest(token), expires_at__gt=now).first()


def verify(*, token: str, now: datetime) -> bool:
    """Send answers to the address of *token* from now on; whether there is one."""
    with transaction.atomic():
        kept = _locked(token, now)
        if kept is None:
            return False
        kept.verified_at, kept.digest, kept.expires_at = now, None, None
        # What was answered meanwhile goes there at once.
        kept.due_at, kept.attempts = now, 0
        kept.save()
        _record(kept.pk, "address.verified", now)
        transaction.on_commit(partial(hurry, SEND_TASK))
    return True


def refuse(*, token: str, now: datetime) -> bool:
    """Whoever got the link did not ask for it: nothing more is sent; whether there was one."""
    with transaction.atomic():
        kept = _locked(token, now)
        if kept is None:
            return False
        forget(case_id=kept.pk, now=now)
    return True


def forget(*, case_id: UUID, now: datetime) -> None:
    """Delete the address given for a case, if there is one."""
    with transaction.atomic():
        deleted, _rows = AnswerAddress.objects.filter(pk=case_id).delete()
        if deleted:
            _record(case_id, "address.deleted", now)


def tell(*, case: Case, now: datetime) -> None:
    """Replies on *case* were published: mail them where an address was verified."""
    verified = AnswerAddress.objects.filter(case=case, verified_at__isnull=False)
    if verified.update(due_at=now, attempts=0):
        transaction.on_commit(partial(hurry, SEND_TASK))


def _locked(token: str, now: datetime) -> AnswerAddress | None:
    found = AnswerAddress.objects.select_for_update(no_key=True)
    return found.filter(digest=_digest(token), expires_at__gt=now).first()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _record(case_id: UUID, action: str, now: datetime) -> None:
    record(actor=Actor(agent="user:notice"), action=action, obj="case", object_id=case_id, at=now)


# --- Sending ------------------------------------------------------------------------------------


def send_due(*, now: datetime) -> int:
    """Send the links and replies that are due; how many mails went out.

    Each is taken before it is sent, and due again later in case this process dies meanwhile:
    twice is better than never.
    """
    sent = 0
    for key in list(_due(now).values_list("pk", flat=True)[:BATCH]):
        sent += _send(key, now)
    return sent


def _due(now: datetime) -> QuerySet[AnswerAddress]:
    return AnswerAddress.objects.filter(due_at__lte=now).order_by("due_at")


def _send(key: UUID, now: datetime) -> int:
    taken = _take(key, now)
    if taken is None:
        return 0
    kept, mails = taken
    for message, reply_ids in mails:
        try:
            message.send()
        except (SMTPException, OSError, ValueError) as error:
            log.warning("addresses.mail_failed", failure=type(error).__name__)
            return 0
        kept.case.replies.filter(pk__in=reply_ids).update(mailed_at=now)
    # Only where nothing became due meanwhile.
    AnswerAddress.objects.filter(pk=key, due_at=kept.due_at).update(due_at=None, attempts=0)
    return len(mails)


def _take(
    key: UUID, now: datetime
) -> tuple[AnswerAddress, list[tuple[EmailMessage, list[UUID]]]] | None:
    """What is to be sent to one address, with a new token in each link."""
    with transaction.atomic():
        kept = (
            AnswerAddress.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .select_related("case__cutoff")
            .filter(pk=key, due_at__lte=now)
            .first()
        )
        if kept is None:
            return None
        given_up = kept.attempts >= len(RETRIES)
        kept.due_at = None if given_up else now + RETRIES[kept.attempts]
        kept.attempts += 1
        with translation.override(_language(kept)):
            mails = [_answer(kept)] if kept.verified_at else [_link(kept, now)]
        kept.save()
    return kept, [mail for mail in mails if mail]


def _language(kept: AnswerAddress) -> str:
    """The language in which they were asked for, else that of the chat if it is one of ours."""
    locale = kept.language or kept.case.cutoff.locale
    return language_for(asked="", remembered="", locale=locale, accepted="")


def _link(kept: AnswerAddress, now: datetime) -> tuple[EmailMessage, list[UUID]]:
    token = secrets.token_urlsafe(32)
    kept.digest, kept.expires_at = _digest(token), now + LINK_LASTS
    page = settings.RECOURSE_PUBLIC_URL + reverse("answers", args=[token])
    hours = LINK_LASTS // timedelta(hours=1)
    body = render_to_string("reviews/answer_link_mail.txt", {"page": page, "hours": hours})
    return _mail(_("Is this your address?"), body, kept), []


def _answer(kept: AnswerAddress) -> tuple[EmailMessage, list[UUID]] | None:
    due = kept.case.replies.filter(published_at__isnull=False, mailed_at=None)
    replies = list(due.select_related("words").order_by("published_at", "pk"))
    if not replies:
        return None
    token = kept.case.cutoff.notice_token
    context = {
        "replies": [reply.paragraphs for reply in replies],
        "page": settings.RECOURSE_PUBLIC_URL + reverse("notice-status", args=[token]),
    }
    body = render_to_string("reviews/answer_mail.txt", context)
    return _mail(_("An answer to what you wrote"), body, kept), [reply.pk for reply in replies]


def _mail(subject: str, body: str, kept: AnswerAddress) -> EmailMessage:
    headers = {"Auto-Submitted": "auto-generated"}
    return EmailMessage(subject, body, to=[kept.address], headers=headers)
