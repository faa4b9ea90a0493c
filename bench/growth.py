"""``make bench-growth``: intake's speed with a million events stored, beside that with 10,000.

The same batches as in ``bench-intake``, in the same run and the same database: first with 10,000
events stored, then with ``BENCH_STORED`` (1,000,000 unless it is set). ``ratio`` is the second
rate over the first.
"""

from __future__ import annotations

import os

from bench import harness
from bench.intake import over_http

FEW = 10_000
_SENT = 10**9


def main() -> None:
    """Fill, load, fill, load, report."""
    many = int(os.environ.get("BENCH_STORED") or harness.scale(1_000_000, least=2 * FEW))
    count = harness.scale(50_000, least=5_000)
    with harness.servers():
        harness.set_up_django()
        key = harness.source_key()
        few_rate = _rate(key, 0, FEW, count)
        many_rate = _rate(key, FEW, many - FEW, count)
    harness.report(
        "growth",
        ratio=round(many_rate / few_rate, 3),
        few_stored=FEW,
        few_per_second=round(few_rate),
        many_stored=many,
        many_per_second=round(many_rate),
        events=count,
    )


def _rate(key: str, first: int, stored: int, count: int) -> float:
    """Events a second after *stored* more events, numbered from *first*, were stored by SQL."""
    from bench.stored import fill
    from conversations.models import Source

    fill(source=Source.objects.get(), count=stored, first=first)
    load, _ = over_http(key, _SENT + first, count)
    if set(load.statuses) != {202}:
        raise SystemExit(f"Not all was stored: {load.statuses}.")
    return count / load.seconds


if __name__ == "__main__":
    main()
