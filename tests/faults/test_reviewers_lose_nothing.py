"""Many reviewers empty a queue through the API while server processes are killed.

Every case is decided exactly as often as its draws ask for; nobody holds what another holds; no
verdict is lost, none counts twice.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.faults.installation import Installation, until
from tests.faults.reviewers import MAKE_REVIEWERS, Reviewer, Worked
from tests.faults.senders import Sent, batch_of, deliver
from tests.faults.test_intake_loses_nothing import victim

REVIEWERS = int(os.environ.get("FAULT_REVIEWERS", "8"))
CASES = int(os.environ.get("FAULT_CASES", "60"))
"""64 and 10,000 for the long run."""

#: A third of them seniors: whoever decides where two differ has given neither verdict.
SENIORS = max(4, REVIEWERS // 3)

#: How many times a server process is killed, each time that as many cases more are decided.
KILLS = int(os.environ.get("FAULT_ROUNDS", "2"))

_WAITING = (
    "SELECT count(*) FROM reviews_case WHERE state IN ('open', 'second_review', 'adjudication')"
)

#: What each case has been through: its draws, and its verdicts in the order in which they came.
_DECIDED = """
SELECT one.cutoff_id::text, one.state, cutoff.in_double, coalesce(draw.drawn, false),
       array_agg(verdict.id::text ORDER BY verdict.at, verdict.id),
       array_agg(verdict.decision ORDER BY verdict.at, verdict.id),
       count(DISTINCT verdict.reviewer_id)
FROM reviews_case one
JOIN conversations_cutoff cutoff ON cutoff.id = one.cutoff_id
JOIN conversations_event event ON event.cutoff_id = one.cutoff_id
LEFT JOIN reviews_agreementdraw draw ON draw.case_id = one.cutoff_id
LEFT JOIN reviews_verdict verdict ON verdict.case_id = one.cutoff_id
WHERE event.ce_id LIKE 'review-%%'
GROUP BY 1, 2, 3, 4
"""

_HELD_BY_TWO = """
SELECT count(*) FROM reviews_claim one
JOIN reviews_claim other ON other.case_id = one.case_id AND other.id > one.id
WHERE other.claimed_at < coalesce(one.ended_at, one.expires_at)
"""

_LINES = "SELECT count(*) FROM accounts_ledgerentry WHERE action = 'case.decided'"


def test_a_queue_is_emptied_while_servers_are_killed(installation: Installation) -> None:
    # What the tests before have left waits for nobody here.
    installation.rows("UPDATE reviews_case SET state = 'closed', selected = false RETURNING 1")
    made = MAKE_REVIEWERS.format(reviewers=REVIEWERS, seniors=SENIORS)
    people = installation.python(made).split()
    _send_cases(installation)
    worked = _work(installation, people)

    assert not worked.unexpected
    assert worked.broken > 0, "No kill met a request."
    _check(installation, worked)


def _send_cases(installation: Installation) -> None:
    sent = Sent()
    for start in range(0, CASES, 100):
        batch = batch_of(f"review-{start}", min(100, CASES - start))
        deliver(installation.port, installation.key, batch[1], sent)
    assert sent.results == {"accepted": CASES}
    assert installation.rows(_WAITING) == [(CASES,)]


def _work(installation: Installation, people: list[str]) -> Worked:
    """Let everybody work until nothing waits, and kill meanwhile."""
    dice, worked, stop = random.Random(64), Worked(), threading.Event()
    with ThreadPoolExecutor(len(people)) as pool:
        running = [
            pool.submit(Reviewer(installation.port, token, number, worked).work, stop)
            for number, token in enumerate(people)
        ]
        try:
            for kill in range(1, KILLS + 1):
                _until_waiting(installation, worked, CASES * (KILLS + 1 - kill) // (KILLS + 1))
                os.kill(victim(installation, dice), signal.SIGKILL)
            _until_waiting(installation, worked, 0)
            installation.settle()
        finally:
            stop.set()
        for reviewer in running:
            reviewer.result()
    return worked


def _until_waiting(installation: Installation, worked: Worked, most: int) -> None:
    """Wait until *most* cases or fewer wait; a server that gave up after a kill is started anew."""

    def few_wait() -> bool:
        installation.keep_up()
        assert not worked.unexpected
        return bool(installation.rows(_WAITING)[0][0] <= most)

    until(few_wait, seconds=120 + CASES, what=f"no more than {most} cases wait")


def _check(installation: Installation, worked: Worked) -> None:
    cases = installation.rows(_DECIDED)
    assert len(cases) == CASES
    wrong = [row for row in cases if len(row[4]) != _needed(row[2], row[3], row[5])]
    assert not wrong, wrong[:3]
    assert {row[1] for row in cases} <= {"settling", "settled"}
    assert all(row[6] == len(row[4]) for row in cases), "Somebody decided a case twice."
    # Each verdict was acknowledged to whoever gave it, once, and each acknowledged one is there.
    assert {row[0]: sorted(row[4]) for row in cases} == {
        case: sorted(ids) for case, ids in worked.verdicts.items()
    }
    assert installation.rows(_HELD_BY_TWO) == [(0,)]
    ((lines,),) = installation.rows(_LINES)
    assert lines == sum(len(row[4]) for row in cases)


def _needed(double: bool, checked: bool, decisions: list[str]) -> int:
    """How many verdicts a case with these draws needs."""
    if not double:
        return 1
    return 3 if checked or decisions[0] != decisions[1] else 2
