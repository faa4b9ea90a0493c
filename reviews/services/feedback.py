"""What users say of a cutoff: one road for the form, the API and the relayed event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from conversations.models import Cutoff
from conversations.retention import APPEAL_WINDOW_DAYS
from conversations.services import standing
from policies.services.due_hours import due_hours
from reviews.cues import Heard, heard_in
from reviews.models import Case, Claim, Feedback, FeedbackText
from reviews.priorities import due_in
from reviews.services import danger
from reviews.services.selection import select
from reviews.transitions import Action, check
from reviews.vocabulary import PLAIN_REASONS, CaseState, Channel, Reason

LONGEST_COMMENT: Final = 5_000
#: One link takes this much feedback; a person who has more to say has been heard.
MOST_PER_CUTOFF: Final = 20
#: Words that sound like a crisis are heard however much was said before; not without an end.
MOST_IN_A_CRISIS: Final = 100

#: For how long one can appeal: at least six months from when one can know of the decision
#: (Regulation (EU) 2022/2065, the Digital Services Act, Article 20(1) and (2)).
APPEAL_WINDOW: Final = timedelta(days=APPEAL_WINDOW_DAYS)


class _Said(NamedTuple):
    """What is compared to know a repetition."""

    surprised: bool
    reason: str
    comment: str
    appeal: bool


def appeal_until(cutoff: Cutoff) -> datetime:
    """Until when one can appeal: from the end, or from when its notice was there."""
    return max(cutoff.at, cutoff.received_at) + APPEAL_WINDOW


def may_appeal(cutoff: Cutoff, now: datetime) -> bool:
    """Whether an appeal is in time."""
    return now <= appeal_until(cutoff)


def changeable(*, case: Case, channel: Channel) -> Feedback | None:
    """The last feedback of *channel* while nobody has looked at it; None once somebody has.

    Looked at: claimed after it, read in the inbox, or settled.
    """
    last = case.feedback.filter(channel=channel).select_related("words").first()
    if last is None or last.read_at or last.closed_at:
        return None
    claimed = Claim.objects.filter(case=case, claimed_at__gt=last.at)
    return None if claimed.exists() else last


def comment_of(feedback: Feedback) -> str:
    """The user's own words; empty where there are none, or none any more."""
    words: FeedbackText | None = getattr(feedback, "words", None)
    return words.comment if words else ""


def submit(
    *,
    cutoff: Cutoff,
    surprised: bool,
    reason: str,
    comment: str,
    appeal: bool,
    channel: Channel,
    now: datetime,
    told: bool = False,
) -> Feedback:
    """Keep feedback on *cutoff*; a surprise selects its case, an appeal unsettles it.

    The same said again is kept once. From the notice it changes what was said before, until
    somebody has looked at that. While an appeal is open, another is kept as plain feedback.
    Raises ``ValidationError`` for an unknown reason, too long a comment, an appeal that is too
    late, or too much. Words that sound like a crisis are kept and heard though the appeal is late;
    *told* says that people were called of them before there was a case.
    """
    _check(reason=reason, comment=comment)
    words = comment.strip()
    heard = heard_in(words, locale=cutoff.locale)
    late = appeal and not may_appeal(cutoff, now)
    if late and heard != Heard.CUE:
        raise ValidationError({"appeal": _too_late(cutoff)})
    said = _Said(surprised, reason, words, appeal and not late)
    given = _keep(cutoff, said, heard, channel, now, told=told)
    if late:
        raise ValidationError({"appeal": _too_late(cutoff)})
    return given


def close(*, case: Case, now: datetime) -> None:
    """An appeal on *case* has been decided. In the caller's transaction, which settles it."""
    case.feedback.filter(closed_at=None).update(closed_at=now)


