"""Sessions in the database, as Django keeps them, found by a statement that is written once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.prepared import Prepared

_FOUND: Final = Prepared(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now),
    key=str,
    now=datetime,
)


class SessionStore(db.SessionStore):
    """Django's own, which else writes the same SQL with every request."""

    def _get_session_from_db(self) -> Session | None:
        found = _FOUND.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found
