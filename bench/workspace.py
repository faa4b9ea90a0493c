"""``make bench-workspace``: the queue, its search, a case page, and claiming and deciding.

The same pages at 10,000 and at 1,000,000 cases, one request after another, each after a few that
are not counted. Beside them, in the same run and over the same rows: a plain Django admin, and a
plain pair of views (``select_for_update(skip_locked=True)`` and an update, under the same index,
behind the same server, for people who are signed in) for 16 reviewers who claim and decide in
turns with ours. ``ratio`` is the admin's first page over ours, p50s at 1,000,000; more is better.
"""

from __future__ import annotations

import json
import statistics
from datetime import timedelta
from urllib.parse import urlencode

from bench import browsing, caseload, harness, history
from bench.browsing import Person, Times, Work

FEW = 10_000
MANY = 1_000_000
ASKED, WARM = 220, 20
REVIEWERS = 16
TURNS = 3
TURNS_OF_A_CASE = 200
_VERDICT = {
    "decision": "uphold",
    "remedy": "keep_locked",
    "policy_followed": "yes",
    "severity": "2",
    "reason_codes": "persistent_abuse",
    "rationale": "Insults over several turns after a warning.",
}


def main() -> None:
    """Fill, browse, fill, browse, decide, report."""
    many = harness.scale(MANY, least=2 * FEW)
    seconds = harness.scale(15, least=3)
    with harness.servers():
        harness.set_up_django()
        from django.core.management import call_command

        call_command("collectstatic", interactive=False, verbosity=0)
        keys = _source_and_settings()
        ana = browsing.sign_in("ana", role="senior", everything=True)
        team = [browsing.sign_in(f"r{number}", role="reviewer") for number in range(REVIEWERS)]
        caseload.fill(**keys, count=FEW, begin=0)
        long_cases = _long_cases()
        few = _ours(ana, long_cases)
        caseload.fill(**keys, count=many - FEW, begin=FEW)
        most = _ours(ana, long_cases)
        admin = _admin(ana, many)
        plain, ours, doubles = _claim_and_decide(team, seconds)
    harness.report(
        "workspace",
        ratio=round(admin["first"].milliseconds(0.5) / most["first"].milliseconds(0.5), 1),
        cases=many,
        **_figures("", most),
        **_figures("few_", few),
        **{
            f"{name}_growth": round(most[name].milliseconds(0.95) / few[name].milliseconds(0.95), 2)
            for name in ("first", "half")
        },
        **_figures("admin_", admin),
        decided_per_second=round(_rate(ours), 1),
        plain_per_second=round(_rate(plain), 1),
        decided_of_plain=round(_rate(ours) / _rate(plain), 2),
        doubles=doubles,
    )


def _source_and_settings() -> dict[str, int]:
    from accounts.ledger import Actor
    from conversations.models import AuditSettings
    from conversations.services.sources import create_source
    from conversations.vocabulary import Mode

    source = create_source(
        slug="bench", name="Bench", mode=Mode.ADVISORY, actor=Actor.task("bench")
    )
    return {"source_id": source.pk, "settings_id": AuditSettings.objects.latest("pk").pk}


def _long_cases() -> list[int]:
    """Numbers of ten cases with 200 messages each, stored and enriched as any other."""
    from django.utils import timezone

    from bench import events
    from conversations import parsing
    from conversations.api import limits
    from conversations.models import Source
    from conversations.services import intake
    from reviews.models import Case
    from reviews.services.enrichment import enrich

    sent, now = [], timezone.now()
    for number in range(10):
        event = json.loads(events.event(10**9 + number))
        short = event["data"]["transcript"]["messages"]
        event["data"]["transcript"]["messages"] = [
            {**short[place % 2], "id": f"m{place}"} for place in range(TURNS_OF_A_CASE)
        ]
        event["data"]["cutoff"]["message_id"] = f"m{TURNS_OF_A_CASE - 1}"
        sent.append(json.dumps(event).encode())
    items = parsing.parse_events(sent, limits=limits(), now=now, in_batch=True)
    results = intake.record(source=Source.objects.get(), items=items, now=now)
    ids = [result.cutoff_id for result in results if result.cutoff_id]
    enrich(cutoff_ids=ids)
    return list(Case.objects.filter(pk__in=ids).order_by("pk").values_list("number", flat=True))