@transaction.atomic
def _keep(
    cutoff: Cutoff, said: _Said, heard: Heard, channel: Channel, now: datetime, *, told: bool
) -> Feedback:
    case = Case.objects.select_for_update(no_key=True).get(pk=cutoff.pk)
    earlier = changeable(case=case, channel=channel)
    said = said._replace(appeal=said.appeal and not case.feedback.open_appeals().exists())
    # Once made, an appeal is not taken back by a change.
    changed = said._replace(appeal=said.appeal or (earlier is not None and earlier.appeal))
    if earlier and changed == _said(earlier):
        return earlier
    if earlier and channel == Channel.NOTICE:
        given = _change(earlier, changed, heard, cutoff, now)
    else:
        given = _add(case, said, heard, channel, now)
    _set_in_motion(case, cutoff, given, now)
    if heard == Heard.CUE:
        danger.cued(case=case, now=now, told=told)
    return given


def _too_late(cutoff: Cutoff) -> str:
    return _(
        "The time to ask for another look was over on %(day)s. We are sorry. You can still tell"
        " us what was wrong."
    ) % {"day": f"{appeal_until(cutoff):%Y-%m-%d}"}


def _check(*, reason: str, comment: str) -> None:
    if reason and reason not in PLAIN_REASONS:
        raise ValidationError({"reason": _("Please choose one of the reasons.")})
    if len(comment) > LONGEST_COMMENT:
        most = number_format(LONGEST_COMMENT, force_grouping=True)
        words = _("At most %(most)s characters, please.") % {"most": most}
        raise ValidationError({"comment": words})


def _said(feedback: Feedback) -> _Said:
    return _Said(feedback.surprised, feedback.reason, comment_of(feedback), feedback.appeal)


def _add(case: Case, said: _Said, heard: Heard, channel: Channel, now: datetime) -> Feedback:
    most = MOST_IN_A_CRISIS if heard == Heard.CUE else MOST_PER_CUTOFF
    if case.feedback.count() >= most:
        raise ValidationError(_("We have received your messages about this and will read them."))
    given = Feedback.objects.create(
        case=case,
        surprised=said.surprised,
        reason=said.reason,
        appeal=said.appeal,
        channel=channel,
        heard=heard,
        at=now,
    )
    if said.comment:
        FeedbackText.objects.create(feedback=given, comment=said.comment)
    _record(given, "feedback.received", now)
    return given


def _change(given: Feedback, said: _Said, heard: Heard, cutoff: Cutoff, now: datetime) -> Feedback:
    if given.surprised != said.surprised:
        standing.take_answer_back(cutoff=cutoff, at=given.at)
    given.surprised, given.reason, given.appeal = said.surprised, said.reason, said.appeal
    given.heard, given.changed_at = heard, max(now, given.at)
    given.save(update_fields=["surprised", "reason", "appeal", "heard", "changed_at"])
    FeedbackText.objects.filter(feedback=given).delete()
    if said.comment:
        FeedbackText.objects.create(feedback=given, comment=said.comment)
    _record(given, "feedback.changed", now)
    return given


def _record(given: Feedback, action: str, now: datetime) -> None:
    record(
        actor=Actor(agent=f"user:{given.channel}"),
        at=now,
        action=action,
        obj="case",
        object_id=given.case_id,
        details={
            "surprised": given.surprised,
            "appeal": given.appeal,
            "reason": given.reason,
        },
    )


def _set_in_motion(case: Case, cutoff: Cutoff, given: Feedback, now: datetime) -> None:
    """What follows from feedback that is new or was changed."""
    if given.surprised:
        standing.note_surprise(cutoff=cutoff, now=given.at)
        _note_surprise(case, now)
    else:
        standing.note_no_surprise(cutoff=cutoff, now=given.at)
    if given.appeal:
        _appeal(case, now)


def _note_surprise(case: Case, now: datetime) -> None:
    if not case.surprised:
        case.surprised = True
        case.save(update_fields=["surprised"])
    if case.state != CaseState.SETTLED:
        select(case=case, reason=Reason.FEEDBACK, now=now)


def _appeal(case: Case, now: datetime) -> None:
    """Another look: a decided case opens for a new round, which is due by its own time."""
    if case.state in (CaseState.SETTLED, CaseState.SETTLING):
        check(case.state, Action.APPEAL)
        case.state, case.settle_at, case.round = CaseState.OPEN, None, case.round + 1
        case.due_at = now + due_in(Reason.APPEAL, due_hours())
        case.save(update_fields=["state", "settle_at", "round", "due_at"])
    select(case=case, reason=Reason.APPEAL, now=now)
