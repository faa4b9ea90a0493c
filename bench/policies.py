"""``make bench-policies``: how long a backtest takes, and the live preview of a draft.

A million cutoffs over ninety days, then three million over 270. Each backtest is the whole of
one, from its record in the queue to its kept figures: both splits, estimates, segments. Beside
each stands ``SELECT count(*), sum(severity)`` over the same table, in turns with it: what merely
reading the table costs here and now. ``ratio`` is the median of the one over that of the other,
for a million cutoffs. The preview is asked for over HTTP, thirty days of ninety; and in Chromium,
where it is there, from the slider's release until the new figures are on the screen.
"""

from __future__ import annotations

import json
import statistics
import time
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bench import browsing, harness

TURNS = 7
#: Where the slider is let go, one after the other; the first few are not counted.
_SLIDES = [place / 100 for place in range(40, 100)]
_WARM = 3
MILLION = 1_000_000
DAYS = 90


def main() -> None:
    """Fill, measure, report."""
    count = harness.scale(MILLION, least=50_000)
    with harness.servers():
        harness.set_up_django()
        from django.core.management import call_command

        from bench import history

        call_command("collectstatic", interactive=False, verbosity=0)
        keys = _source_and_settings()
        since = history.LAST - timedelta(days=DAYS)
        span = timedelta(days=DAYS)
        history.fill(**keys, count=count, begin=0, since=since, span=span)
        scan, one = _in_turns(lambda: _backtest(since, history.LAST))
        preview, released = _previews()
        early = history.LAST - 3 * span
        history.fill(**keys, count=2 * count, begin=count, since=early, span=2 * span)
        scan_of_three, three = _in_turns(lambda: _backtest(early, history.LAST))
    harness.report(
        "policies",
        ratio=round(one / scan, 2),
        cutoffs=count,
        scan_ms=round(scan * 1000),
        backtest_ms=round(one * 1000),
        growth_to_three=round(three / one, 2),
        scan_of_three_ms=round(scan_of_three * 1000),
        backtest_of_three_ms=round(three * 1000),
        preview_p50_ms=round(1000 * statistics.median(preview)),
        preview_p95_ms=round(1000 * statistics.quantiles(preview, n=20)[-1]),
        **(
            {
                "browser_p50_ms": round(statistics.median(released)),
                "browser_p95_ms": round(statistics.quantiles(released, n=20)[-1]),
            }
            if released
            else {}
        ),
    )


def _source_and_settings() -> dict[str, int]:
    from accounts.ledger import Actor
    from conversations.models import AuditSettings
    from conversations.services.sources import create_source
    from conversations.vocabulary import Mode

    source = create_source(
        slug="bench", name="Bench", mode=Mode.ENFORCING, actor=Actor.task("bench")
    )
    return {"source_id": source.pk, "settings_id": AuditSettings.objects.latest("pk").pk}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _in_turns(work: Callable[[], object]) -> tuple[float, float]:
    """Medians of the plain scan and of *work*, seconds, once both are warm."""
    _plain_scan()
    work()
    turns = [(_timed(_plain_scan), _timed(work)) for _ in range(TURNS)]
    for scan, took in turns:
        harness.say(f"  scan {1000 * scan:.0f} ms, backtest {1000 * took:.0f} ms")
    return statistics.median(scan for scan, _ in turns), statistics.median(
        took for _, took in turns
    )


def _plain_scan() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(severity) FROM conversations_cutoff")
        cursor.fetchone()


def _content() -> dict[str, Any]:
    """The built-in policy with four thresholds changed, stricter and laxer."""
    content = _slid(0.65)
    content["default"]["redirects"] = 2
    content["categories"]["harassment_of_model"] |= {"severity": 0.45, "turns_after_warning": 2}
    return content


def _backtest(since: datetime, until: datetime) -> None:
    from django.utils import timezone

    from accounts.ledger import Actor
    from policies.models import Backtest
    from policies.services import backtests
    from policies.thresholds import parse

    backtest = backtests.request(
        candidate=parse(_content()),
        since=since,
        until=until,
        now=timezone.now(),
        actor=Actor.task("bench"),
    )
    backtests.run(backtest_id=backtest.pk)
    if Backtest.objects.get(pk=backtest.pk).state != "done":
        raise SystemExit("The backtest failed.")


def _previews() -> tuple[list[float], list[float] | None]:
    """Seconds of each preview over HTTP, and milliseconds of each in a browser."""
    from bench import history, slider

    harness.say("Previewing thirty days over HTTP …")
    admin = browsing.sign_in("admin", role="policy_admin")
    token, draft = _token(), _draft()
    with harness.web("config.wsgi:application") as web:
        window = {
            "since": (history.LAST - timedelta(days=30)).isoformat(),
            "until": history.LAST.isoformat(),
            "baseline": 1,
        }
        took = [
            _timed(partial(_ask, web.port, token, {"content": _slid(value), **window}))
            for value in _SLIDES
        ]
        harness.say("… and in a browser …")
        released = slider.releases(web.port, admin, draft, _SLIDES)
    return took[_WARM:], released and released[_WARM:]


def _slid(severity: float) -> dict[str, Any]:
    """The built-in policy with one slider moved."""
    import msgspec

    from policies.thresholds import BUILT_IN

    content: dict[str, Any] = msgspec.to_builtins(BUILT_IN)
    content["default"]["severity"] = severity
    return content


def _draft() -> int:
    """The number of a draft that the admin may change."""
    from django.utils import timezone

    from accounts.models import User
    from policies.models import PolicyVersion
    from policies.services.drafts import create_draft

    made = create_draft(
        user=User.objects.get(),
        now=timezone.now(),
        content=_slid(0.6),
        based_on=PolicyVersion.objects.get(number=1),
        note="For the benchmark.",
    )
    return int(made.number)


def _token() -> str:
    """The admin's personal token."""
    from django.utils import timezone

    from accounts import tokens
    from accounts.models import PersonalToken, User
    from accounts.token_scopes import TokenScope

    token = tokens.mint("rp")
    PersonalToken.objects.create(
        user=User.objects.get(),
        name="bench",
        public_id=token.public_id,
        digest=token.digest,
        scopes=[TokenScope.POLICIES_READ],
        expires_at=timezone.now() + timedelta(days=1),
    )
    return str(token)


def _ask(port: int, token: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/backtests/preview",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        if not json.load(answer)["figures"]["cutoffs"]["made"]["count"]:
            raise SystemExit("The preview counted nothing.")


if __name__ == "__main__":
    main()