def _ours(ana: Person, long_cases: list[int]) -> dict[str, Times]:
    since = history.LAST - timedelta(days=30)
    narrow = {"category": "hate", "ended_after": since.isoformat()}
    paths = {
        "first": "/review",
        "half": f"/review?{urlencode({'cursor': _half_way()})}",
        "filtered": f"/review?{urlencode(narrow)}",
        "search_rare": f"/review?q={caseload.RARE}",
        "search_common": f"/review?q={caseload.COMMON}",
        "search_none": f"/review?q={caseload.ABSENT}",
    }
    with harness.web("config.wsgi:application") as web:
        times = {}
        for name, path in paths.items():
            times[name] = browsing.pages(web.port, ana, [path] * ASKED, warm=WARM)
            _say(name, times[name])
        cases = [f"/cases/{number}" for number in long_cases]
        asked = (cases * ASKED)[:ASKED]
        times["case"] = browsing.pages(web.port, ana, asked, warm=WARM)
        _say("case", times["case"])
    return times


def _half_way() -> str:
    """The cursor that one comes to by half of the pages of what waits."""
    from accounts.keyset import page
    from reviews.models import Case

    waiting = Case.objects.waiting()
    middle = waiting.count() // 2
    keys = list(waiting.in_order_of_work().values_list("pk", flat=True)[middle : middle + 51])
    found = page(
        Case.objects.filter(pk__in=keys),
        ordering=("-priority", "due_at"),
        cursor=None,
        page_size=50,
        bound_to="",
    )
    assert found.next_cursor
    return found.next_cursor


def _admin(ana: Person, many: int) -> dict[str, Times]:
    """The admin's pages; a search reads every transcript, so that few are asked for."""
    changelist = "/admin/plain_admin/plaincase/"
    since = (history.LAST - timedelta(days=30)).isoformat()
    narrow = {"category__exact": "hate", "at__gte": since}
    paths = {
        "first": (changelist, 10),
        "half": (f"{changelist}?p={many // 100}", 10),
        "filtered": (f"{changelist}?{urlencode(narrow)}", 10),
        "search_rare": (f"{changelist}?q={caseload.RARE}", 2),
        "search_none": (f"{changelist}?q={caseload.ABSENT}", 2),
    }
    harness.say("The plain admin …")
    with harness.web("bench.plain_admin.wsgi:application") as web:
        times = {}
        for name, (path, asked) in paths.items():
            times[name] = browsing.pages(web.port, ana, [path] * (asked + 1), warm=1)
            _say(name, times[name])
    return times


def _claim_and_decide(team: list[Person], seconds: int) -> tuple[list[Work], list[Work], int]:
    """Each in turns, and how many cases of ours two people held at once or decided once too often.

    Second reviews are none: a case that is drawn for one would be two pieces of work.
    """
    from django.db import connection

    from bench.plain_admin.tables import create
    from conversations.models import Cutoff

    harness.say(f"{REVIEWERS} reviewers claim and decide …")
    Cutoff.objects.filter(in_double=True).update(in_double=False)
    create(connection)
    plain, ours = [], []
    with (
        harness.web("bench.plain_admin.wsgi:application") as peer,
        harness.web("config.wsgi:application") as web,
    ):
        for port in (peer.port, web.port):
            browsing.decide(port, team, _VERDICT, seconds=2)
        for _ in range(TURNS):
            plain.append(browsing.decide(peer.port, team, _VERDICT, seconds=seconds))
            ours.append(browsing.decide(web.port, team, _VERDICT, seconds=seconds))
            harness.say(f"  plain {_rate(plain[-1:]):.1f}, ours {_rate(ours[-1:]):.1f} a second")
    return plain, ours, _doubles() + _uncounted(ours)


def _doubles() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM reviews_claim one JOIN reviews_claim other"
            " ON other.case_id = one.case_id AND other.id > one.id"
            " AND other.claimed_at < coalesce(one.ended_at, one.expires_at))"
            " + (SELECT count(*) - count(DISTINCT case_id) FROM reviews_verdict)"
        )
        return int(cursor.fetchone()[0])


def _uncounted(ours: list[Work]) -> int:
    """Verdicts that were answered for and are not there."""
    from reviews.models import Verdict

    return max(0, sum(len(work.numbers) for work in ours) - Verdict.objects.count())


def _rate(turns: list[Work]) -> float:
    return statistics.median(len(work.numbers) / work.seconds for work in turns)


def _say(name: str, times: Times) -> None:
    p50, p95 = times.milliseconds(0.5), times.milliseconds(0.95)
    harness.say(f"  {name}: {p50} ms, p95 {p95} ms")


def _figures(prefix: str, times: dict[str, Times]) -> dict[str, float]:
    return {
        f"{prefix}{name}_{words}_ms": taken.milliseconds(share)
        for name, taken in times.items()
        for words, share in (("p50", 0.5), ("p95", 0.95))
    }


if __name__ == "__main__":
    main()
