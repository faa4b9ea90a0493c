"""What reviewers answer users: written with a verdict or after it, read once the case settled."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from reviews.appeal_models import Reply, ReplyText
from reviews.models import Case, Verdict
from reviews.permissions import can_decide, visible_texts
from reviews.reply_texts import LONGEST_REPLY, Canned, fitting
from reviews.services import addresses, outcomes
from reviews.services.adjudication import standing_verdicts
from reviews.services.erased import check_fresh
from reviews.services.public_face import is_withheld
from reviews.visibility import Text
from reviews.vocabulary import CaseState, Judgement

#: More would be a conversation, for which this is not the place.
MOST_PER_CASE: Final = 20


def published(case: Case) -> list[list[str]]:
    """The replies on *case* that its user may read, oldest first, each in paragraphs."""
    found = case.replies.filter(published_at__isnull=False).select_related("words")
    return [reply.paragraphs for reply in found.order_by("published_at", "pk")]


def of(case: Case, user: User) -> list[Reply]:
    """The replies on *case* that *user* may know of; none before their own verdict is in.

    One that is not published is its author's alone.
    """
    if Text.VERDICTS not in visible_texts(user, case):
        return []
    found = case.replies.select_related("words", "author").order_by("written_at", "pk")
    return [reply for reply in found if reply.published_at or reply.author_id == user.pk]


def can_write(case: Case, user: User) -> bool:
    """Whether *user* may answer the user of *case* now: with their verdict in, or once settled."""
    if not case.is_cutoff or case.exercise or not can_decide(user):
        return False
    if case.state == CaseState.SETTLED:
        return Text.FEEDBACK in visible_texts(user, case)
    return _own(case, user) is not None


def offered(case: Case, user: User) -> list[Canned]:
    """The texts that go with the decision that a reply of *user* would be on."""
    if case.state != CaseState.SETTLED and (own := _own(case, user)):
        return fitting(decision=own.decision, remedy=own.remedy)
    settled = standing_verdicts(case)
    return fitting(decision=settled[-1].decision, remedy=settled[-1].remedy) if settled else []


def draft_of(case: Case, user: User) -> Reply | None:
    """The reply of *user* that is not published yet, which writing again changes."""
    found = case.replies.filter(author=user, published_at=None, verdict__withdrawal=None)
    return found.filter(verdict__round=case.round).select_related("words").first()


def write(*, case: Case, user: User, canned: str, words: str, now: datetime) -> Reply:
    """Keep a reply of *user* to the user of *case*; publish it where the case is settled.

    Raises ``PermissionDenied``, ``ValidationError`` where it is empty, too long, or of a text that
    does not go with the decision, or ``transitions.Forbidden`` where the words that it answers
    were erased since *user* took the case up.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        locked.exercise = case.exercise
        if not can_write(locked, user):
            raise PermissionDenied(_("You can answer once your verdict is in."))
        check(canned=canned, words=words, offered=offered(locked, user))
        if words.strip():
            check_fresh(locked, user)
        if locked.state == CaseState.SETTLED:
            if locked.replies.count() >= MOST_PER_CASE:
                raise ValidationError({"words": _("This case has as many replies as it can.")})
            reply = _keep(Reply(case=locked, author=user), canned, words, now)
            publish(case=locked, now=now)
        else:
            own = _own(locked, user)
            assert own is not None  # noqa: S101 - can_write has found it
            reply = write_with(verdict=own, canned=canned, words=words, now=now)
    return reply


def write_with(*, verdict: Verdict, canned: str, words: str, now: datetime) -> Reply:
    """Keep a reply with *verdict*, instead of one before. In the caller's transaction, checked."""
    before = Reply.objects.filter(verdict=verdict, published_at=None).first()
    fresh = Reply(case_id=verdict.case_id, verdict=verdict, author=verdict.reviewer)
    return _keep(before or fresh, canned, words, now)


def check(*, canned: str, words: str, offered: list[Canned]) -> None:
    """Raise ``ValidationError`` for a reply that is empty, too long, or does not fit."""
    if canned and canned not in offered:
        raise ValidationError({"canned": _("This text does not go with the decision.")})
    if not canned and not words.strip():
        raise ValidationError({"words": _("Choose a text, or write a sentence or two.")})
    if len(words) > LONGEST_REPLY:
        raise ValidationError(
            {"words": _("At most %(most)d characters.") % {"most": LONGEST_REPLY}}
        )


def fits(*, canned: str, decision: str, remedy: str) -> bool:
    """Whether a kept text goes with a decision."""
    return not canned or canned in fitting(decision=decision, remedy=remedy)


def publish(*, case: Case, now: datetime) -> bool:
    """Let the user read what was answered on a settled *case*; whether there was anything.

    Of replies with verdicts, the one by the decision that settled it; nothing where the user has
    said nothing, or while the world is told nothing of the case. In the caller's transaction,
    with the case locked.
    """
    if case.state != CaseState.SETTLED or is_withheld(case) or not case.feedback.exists():
        return False
    due = [*_of_the_decision(case), *case.replies.filter(published_at=None, verdict=None)]
    for reply in due:
        reply.published_at = max(now, reply.written_at)
        reply.save(update_fields=["published_at"])
        record(
            actor=Actor(user=reply.author),
            at=now,
            action="reply.published",
            obj="case",
            object_id=case.pk,
            details={"reply": str(reply.pk), "canned": reply.canned},
        )
    if due:
        _tell(case, due[0], now)
    return bool(due)


def _tell(case: Case, reply: Reply, now: datetime) -> None:
    unanswered = case.feedback.filter(answer=None)
    answered = list(unanswered.order_by("at", "pk"))
    unanswered.update(answer=reply)
    for given in answered:
        outcomes.answered(feedback=given, now=now)
    addresses.tell(case=case, now=now)


def _of_the_decision(case: Case) -> list[Reply]:
    """The reply that goes with what the case settled by: the last one's, or who agreed."""
    given = standing_verdicts(case)
    last = given[-1] if given else None
    for verdict in reversed(given):
        agrees = last and (verdict.decision, verdict.remedy) == (last.decision, last.remedy)
        reply = Reply.objects.filter(verdict=verdict).first() if agrees else None
        if reply:
            return [] if reply.published_at else [reply]
    return []


def _own(case: Case, user: User) -> Verdict | None:
    """The verdict of *user* on a cutoff that stands in this round."""
    own = [one for one in standing_verdicts(case) if one.reviewer_id == user.pk]
    return own[-1] if own and own[-1].decision in (Judgement.UPHOLD, Judgement.OVERTURN) else None


def _keep(reply: Reply, canned: str, words: str, now: datetime) -> Reply:
    reply.canned, reply.written_at = canned, now
    reply.save()
    ReplyText.objects.filter(reply=reply).delete()
    if words.strip():
        ReplyText.objects.create(reply=reply, text=words.strip())
    record(
        actor=Actor(user=reply.author),
        at=now,
        action="reply.written",
        obj="case",
        object_id=reply.case_id,
        details={"reply": str(reply.pk), "canned": canned},
    )
    return reply
