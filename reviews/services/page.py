"""A case as its page lays it out: the summary, the transcript's turns, and what one may do now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from accounts.models import User
from conversations.services.evidence import read_messages, transcript_of
from conversations.transcripts import Message
from policies.conformance import Conformance
from policies.models import CutoffConformance
from policies.services.conformance import conformance_of
from reviews.hazards import Hazard
from reviews.models import Case, Exercise, Verdict
from reviews.permissions import can_decide
from reviews.services.care import hazard_in, hiding_of
from reviews.services.reading import OpenedCase, stored_evidence
from reviews.summaries import Piece, Row, Subject, remarks, summary, table
from reviews.transitions import CLAIMABLE
from reviews.turns import Reading, ending_turn, said_later
from reviews.vocabulary import CaseState


class Rail(StrEnum):
    """What stands beside the case: what its reader may do with it now."""

    DECIDE = "decide"
    HELD = "held"
    CLAIM = "claim"
    SENT = "sent"
    UNDO = "undo"
    NOTHING = "nothing"


@dataclass(frozen=True)
class CasePage:
    """One case, laid out for one viewer. ``hazard`` is said before all else."""

    opened: OpenedCase
    hazard: Hazard
    rail: Rail
    reading: Reading | None
    summary: list[Piece]
    remarks: list[Piece]
    conformance: list[Row]
    last_verdict: Verdict | Exercise | None

    @property
    def undo_until(self) -> datetime | None:
        """When the viewer's verdict begins to count, where it can be taken back; it may have.

        Reckoned alike whatever becomes of it: a settling case keeps the time, the others do not.
        """
        if self.rail != Rail.UNDO or self.last_verdict is None:
            return None
        return self.last_verdict.at + timedelta(seconds=settings.UNDO_SECONDS)


def page_of(
    opened: OpenedCase, *, user: User, revealed: frozenset[int], severity_shown: bool = False
) -> CasePage:
    """Lay out what was opened; *revealed* are the hidden turns that were asked for.

    *severity_shown*: so was the severity that the service reported.
    """
    reading = _reading(opened, revealed)
    last = _last_of_round(opened)
    folded = opened.folded and not severity_shown
    conformance = opened.conformance
    return CasePage(
        opened=opened,
        hazard=hazard_in(opened.case, hidden=bool(opened.hidden)),
        rail=_rail(opened, user, last),
        reading=reading,
        summary=_summary(opened, reading, folded=folded),
        remarks=remarks(conformance, opened.evidence, folded=folded) if conformance else [],
        conformance=rows_of(opened.case, conformance, folded=folded) if conformance else [],
        last_verdict=last,
    )


def rows_of(case: Case, conformance: Conformance, *, folded: bool) -> list[Row]:
    """The table of what was asked, reported and shown; *folded* keeps the severity back."""
    return table(conformance, folded=folded, expired=case.cutoff.signals_expired_at is not None)


def severity_row(case: Case) -> Row | None:
    """The reported severity's row, unfolded; None before there is a table."""
    stored = CutoffConformance.objects.filter(pk=case.pk).first()
    if stored is None:
        return None
    rows = rows_of(case, conformance_of(stored), folded=False)
    return next((row for row in rows if row.is_severity), None)


def _reading(opened: OpenedCase, revealed: frozenset[int]) -> Reading | None:
    if opened.messages is None:
        return None
    ended_at, basis = _ending(opened.case, opened.messages)
    return Reading(
        messages=opened.messages,
        evidence=opened.evidence,
        hidden=opened.hidden,
        revealed=revealed,
        warning=opened.warning,
        form=opened.form,
        ended_at=ended_at,
        ended_basis=basis,
    )


def _ending(case: Case, messages: list[Message]) -> tuple[int, str]:
    """Where the conversation ended; nowhere for a near miss."""
    return ending_turn(messages, case.cutoff.message_id) if case.is_cutoff else (0, "")


def reading_of(
    case: Case, user: User, revealed: Callable[[frozenset[int]], frozenset[int]]
) -> Reading | None:
    """The transcript of *case* alone, for a part of it; the caller has asked for permission.

    *revealed* says which of the hidden turns are shown. None where there is no transcript.
    """
    transcript = transcript_of(case.cutoff)
    if transcript is None:
        return None
    messages = read_messages(transcript)
    if case.later:
        messages = said_later(messages, case.later)
    evidence = stored_evidence(case)
    hiding = hiding_of(case, messages, evidence, user=user)
    ended_at, basis = _ending(case, messages)
    return Reading(
        messages=messages,
        evidence=evidence,
        hidden=hiding.turns,
        revealed=revealed(hiding.turns),
        warning=hiding.warning,
        form=hiding.form,
        ended_at=ended_at,
        ended_basis=basis,
    )


def _summary(opened: OpenedCase, reading: Reading | None, *, folded: bool) -> list[Piece]:
    if opened.conformance is None:
        return []
    case = opened.case
    subject = Subject(
        kind=case.kind,
        initiator=case.cutoff.initiator,
        category=case.category,
        policy_version=opened.policy_version or case.policy_version,
        ended_at_turn=reading.ended_at if reading else None,
    )
    return summary(subject, opened.conformance, opened.evidence, folded=folded)


def _last_of_round(opened: OpenedCase) -> Verdict | Exercise | None:
    """The latest verdict of the present round that the viewer may see."""
    given = [verdict for verdict in opened.verdicts if verdict.round == opened.case.round]
    return given[-1] if given else None


def _rail(opened: OpenedCase, user: User, last: Verdict | Exercise | None) -> Rail:
    case, claim = opened.case, opened.claim
    if claim and claim.reviewer_id == user.pk and case.state in CLAIMABLE:
        return Rail.DECIDE
    if case.state == CaseState.SETTLING and last and last.reviewer_id == user.pk:
        return Rail.UNDO
    if case.state in CLAIMABLE and not opened.undecided and can_decide(user):
        return Rail.SENT
    if claim and case.state in CLAIMABLE:
        return Rail.HELD
    claimable = case.state in (*CLAIMABLE, CaseState.UNSELECTED, CaseState.CLOSED)
    return Rail.CLAIM if claimable and can_decide(user, case) else Rail.NOTHING
