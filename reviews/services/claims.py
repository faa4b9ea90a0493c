"""Claims: one reviewer's lease on a case.

The unique index on live claims decides every race; the clock is the database's, so that no
web server with a wrong one can hold a case too long.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.plans import kept_plans
from accounts.prepared import Prepared
from reviews.models import Case, Claim, Exercise, Skip
from reviews.permissions import check_decide
from reviews.phrases import STATES, within
from reviews.services import exercises, gold
from reviews.services.care import check_severe
from reviews.services.dealing import next_for
from reviews.services.glance import glance
from reviews.services.selection import select
from reviews.transitions import CLAIMABLE, Forbidden
from reviews.vocabulary import CaseState, Reason

_ANOTHERS = gettext_noop("You have taken part in this case; the next verdict is another's.")


class HeldByAnother(Exception):
    """Somebody else holds the case."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(gettext("%(name)s holds this case.") % {"name": claim.reviewer.name})
        self.claim = claim


class NotHeld(Exception):
    """A verdict needs a live claim."""


def live_claim(case: Case) -> Claim | None:
    """The claim that holds *case* now."""
    return Claim.objects.live().filter(case=case).select_related("reviewer").first()


def held_by(user: User) -> Claim | None:
    """The claim that *user* holds now; the latest where there are several."""
    held = _HELD.first(reviewer=user.pk)
    if held:
        held.reviewer = user
    return held


_HELD: Final = Prepared(
    lambda reviewer: Claim.objects.live().filter(reviewer=reviewer).order_by("-claimed_at")[:1],
    reviewer=int,
)


@kept_plans()
def claim_next(*, user: User, queue: str = "") -> Claim | None:
    """The next case for *user*: the one they hold already, else the first that waits.

    None where nothing waits that they may decide. Raises ``PermissionDenied`` for somebody who
    gives no verdicts. *queue* is a slug; without one it is every queue that they work in.
    """
    check_decide(user)
    while True:
        # A case whose claim was committed between our snapshot and our lock looks free and is
        # not; the next look sees it.
        with suppress(HeldByAnother):
            return _held_or_next(user, queue)


def lock_person(user: User) -> None:
    """Let *user* do one thing at a time. Before any case is locked: nobody waits in a ring."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM accounts_user WHERE id = %s FOR NO KEY UPDATE", [user.pk])


@transaction.atomic
def _held_or_next(user: User, queue: str) -> Claim | None:
    # One at a time for each person: a double click must not take two cases.
    lock_person(user)
    now = timezone.now()
    there_is = glance(user, now)
    if there_is.claim and (held := held_by(user)):
        return held
    case = next_for(user, now, queue, there_is)
    if case is None:
        return None
    given = gold.deal(instead_of=case, user=user, now=now) if there_is.gold else None
    return _take(given.case, user, exercise=given) if given else _take(case, user)


@kept_plans()
def claim(*, case: Case, user: User, at: datetime | None = None) -> Claim:
    """Claim this very case; whoever holds it already gets the same claim again.

    A case that nobody selected becomes selected. *at* is the ledger's time where it is not
    now; the lease itself is by the database's clock. Raises :class:`HeldByAnother`,
    ``transitions.Forbidden`` where there is nothing to decide or where it is severe and *user*
    has had their share, or ``PermissionDenied``.
    """
    check_decide(user, case)
    with transaction.atomic():
        if case.severe:
            lock_person(user)  # check_severe would, but with the case locked
        locked = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        held = live_claim(locked)
        if held and held.reviewer_id == user.pk:
            return held
        if held:
            raise HeldByAnother(held)
        if given := exercises.gold_of(locked, user):
            return _take(locked, user, exercise=given)
        if locked.state in (CaseState.UNSELECTED, CaseState.CLOSED):
            select(case=locked, reason=Reason.CHOSEN)
        if exercises.answered_gold(locked, user, timezone.now()):
            raise Forbidden(gettext(_ANOTHERS))
        if locked.state not in CLAIMABLE:
            raise Forbidden(
                gettext("There is nothing to decide: this case is %(state)s.")
                % {"state": within(STATES, locked.state)}
            )
        if not Case.objects.filter(pk=case.pk).decidable_by(user).exists():
            raise Forbidden(gettext(_ANOTHERS))
        check_severe(locked, user, timezone.now())
        # Whoever takes by hand what they skipped has thought better of it.
        Skip.objects.filter(case=locked, reviewer=user).delete()
        return _take(locked, user, at)


_END_WHAT_RAN_OUT: Final = """
UPDATE reviews_claim SET ended_at = statement_timestamp()
WHERE case_id = %s AND ended_at IS NULL AND expires_at <= statement_timestamp()
"""

#: Waits for another's that is not committed yet; no row where that one stands.
_BEGIN: Final = """
INSERT INTO reviews_claim (case_id, reviewer_id, claimed_at, expires_at, severe)
VALUES (%s, %s, statement_timestamp(), statement_timestamp() + make_interval(secs => %s), %s)
ON CONFLICT (case_id) WHERE ended_at IS NULL DO NOTHING
RETURNING id, claimed_at, expires_at
"""


def _take(
    case: Case, user: User, at: datetime | None = None, exercise: Exercise | None = None
) -> Claim:
    """Begin a claim in the present transaction, ending one that ran out."""
    begun = _begin(case, user)
    if begun is None:
        with connection.cursor() as cursor:
            cursor.execute(_END_WHAT_RAN_OUT, [case.pk])
        begun = _begin(case, user)
    if begun is None:
        held = live_claim(case)
        if held is None:
            raise IntegrityError("The claim that stood in the way ran out this very moment.")
        raise HeldByAnother(held)
    key, claimed_at, expires_at = begun
    taken = Claim(
        pk=key,
        case=case,
        reviewer=user,
        claimed_at=claimed_at,
        expires_at=expires_at,
        severe=case.severe,
    )
    taken._state.adding = False
    if exercise:
        exercises.note(exercise, "exercise.claimed", at)
    else:
        record(actor=Actor(user=user), action="case.claimed", obj="case", object_id=case.pk, at=at)
    return taken


def _begin(case: Case, user: User) -> tuple[int, datetime, datetime] | None:
    """The key and the times of a new claim; None where one that has not ended stands."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [case.pk, user.pk, settings.CLAIM_LEASE_SECONDS, case.severe])
        begun: tuple[int, datetime, datetime] | None = cursor.fetchone()
    return begun


def _expiry() -> Any:
    return Now() + timedelta(seconds=settings.CLAIM_LEASE_SECONDS)


@kept_plans()
def heartbeat(*, case: Case, user: User) -> Claim | None:
    """Renew the lease; None where *user* does not hold the case any more."""
    renewed = Claim.objects.live().filter(case=case, reviewer=user).update(expires_at=_expiry())
    return live_claim(case) if renewed else None


@kept_plans()
def release(*, case: Case, user: User) -> bool:
    """Give the case back; whether there was a live claim to end."""
    with transaction.atomic():
        ended = Claim.objects.live().filter(case=case, reviewer=user).update(ended_at=Now())
        if ended and (given := exercises.gold_of(case, user)):
            exercises.note(given, "exercise.released")
        elif ended:
            record(actor=Actor(user=user), action="case.released", obj="case", object_id=case.pk)
    return bool(ended)
