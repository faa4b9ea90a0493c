"""What each constraint on the ledger's seals forbids."""

from __future__ import annotations

from typing import Any

from accounts.models import LedgerSeal
from tests.factories import NOW
from tests.violating import APPEND_ONLY, violates


def _seal(**changes: Any) -> LedgerSeal:
    digests = {"previous": bytes(32), "digest": bytes(32)}
    row = {"number": 1, "first_id": 3, "last_id": 5, "count": 3, "sealed_at": NOW, **digests}
    return LedgerSeal.objects.create(**row | changes)


@violates("seal_covers_lines")
def _more_lines_than_ids() -> None:
    _seal(count=4)


@violates("seal_digests_are_sha256")
def _half_a_digest() -> None:
    _seal(digest=bytes(16))


APPEND_ONLY["ledger_seal"] = _seal
