"""When a source's key or secret was last used: see ``accounts/last_used.py``."""

from __future__ import annotations

from datetime import datetime

from accounts.last_used import note
from conversations.models import SourceKey, SourceSecret


def note_key(*, public_id: str, now: datetime) -> None:
    """Note that this API key was used. It must have been found valid."""
    note(SourceKey, "public_id", public_id, now)


def note_secret(*, number: int, now: datetime) -> None:
    """Note that this signing secret was used. It must have been found valid."""
    note(SourceSecret, "id", number, now)
