"""When a credential was last used: known to about a minute, and never in anybody's way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Model

log = structlog.get_logger(__name__)

_MINUTE: Final = timedelta(minutes=1)

#: The minute since 1970 in which this process last looked at each credential.
_looked: dict[tuple[type[Model], str | int], int] = {}

#: Who is revoking it meanwhile is not waited for.
_NOTE: Final = """
UPDATE {table} SET last_used_at = %(now)s WHERE id = (
    SELECT id FROM {table}
    WHERE {column} = %(credential)s AND (last_used_at IS NULL OR last_used_at <= %(before)s)
    FOR UPDATE SKIP LOCKED
)
"""


def note(model: type[Model], column: str, credential: str | int, now: datetime) -> None:
    """Note that the row of *model* with *credential* in *column* was used: it was found valid.

    At most one statement a minute, credential and process; one that fails is logged.
    """
    minute = int(now.timestamp()) // 60
    if _looked.get((model, credential)) == minute:
        return
    _looked[model, credential] = minute
    statement = _NOTE.format(table=model._meta.db_table, column=column)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                statement, {"credential": credential, "now": now, "before": now - _MINUTE}
            )
    except (DatabaseError, InterfaceError) as error:
        log.warning("credential.use_not_noted", failure=type(error).__name__)
