"""Looking after those who review: what is hidden from them, and what they are not dealt.

What somebody set is for nobody else's eyes: no function here tells one person of another's
settings, only that a case cannot go to them. Nothing is counted but severe cases in a shift, and
those from claims that are kept anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.prepared import Prepared
from conversations.evidence import Evidence
from conversations.transcripts import Message
from policies.conformance import RISK_ABOVE_CEILING
from reviews import hazards
from reviews.models import CareSettings, Case, CaseQuerySet, Claim, Exercise, Verdict
from reviews.shifts import BETWEEN_SEVERE, LONGEST, PAUSE, REST, Span, severe_cases, without_a_gap
from reviews.transitions import Forbidden


class SevereLimit(Forbidden):
    """A severe case may not go to this person now, and nobody can click that away."""


class Limit(StrEnum):
    """Why somebody may take no severe case now."""

    SHARE = "share"
    IN_A_ROW = "in_a_row"


@dataclass(frozen=True)
class SevereShare:
    """What of severe cases one person may still take: ``limit`` is None where they may.

    ``known`` are the severe cases of the shift: one of these may be taken up again.
    """

    limit: Limit | None = None
    known: frozenset[UUID] = frozenset()
    cap: int = 0

    @property
    def refusal(self) -> str:
        """Why a severe case that was asked for is not theirs now."""
        if self.limit == Limit.SHARE:
            return _(
                "This case is severe, and your limit for a shift is %(cap)d. It begins anew after"
                " a rest of %(hours)d hours. Nobody can lift it; a case that waits too long is"
                " shown to seniors."
            ) % {"cap": self.cap, "hours": REST // timedelta(hours=1)}
        return _(
            "This case is severe, and so was your last one. Decide another case, or take"
            " %(minutes)d minutes, in between."
        ) % {"minutes": BETWEEN_SEVERE // timedelta(minutes=1)}

    @property
    def passed_over(self) -> str:
        """What is said where only severe cases wait."""
        if self.limit == Limit.SHARE:
            return _("What waits is severe, and you have carried your share of it in this shift.")
        return _(
            "What waits is severe, and so was your last case. It comes to you after a quarter of"
            " an hour, or goes to somebody else."
        )


def care_of(user: User) -> CareSettings:
    """What *user* has set; the defaults, unsaved, where that is nothing. One query, once."""
    kept: CareSettings | None = user._state.fields_cache.get("care")
    if kept is None:
        kept = _CARE.first(user=user.pk) or CareSettings()
        kept.user = user
    return kept


_CARE: Final = Prepared(lambda user: CareSettings.objects.filter(user=user), user=int)


def hiding_of(
    case: Case, messages: list[Message], evidence: Evidence | None, *, user: User
) -> hazards.Hiding:
    """What of the transcript of *case* is hidden from *user* until asked for, on every surface."""
    return hazards.hide(
        messages,
        category=case.category,
        severity=case.cutoff.severity,
        evidence=evidence,
        wishes=care_of(user).wishes,
    )


def hazard_in(case: Case, *, hidden: bool = False) -> hazards.Hazard:
    """What is said of *case* before it is read; *hidden*: some of its turns are."""
    in_danger = case.crisis or RISK_ABOVE_CEILING in case.flags
    return hazards.hazard_of(category=case.category, in_danger=in_danger, hidden=hidden)


def excerpts_hidden(cases: Iterable[Case], *, user: User) -> dict[UUID, hazards.Hiding | None]:
    """How an excerpt of each of *cases* is hidden from *user*; None where it is shown.

    For lists, where nobody reads whole transcripts: search, similar cases, the feedback inbox.
    One query, and one more for all cutoffs that were not read with their cases.
    """
    listed = list(cases)
    prefetch_related_objects(listed, "cutoff")
    wishes = care_of(user).wishes
    return {
        case.pk: hazards.hide_excerpt(
            category=case.category,
            severity=case.cutoff.severity,
            cue=case.crisis,
            wishes=wishes,
        )
        for case in listed
    }


# --- What is dealt ------------------------------------------------------------------------------


def spared(cases: CaseQuerySet, user: User, now: datetime) -> CaseQuerySet:
    """Those of *cases* that *user* may be dealt at *now*, as far as their own wellbeing goes.

    Without the categories they opted out of, languages they do not read, and severe ones where
    they have had their share.
    """
    return spared_of(cases, user, severe=not severe_share(user, now).limit)


def spared_of(cases: CaseQuerySet, user: User, *, severe: bool) -> CaseQuerySet:
    """As :func:`spared`, by what *user* set; with *severe* ones or without."""
    if opted_out := opted_out_by(user):
        cases = cases.exclude(category__in=opted_out)
    if languages := languages_of(user):
        cases = cases.filter(language__in=languages)
    return cases if severe else cases.exclude(severe=True)


def opted_out_by(user: User) -> list[str]:
    """The categories of which *user* is dealt no case."""
    return care_of(user).opted_out


def languages_of(user: User) -> list[str]:
    """The languages of the cases that *user* may be dealt; empty for every language."""
    chosen = care_of(user).languages
    # A language that nobody knows yet may be theirs.
    return [*chosen, ""] if chosen else []


def check_severe(case: Case, user: User, now: datetime) -> None:
    """Raise :class:`SevereLimit` where *case* is severe and *user* has had their share.

    One that they took up in this shift already they may take up again: a lease that ran out
    must not cost a draft. Nobody is excepted, and nobody may except themselves.
    """
    if not case.severe:
        return
    # One at a time for each person, as with claim-next: two at once must not both be the last.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    share = severe_share(user, now)
    if share.limit and case.pk not in share.known:
        raise SevereLimit(share.refusal)


def severe_share(user: User, now: datetime, *, had_any: bool = True) -> SevereShare:
    """What of severe cases *user* may still take at *now*.

    At most two queries for somebody who has had none in a day; with *had_any* False, where that
    is known of them, one.
    """
    recent = _spans(_SEVERE.all(user=user.pk, since=now - LONGEST), now) if had_any else []
    cap = cap_of(care_of(user))
    if not recent and cap:
        return SevereShare()
    known = frozenset(span.case for span in recent)
    if severe_cases(recent) >= cap and _severe_in_shift(user, now) >= cap:
        return SevereShare(Limit.SHARE, known, cap)
    if recent and _directly_after(user, recent[-1], now):
        return SevereShare(Limit.IN_A_ROW, known, cap)
    return SevereShare(known=known, cap=cap)


def passed_over(user: User, now: datetime, *, queue: str = "") -> str:
    """What waits and *user* was not dealt for their own good, in words; else empty.

    *queue* is the slug of one queue.
    """
    share = severe_share(user, now)
    if share.limit is None:
        return ""
    severe = Case.objects.listed_for(user).waiting().filter(severe=True)
    if queue:
        severe = severe.filter(queue=queue)
    return share.passed_over if severe.decidable_by(user).unclaimed().exists() else ""


def cap_of(wanted: CareSettings) -> int:
    """The most severe cases in a shift: what the installation says, or less as one wished."""
    usual: int = settings.SEVERE_PER_SHIFT
    own = wanted.severe_per_shift
    return usual if own is None else min(usual, own)


def _directly_after(user: User, last: Span, now: datetime) -> bool:
    """Whether nothing lies between the severe case *last* and *now*: no time, no other case that
    was decided. One that was only taken, and given back or skipped, is no relief.
    """
    if now - last.ended >= BETWEEN_SEVERE:
        return False
    verdict = Verdict.objects.filter(case=OuterRef("case"), reviewer=user, withdrawal=None)
    # Gold looks like any other case, and counts like one.
    gold = Exercise.objects.filter(
        case=OuterRef("case"), person=user, answered_at__gt=OuterRef("claimed_at")
    )
    later = Claim.objects.filter(reviewer=user, claimed_at__gt=last.began).exclude(case=last.case)
    return not later.filter(Exists(verdict) | Exists(gold)).exists()


def _severe_in_shift(user: User, now: datetime) -> int:
    return severe_cases(
        without_a_gap(_spans(_claims(user.pk, now - LONGEST), now), now=now, gap=REST)
    )


def _claims(user: int, since: datetime) -> QuerySet[Claim]:
    return Claim.objects.filter(reviewer=user, claimed_at__gt=since).order_by("claimed_at")


_SEVERE: Final = Prepared(
    lambda user, since: _claims(user, since).filter(severe=True), user=int, since=datetime
)


def _spans(claims: Iterable[Claim], now: datetime) -> list[Span]:
    """*claims* as the rules of shifts know them, oldest first. A live one ends now."""
    return [
        Span(
            claim.case_id,
            claim.claimed_at,
            min(claim.ended_at or claim.expires_at, max(now, claim.claimed_at)),
            claim.severe,
        )
        for claim in claims
    ]


# --- Pauses -------------------------------------------------------------------------------------


class Pause(StrEnum):
    """Why a pause is suggested."""

    LONG = "long"
    SEVERE = "severe"


def suggested_pause(user: User, now: datetime) -> Pause | None:
    """Whether a pause would do *user* good at *now*; None in the middle of a severe case.

    From the claims that are kept anyway: nothing is noted of who was told, who paused, and who
    did not.
    """
    worked = without_a_gap(_spans(_claims(user.pk, now - LONGEST), now), now=now, gap=PAUSE)
    if not worked:
        return None
    last = max(worked, key=lambda span: span.began)
    if last.severe:
        return Pause.SEVERE if last.ended < now else None
    minutes = care_of(user).pause_after_minutes or settings.PAUSE_AFTER_MINUTES
    return Pause.LONG if now - worked[0].began >= timedelta(minutes=minutes) else None


# --- Settings -----------------------------------------------------------------------------------


@transaction.atomic
def change_care(*, user: User, wanted: CareSettings) -> None:
    """Keep what *user* set of themselves. The ledger notes that it was changed, not to what.

    Raises ``ValidationError`` where it is laxer than the house allows.
    """
    wanted.user = user
    wanted.full_clean(exclude=["user"])
    wanted.save()
    record(actor=Actor(user=user), action="care.changed", obj="user", object_id=user.pk)
