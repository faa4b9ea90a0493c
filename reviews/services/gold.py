"""Gold cases: settled ones whose right answer is known, mixed unseen into what people are dealt.

One is dealt in the place of a case that waits, never beside an empty queue and never before a
breach. To its reviewer it looks like any other (services/seen.py); to everybody else it stays
what it is, settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, User
from conversations.keys import mint
from conversations.sampling import uniform
from conversations.services.evidence import transcript_of
from reviews.models import Case, CaseQueue, Claim, Exercise, GoldCase, Skip
from reviews.permissions import can_manage_quality, check_manage_quality
from reviews.services.dealing import suited_to
from reviews.services.quality_shares import shares
from reviews.vocabulary import (
    CODES_OF,
    CUTOFF_JUDGEMENTS,
    NEAR_MISS_JUDGEMENTS,
    CaseState,
    ExerciseKind,
    Queue,
)

LONGEST_EXPLANATION = 5_000
#: How many gold cases are looked at for one that suits; the latest first, since an old one shows.
_LOOKED_AT = 20


@transaction.atomic
def make(
    *,
    case: Case,
    decisions: Sequence[str],
    reason_codes: Sequence[str],
    explanation: str,
    by: User,
    now: datetime,
) -> GoldCase:
    """Let a settled case be a gold case; *decisions* and *reason_codes* are those accepted.

    Raises ``PermissionDenied``, or ``ValidationError`` with one message a field.
    """
    check_manage_quality(by)
    locked = Case.objects.select_for_update(no_key=True).select_related("cutoff").get(pk=case.pk)
    _check_case(locked)
    _check_answer(locked, decisions, reason_codes, explanation)
    try:
        with transaction.atomic():
            gold = GoldCase.objects.create(
                case=locked,
                decisions=sorted(set(decisions)),
                reason_codes=sorted(set(reason_codes)),
                explanation=explanation.strip(),
                made_by=by,
                made_at=now,
            )
    except IntegrityError:
        raise ValidationError({"case": _("This case is or was a gold case already.")}) from None
    _record("gold.made", gold, by, now, decisions=gold.decisions)
    return gold


def _check_case(case: Case) -> None:
    """What is urgent, restricted or a test would be known for what it is, or hurt."""
    if case.state != CaseState.SETTLED:
        raise ValidationError({"case": _("Only a settled case can be a gold case.")})
    restricted = CaseQueue.objects.exclude(area="").filter(slug=case.queue).exists()
    if restricted or case.queue == Queue.CRISIS or case.breach or case.crisis:
        raise ValidationError(
            {"case": _("Breaches, crises and restricted cases cannot be gold cases.")}
        )
    if case.cutoff.trial or transcript_of(case.cutoff) is None:
        raise ValidationError({"case": _("A gold case needs a transcript, and is no test.")})


def _check_answer(
    case: Case, decisions: Sequence[str], codes: Sequence[str], explanation: str
) -> None:
    found: dict[str, str] = {}
    possible = CUTOFF_JUDGEMENTS if case.is_cutoff else NEAR_MISS_JUDGEMENTS
    if not decisions or not set(decisions) <= set(possible):
        found["decisions"] = _("Say which decisions are right.")
    known = {code for one in possible if one in decisions for code in CODES_OF[one]}
    if not codes or not set(codes) <= known:
        found["reason_codes"] = _("Name reasons that go with these decisions.")
    if not explanation.strip():
        found["explanation"] = _("Say why, for those who decide otherwise.")
    elif len(explanation) > LONGEST_EXPLANATION:
        found["explanation"] = _("At most %(number)s characters.") % {
            "number": f"{LONGEST_EXPLANATION:,}"
        }
    if found:
        raise ValidationError(found)


@transaction.atomic
def retire(*, gold: GoldCase, by: User, now: datetime) -> bool:
    """Deal it no more; whether it was still dealt. Answers that are in stay."""
    check_manage_quality(by)
    live = GoldCase.objects.filter(pk=gold.pk, retired_at=None)
    retired = bool(live.update(retired_at=now, retired_by=by))
    if retired:
        _record("gold.retired", gold, by, now)
    return retired


def _record(action: str, gold: GoldCase, by: User, now: datetime, **details: object) -> None:
    record(
        actor=Actor(user=by), at=now, action=action, obj="gold", object_id=gold.pk, details=details
    )


def deal(*, instead_of: Case, user: User, now: datetime) -> Exercise | None:
    """The gold case for *user* in the place of a case that would be dealt; nearly always none.

    In the transaction of the claim, with the user's row locked. Whether one is dealt is a hash
    of the case, the user and how many they were dealt: asking again changes nothing.
    """
    if instead_of.breach or instead_of.crisis or can_manage_quality(user):
        return None
    given = Exercise.objects.gold().filter(person=user)
    if again := _not_answered(given, instead_of, user):
        return again
    purpose = f"gold:{user.pk}:{given.count()}:"
    number = uniform(instead_of.pk, purpose=purpose, salt=settings.RECOURSE_AUDIT_SALT)
    if number >= shares().gold:
        return None
    case = _suitable(instead_of, user, now)
    if case is None:
        return None
    later = _later(case, instead_of, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('reviews_case_number')")
        (number,) = cursor.fetchone()
    return Exercise.objects.create(
        kind=ExerciseKind.GOLD,
        case=case,
        person=user,
        dealt_at=now,
        due_at=case.due_at + later,
        alias=mint(case.at + later),
        number=number,
        days_later=later.days,
    )


def _later(case: Case, instead_of: Case, now: datetime) -> timedelta:
    """How much later its times are to be shown, so that it stands just before *instead_of*.

    Whole days: what was said in the morning was said in the morning. Never later than *now*.
    """
    most = min(instead_of.due_at - case.due_at, now - max(case.opened_at, case.at))
    return timedelta(days=max(0, most.days))


def _not_answered(given: QuerySet[Exercise], instead_of: Case, user: User) -> Exercise | None:
    """One whose lease ran out: it waits like any case that was given back."""
    waiting = given.filter(
        answered_at=None,
        case__queue=instead_of.queue,
        case__state=CaseState.SETTLED,
    )
    skipped = Skip.objects.filter(reviewer=user).values("case")
    return (
        waiting.exclude(case__in=skipped)
        .exclude(Exists(Claim.objects.live().filter(case=OuterRef("case"))))
        .select_related("case")
        .first()
    )


def _suitable(instead_of: Case, user: User, now: datetime) -> Case | None:
    """A gold case of the same queue that may be dealt to *user*, whose words they never opened."""
    live = Case.objects.filter(
        gold__retired_at=None,
        gold__isnull=False,
        state=CaseState.SETTLED,
        queue=instead_of.queue,
        breach=False,
        crisis=False,
        cutoff__signals_expired_at=None,  # its page would say since when
    )
    suited = suited_to(live, user, now).select_related("cutoff").order_by("-at")
    found = list(suited.select_for_update(skip_locked=True, of=("self",), no_key=True)[:_LOOKED_AT])
    opened = _opened([case.pk for case in found], user)
    return next(
        (case for case in found if str(case.pk) not in opened and transcript_of(case.cutoff)), None
    )


def _opened(cases: Sequence[UUID], user: User) -> set[str]:
    """Those whose transcript *user* has opened: they would know them again."""
    lines = LedgerEntry.objects.filter(
        object_type="case",
        object_id__in=[str(key) for key in cases],
        actor=user,
        action__startswith="transcript.",
    )
    return set(lines.values_list("object_id", flat=True))
