"""Statements of reasons: one for its user, and those of a period for administrators.

Nothing is written when a conversation is ended: a statement is computed whenever it is asked for,
from what does not change, and is amended by what the cutoff was settled with.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.ledger import Actor, record
from accounts.models import User
from conversations import keys
from conversations.models import Cutoff
from conversations.vocabulary import Initiator, Kind
from policies.models import CutoffConformance
from reviews.models import Restriction
from reviews.notices import MINOR, reason_for
from reviews.services.notices import kinds_met_as, stored_conformance
from reviews.services.public_face import Face
from reviews.statements import Ended, Statement, statement

#: Cutoffs that are read at a time: a period may hold millions.
CHUNK: Final = 500


def statement_for_user(*, cutoff: Cutoff, shown: Face) -> Statement | None:
    """What its user may read, in the active language; None where there is nothing to show."""
    stored = stored_conformance([cutoff.pk]).get(cutoff.pk)
    return statement(_ended(cutoff, stored)) if shown.statement_shown else None


def statements_between(*, since: datetime, until: datetime) -> Iterator[Statement]:
    """The statements of cutoffs from *since* to before *until*, in order of time.

    Those that are restricted are not among them, nor test events. Read by key, a chunk at a time,
    so that neither side holds more than a chunk. What is settled meanwhile may show.
    """
    after = keys.lowest(since)
    while chunk := _chunk(after, until):
        stored = stored_conformance(cutoff.pk for cutoff in chunk)
        for cutoff in chunk:
            if found := statement(_ended(cutoff, stored.get(cutoff.pk))):
                yield found
        after = UUID(int=chunk[-1].pk.int + 1)


def _chunk(start: UUID, until: datetime) -> list[Cutoff]:
    restricted = Restriction.objects.filter(case=OuterRef("pk"), lifted_at=None)
    return list(
        Cutoff.objects.filter(pk__gte=start, pk__lt=keys.lowest(until))
        .filter(kind=Kind.CUTOFF, trial=False)
        .exclude(initiator=Initiator.USER)
        .exclude(Exists(restricted))
        .select_related("conversation", "source")
        .order_by("pk")[:CHUNK]
    )


def _ended(cutoff: Cutoff, stored: CutoffConformance | None) -> Ended:
    reason = reason_for(
        initiator=cutoff.initiator, category=cutoff.category, minor=cutoff.age_band == MINOR
    )
    return Ended(
        id=str(cutoff.pk),
        initiator=cutoff.initiator,
        category=cutoff.category,
        at=cutoff.at,
        language=cutoff.locale.replace("_", "-").split("-")[0][:2],
        country=cutoff.country,
        platform=cutoff.source.name,
        reason=reason.text,
        met=kinds_met_as(stored, category=cutoff.category),
        standing=cutoff.standing,
        settled_at=cutoff.settled_at,
        reopened=bool(cutoff.settled_at) and not cutoff.conversation.locked,
    )


@transaction.atomic
def note_export(*, since: datetime, until: datetime, form: str, user: User, now: datetime) -> None:
    """Keep that *user* took the statements of a period out."""
    record(
        actor=Actor(user=user),
        action="statements.exported",
        obj="statements",
        object_id=f"{since:%Y-%m-%d}",
        details={"until": f"{until:%Y-%m-%d}", "form": form},
        at=now,
    )
