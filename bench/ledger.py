"""``make bench-ledger``: how fast the ledger is sealed, and checked against its seals.

200,000 lines like those of opened transcripts and verdicts, made by SQL. The limit, in the same
run: one COPY of the same rows through SHA-256, which is all that a check could come down to.
"""

from __future__ import annotations

import hashlib
import resource
import time

from bench.harness import report, say, scale, servers, set_up_django

_LINES = """
    INSERT INTO accounts_ledgerentry
           (agent, action, object_type, object_id, details, request_id)
    SELECT 'key:rk_' || to_hex(mod(n, 500)),
           CASE mod(n, 3) WHEN 0 THEN 'case.decided' ELSE 'transcript.opened' END,
           'case', (n / 3)::text,
           jsonb_build_object('decision', 'uphold', 'reason_codes', jsonb_build_array('other'),
                              'severity', mod(n, 5)),
           gen_random_uuid()::text
      FROM generate_series(1, %s) AS n
"""
_READ = "COPY (SELECT * FROM accounts_ledgerentry ORDER BY id) TO STDOUT"


def main() -> None:
    """Make the lines, seal them, check them, and read them once as plainly as can be."""
    count = scale(200_000, least=2_000)
    with servers():
        set_up_django()
        from django.db import connection
        from django.utils import timezone

        from accounts.sealing import seal
        from accounts.verifying import verify

        with connection.cursor() as cursor:
            cursor.execute(_LINES, [count])
            cursor.execute("ANALYZE accounts_ledgerentry")
        say(f"{count:,} lines")
        began = time.perf_counter()
        seals = seal(now=timezone.now())
        sealing = count / (time.perf_counter() - began)
        say(f"sealed: {sealing:,.0f} lines/s")
        began = time.perf_counter()
        checked = verify()
        checking = checked.lines / (time.perf_counter() - began)
        assert checked.holds
        assert (checked.lines, checked.unsealed) == (count, 0)
        say(f"checked: {checking:,.0f} lines/s")
        plain = count / _plain_read()
        connection.close()
    report(
        "ledger",
        lines=count,
        seals=seals,
        sealed_a_second=round(sealing),
        checked_a_second=round(checking),
        plain_a_second=round(plain),
        ratio=round(checking / plain, 3),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _plain_read() -> float:
    from django.db import connection

    digest, began = hashlib.sha256(), time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(_READ) as rows:
        for row in rows:
            digest.update(row)
    assert digest.digest()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
