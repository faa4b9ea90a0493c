"""Sealing the ledger: each seal covers what came since the one before, in a chain.

Lines take their ids from a sequence and are committed in another order: a lower id may appear
after a higher one was read, and a seal over what is there would leave it out for ever. So the
range is fixed first. An INSERT takes ROW EXCLUSIVE on the table before it draws its id, and keeps
it until its transaction ends. SHARE excludes that one: whoever has it knows that no transaction
is left which drew an id and is not committed or rolled back. The highest id read at that moment
is a bound below which no line appears later, since the sequence only goes up (it must not cache
ids, ``CACHE 1``, as Django makes it). The lock is given back at once, before anything is hashed.
Ids that a rollback left out are no matter: a seal covers which ids there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import LockNotAvailable

from accounts.models import LedgerEntry, LedgerSeal
from accounts.seals import NOTHING, Digest, Line

log = structlog.get_logger(__name__)

#: Whoever writes a line waits no longer for the lock that fixes the range. Long transactions and
#: a vacuum keep it from us; then the next minute will do.
LOCK_WAIT: Final = "100ms"
#: The most lines that one seal covers, so that a flaw is found between near ids.
MOST_LINES: Final = 50_000
#: Lines older than this without a seal are worth a warning.
BEHIND: Final = timedelta(minutes=10)

_PAGE: Final = 2_000
#: Locked by whoever makes a seal, so that each follows the one before.
_ADVISORY_KEY: Final = 7_263_002


def seal(*, now: datetime, time_is_up: Callable[[], bool] = lambda: False) -> int:
    """Seal the lines that have none yet, as far as there is time; how many seals that took.

    None where lines are being written that cannot be waited for, or somebody else is sealing.
    Each digest goes to the log: kept elsewhere, it proves the chain to whoever distrusts the
    database. Safe to run again, and at the same time.
    """
    made, upto = 0, _settled()
    while upto and not time_is_up():
        new = _seal_next(upto=upto, now=now)
        if new is None:
            break
        made += 1
        log.info(
            "ledger.sealed",
            seal=new.number,
            first_id=new.first_id,
            last_id=new.last_id,
            lines=new.count,
            digest=new.digest.hex(),
        )
    if (behind := lag(now=now)) > BEHIND:
        log.warning("ledger.unsealed", seconds=round(behind.total_seconds()))
    return made


def lag(*, now: datetime) -> timedelta:
    """The age of the oldest line without a seal; zero where there is none."""
    oldest = unsealed(_last()).order_by("id").values_list("at", flat=True).first()
    return max(now - oldest, timedelta()) if oldest else timedelta()


def unsealed(last: LedgerSeal | None) -> QuerySet[LedgerEntry]:
    """The lines behind those that *last* covers; all of them where there is no seal."""
    return LedgerEntry.objects.filter(id__gt=last.last_id) if last else LedgerEntry.objects.all()


def lines(*, after: LedgerSeal | None, upto: int) -> Iterator[Line]:
    """The lines behind what the seal *after* covers, to the id *upto*, in the order of ids.

    Read in pages, so that a ledger of any length takes the same memory.
    """
    found = unsealed(after).filter(id__lte=upto).order_by("id").values_list(*Line._fields)
    page = list(found[:_PAGE])
    while page:
        yield from map(Line._make, page)
        page = list(found.filter(id__gt=page[-1][0])[:_PAGE]) if len(page) == _PAGE else []


def _settled() -> int | None:
    """The highest id there is, below which no line appears later; None where that is unsure."""
    try:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
            cursor.execute(f"LOCK TABLE {LedgerEntry._meta.db_table} IN SHARE MODE")
            return LedgerEntry.objects.order_by("-id").values_list("id", flat=True).first()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None
        raise


def _seal_next(*, upto: int, now: datetime) -> LedgerSeal | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY_KEY])
        if cursor.fetchone() != (True,):
            return None
        last = _last()
        previous = bytes(last.digest) if last else NOTHING
        digest = Digest(previous=previous, sealed_at=now)
        for line in lines(after=last, upto=upto):
            digest.add(line)
            if digest.count == MOST_LINES:
                break
        if not digest.count:
            return None
        return LedgerSeal.objects.create(
            number=last.number + 1 if last else 1,
            first_id=digest.first_id,
            last_id=digest.last_id,
            count=digest.count,
            previous=previous,
            digest=digest.value(),
            sealed_at=now,
        )


def _last() -> LedgerSeal | None:
    return LedgerSeal.objects.order_by("-number").first()
