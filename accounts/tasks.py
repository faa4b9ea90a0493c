"""What Celery does for the ledger."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from accounts import sealing

#: Seconds after which a run leaves the rest to the next one, which comes every minute.
LONGEST = 45


@shared_task
def seal_ledger() -> None:
    """Seal the lines that came since the last seal. Can be run twice, and at the same time."""
    end = time.monotonic() + LONGEST
    sealing.seal(now=timezone.now(), time_is_up=lambda: time.monotonic() > end)
