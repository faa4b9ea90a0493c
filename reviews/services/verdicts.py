"""Giving verdicts and taking them back while they are not settled."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from accounts.inserts import insert
from accounts.ledger import Actor, record
from accounts.models import User
from accounts.pipelines import without_waiting
from accounts.plans import kept_plans
from accounts.prepared import Prepared
from conversations.services import holds
from conversations.vocabulary import Remedy
from conversations.words import index_text
from reviews.models import (
    Case,
    Claim,
    Exercise,
    Verdict,
    VerdictText,
    Withdrawal,
)
from reviews.permissions import WAITS_FOR_ANOTHER, check_decide, is_fresh
from reviews.second_looks import Stakes, needs_second_look
from reviews.services import danger, drafting, exercises, replies
from reviews.services.adjudication import agreement_is_checked, differ, standing_verdicts
from reviews.services.claims import NotHeld
from reviews.services.erased import check_fresh
from reviews.services.reopening import check_last_word, may_reopen
from reviews.services.verdict_problems import problems
from reviews.transitions import Action, Forbidden, after_verdict, check
from reviews.vocabulary import (
    CaseState,
    Judgement,
    Queue,
    ReasonCode,
)


class NewVerdict(Struct, frozen=True, kw_only=True):
    """What a reviewer sends. ``severity`` is 0 to 4; ``evidence`` names turns or ranges.

    ``reply_canned`` and ``reply_words`` are what the user is answered, if they wrote.
    """

    decision: str
    policy_followed: str
    reason_codes: tuple[str, ...]
    rationale: str
    remedy: str = ""
    severity: int | None = None
    category: str = ""
    evidence: tuple[dict[str, Any], ...] = ()
    reply_canned: str = ""
    reply_words: str = ""


@kept_plans()
def decide(
    *,
    case: Case,
    user: User,
    verdict: NewVerdict,
    now: datetime,
    idempotency_key: str | None = None,
) -> Verdict | Exercise:
    """Give *verdict*: with it go the case's new state, the end of the claim and the ledger.

    To a gold case it is an answer, which changes nothing else.

    With a key that *user* sent before, the first verdict is returned and nothing changes.
    Raises :class:`NotHeld` without a live claim, ``ValidationError`` where something required
    is missing, ``transitions.Forbidden`` or ``PermissionDenied``.
    """
    if earlier := _earlier(case, user, idempotency_key):
        return earlier
    problems(case, verdict)
    with ExitStack() as sent, transaction.atomic():
        locked = _locked(case)
        # Before all checks: the first of two at once may have moved the case out of reach.
        if earlier := _earlier(locked, user, idempotency_key):
            return earlier
        held, dealt, decided = _found(locked, user)
        check_decide(user, locked, held=held)
        if not held:
            check_fresh(locked, user)
            raise NotHeld(_("You do not hold this case any more. Claim it again to decide."))
        if dealt and (gold := exercises.gold_of(locked, user)):
            reply = {"canned": verdict.reply_canned, "words": verdict.reply_words}
            drafting.keep_reply(case=locked, user=user, now=now, **reply)
            return exercises.answer(
                exercise=gold, verdict=verdict, now=now, idempotency_key=idempotency_key
            )
        check(locked.state, Action.DECIDE)
        check_last_word(locked, user, verdict.remedy)
        before = standing_verdicts(locked) if decided else []
        danger.answer_by_verdict(case=locked, user=user, now=now)
        # What is left is to be written; nobody waits for each of its answers.
        sent.enter_context(without_waiting())
        given = _write(locked, user, verdict, now, idempotency_key)
        _move_on(locked, user, [*before, given], now)
        record(
            actor=Actor(user=user),
            at=now,
            action="case.decided",
            obj="case",
            object_id=locked.pk,
            details={
                "verdict": str(given.pk),
                "decision": given.decision,
                "remedy": given.remedy,
                "reason_codes": given.reason_codes,
            },
        )
    return given


def _locked(case: Case) -> Case:
    locked = _LOCK.first(case=case.pk)
    assert locked  # noqa: S101 - no case is ever deleted
    locked.cutoff = case.cutoff
    return locked


_LOCK: Final = Prepared(
    lambda case: Case.objects.filter(pk=case).select_for_update(no_key=True), case=UUID
)

#: Of a case and whoever decides it: whether they hold it, whether it is gold to them that waits
#: for an answer, and whether a verdict of this round is in.
_FOUND: Final = """
SELECT
    EXISTS (
        SELECT FROM reviews_claim WHERE case_id = %(case)s AND reviewer_id = %(user)s
        AND ended_at IS NULL AND expires_at > statement_timestamp()
    ),
    EXISTS (
        SELECT FROM reviews_exercise WHERE case_id = %(case)s AND person_id = %(user)s
        AND kind = 'gold' AND answered_at IS NULL
    ),
    EXISTS (SELECT FROM reviews_verdict WHERE case_id = %(case)s AND round = %(round)s)
