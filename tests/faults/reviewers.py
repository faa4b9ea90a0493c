"""Reviewers that work a queue through the API: what was not answered is asked again, unchanged."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 90.0
"""Seconds for which one call is repeated before the reviewer gives up."""

#: Makes reviewers, the first of them seniors, and prints a token for each. Everything is drawn
#: for audit, a share of it twice.
MAKE_REVIEWERS = """
from datetime import timedelta
from django.utils import timezone
from accounts.ledger import Actor
from accounts.roles import Role
from accounts import personal_tokens
from accounts.services import create_user
from conversations.models import AuditSettings
AuditSettings.objects.create(audit_share=1, double_share=0.2, near_miss_share=0)
for number in range({reviewers}):
    user = create_user(
        email=f"reviewer{{number}}@example.com", name=f"Reviewer {{number}}", password="x" * 20,
        roles=[Role.SENIOR if number < {seniors} else Role.REVIEWER],
    )
    now = timezone.now()
    print(personal_tokens.create(
        user=user, name="faults", scopes=personal_tokens.within_role(user),
        expires_at=now + timedelta(days=1), now=now, actor=Actor(user=user),
    ))
"""


@dataclass
class Worked:
    """What reviewers saw: each verdict's id by case, and everything that nobody asked for."""

    verdicts: dict[str, list[str]] = field(default_factory=dict)
    claims: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_broken(self) -> None:
        """Count a connection that broke before its answer."""
        with self.lock:
            self.broken += 1

    def note_verdict(self, case: str, verdict: str) -> None:
        """Keep a verdict that was acknowledged."""
        with self.lock:
            self.verdicts.setdefault(case, []).append(verdict)

    def note_unexpected(self, what: str) -> None:
        """Count an answer that no fault explains."""
        with self.lock:
            self.unexpected[what] += 1


class Reviewer:
    """One person with a token, on a connection that is opened anew when it breaks."""

    def __init__(self, port: int, token: str, number: int, worked: Worked) -> None:
        self._port, self._number, self._worked = port, number, worked
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection: http.client.HTTPConnection | None = None

    def work(self, stop: threading.Event) -> None:
        """Claim and decide until *stop* is set."""
        try:
            self._work(stop)
        finally:
            self._hang_up()

    def _work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            status, claimed = self._call("/api/v1/cases/claim-next", {})
            if status == 204:
                stop.wait(0.2)
            elif status == 200:
                self._decide(claimed["id"], claimed["state"])
            else:
                self._worked.note_unexpected(f"claim-next {status} {claimed.get('title')}")
                stop.wait(0.2)

    def _decide(self, case: str, state: str) -> None:
        # Two of five reviewers see every fourth case otherwise: some go to a senior.
        differs = self._number % 5 > 2 and uuid.UUID(case).int % 4 == 0
        verdict = {
            "decision": "overturn" if differs else "uphold",
            "remedy": "reopen" if differs else "keep_locked",
            "policy_followed": "yes",
            "reason_codes": ["roleplay" if differs else "persistent_abuse"],
            "rationale": "As I see it.",
        }
        key = str(uuid.uuid4())
        status, given = self._call(f"/api/v1/cases/{case}/verdicts", verdict, key=key)
        if status == 201:
            self._worked.note_verdict(case, given["id"])
        else:
            self._worked.note_unexpected(f"verdict {status} {given.get('detail')} ({state})")

    def _call(self, path: str, body: dict[str, Any], *, key: str = "") -> tuple[int, Any]:
        """The answer to one call, which is repeated while there is none or it says 503 or 429."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                status, answer = self._ask(path, json.dumps(body).encode(), key)
                if status not in (429, 503):
                    return status, json.loads(answer) if answer else {}
            except (OSError, http.client.HTTPException):
                self._worked.note_broken()
                self._hang_up()
            assert time.monotonic() < end, f"{path} was not answered within {PATIENCE:.0f} s."
            time.sleep(0.05)

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _ask(self, path: str, body: bytes, key: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()