"""

#: With the case's new state, the claim ends, and what was drafted goes.
_MOVE_ON: Final = """
WITH drafted AS (
    DELETE FROM reviews_verdictdraft WHERE case_id = %(case)s AND reviewer_id = %(user)s
), moved AS (
    UPDATE reviews_case SET state = %(state)s, contested = %(contested)s, settle_at = %(settle_at)s
    WHERE cutoff_id = %(case)s
)
UPDATE reviews_claim SET ended_at = statement_timestamp()
WHERE case_id = %(case)s AND ended_at IS NULL
"""


def _found(case: Case, user: User) -> tuple[bool, bool, bool]:
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, {"case": case.pk, "user": user.pk, "round": case.round})
        found: tuple[bool, bool, bool] = cursor.fetchone()
    return found


def _earlier(case: Case, user: User, key: str | None) -> Verdict | Exercise | None:
    """The verdict that *user* sent under *key*. Raises ``Forbidden`` where it was on another case.

    Nothing but that it is the same key says that it is the same verdict.
    """
    if not key:
        return None
    given = Verdict.objects.filter(reviewer=user, idempotency_key=key)
    earlier = given.first() or exercises.earlier_answer(user, key)
    if earlier and earlier.case_id != case.pk:
        raise Forbidden(_("This Idempotency-Key was used for another case. Send a new one."))
    return earlier


def _write(
    case: Case, user: User, verdict: NewVerdict, now: datetime, idempotency_key: str | None
) -> Verdict:
    given = Verdict(
        case=case,
        round=case.round,
        reviewer=user,
        decision=verdict.decision,
        remedy=verdict.remedy,
        policy_followed=verdict.policy_followed,
        severity=verdict.severity,
        category=verdict.category,
        reason_codes=[str(ReasonCode(code)) for code in verdict.reason_codes],
        evidence=list(verdict.evidence),
        idempotency_key=idempotency_key,
        at=now,
    )
    insert(given)
    rationale = verdict.rationale.strip()
    insert(VerdictText(verdict=given, rationale=rationale, terms=index_text([rationale])))
    if verdict.reply_canned or verdict.reply_words.strip():
        replies.write_with(
            verdict=given, canned=verdict.reply_canned, words=verdict.reply_words, now=now
        )
    return given


def _move_on(case: Case, user: User, given: list[Verdict], now: datetime) -> None:
    """*given* are the verdicts that stand in this round, oldest first."""
    stakes = _stakes(case, given[-1].decision, now)
    case.state = after_verdict(
        case.state,
        [verdict.decision for verdict in given],
        double=case.cutoff.in_double or needs_second_look(given[-1].decision, stakes),
        for_a_senior=stakes.need_a_senior and _reopens_without_a_senior(case, given),
        checked=agreement_is_checked(case, given, now),
    )
    case.contested = case.state == CaseState.ADJUDICATION and differ(given)
    case.settle_at = (
        now + timedelta(seconds=settings.UNDO_SECONDS) if case.state == CaseState.SETTLING else None
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE_ON,
            {
                "case": case.pk,
                "user": user.pk,
                "state": case.state,
                "contested": case.contested,
                "settle_at": case.settle_at,
            },
        )


def _stakes(case: Case, decision: str, now: datetime) -> Stakes:
    """What hangs on the case where somebody overturns it; nothing is asked of any other."""
    if decision != Judgement.OVERTURN:
        return Stakes()
    return Stakes(
        restricted=case.queue == Queue.CHILD_SAFETY,
        crisis=case.crisis,
        breach=case.breach,
        escalated=case.escalations.exists(),
        held=holds.on(cutoff=case.cutoff, now=now).exists(),
    )


def _reopens_without_a_senior(case: Case, given: list[Verdict]) -> bool:
    """Whether the thread would be reopened by nobody who is qualified to."""
    return given[-1].remedy == Remedy.REOPEN and not any(
        verdict.remedy == Remedy.REOPEN and may_reopen(verdict.reviewer, case) for verdict in given
    )


def undo(*, case: Case, user: User, now: datetime) -> None:
    """Take back the last verdict, by whoever gave it; it is their draft again.

    One that settles until it has; one that waits for another's for the same time, while nobody
    holds the case for that. An answer to a gold case likewise. Raises ``transitions.Forbidden``
    otherwise, in words that tell nobody whether there is another's.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        if gold := exercises.answered_gold(locked, user, now):
            _check_still_fresh(gold.at, now)
            content = drafting.content_of(gold)
            exercises.take_back(exercise=gold, now=now)
        else:
            content = _take_back(locked, user, now)
        drafting.save_draft(case=locked, user=user, content=content, now=now)


def _take_back(case: Case, user: User, now: datetime) -> dict[str, list[str]]:
    """Withdraw the verdict; what was in it."""
    last = next(reversed(standing_verdicts(case)), None)
    if last is None or last.reviewer_id != user.pk:
        raise Forbidden(_("Only whoever gave the last verdict can take it back."))
    check(case.state, Action.UNDO)
    if case.state in WAITS_FOR_ANOTHER:
        _check_still_fresh(last.at, now)
        _check_nobody_began(case)
    Withdrawal.objects.create(verdict=last, at=now)
    danger.raise_again(case=case, verdict=last, now=now)
    remaining = standing_verdicts(case)
    case.state = _state_before(remaining)
    case.contested = case.state == CaseState.ADJUDICATION and differ(remaining)
    case.settle_at = None
    case.save(update_fields=["state", "contested", "settle_at"])
    record(
        actor=Actor(user=user),
        at=now,
        action="case.undone",
        obj="case",
        object_id=case.pk,
        details={"verdict": str(last.pk)},
    )
    return drafting.content_of(last)


def _check_still_fresh(given_at: datetime, now: datetime) -> None:
    if not is_fresh(given_at, now):
        raise Forbidden(_("It is too late to take this verdict back."))


def _check_nobody_began(case: Case) -> None:
    """*case* is locked: a claim is there already, or finds the case as it was before."""
    if Claim.objects.live().filter(case=case).exists():
        raise Forbidden(_("Somebody else has claimed this case; your verdict stands."))


def _state_before(remaining: list[Verdict]) -> CaseState:
    """Where a case stood when only *remaining* verdicts were in."""
    return (CaseState.OPEN, CaseState.SECOND_REVIEW, CaseState.ADJUDICATION)[len(remaining)]
