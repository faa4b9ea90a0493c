"""How much each source may send and ask, counted in the cache by one round trip a request.

What was taken is paid off at the source's rate; more is taken while, with one more, no more than
a second's worth is owed, or as many seconds' as the caller says (the "generic cell rate
algorithm", ITU-T I.371). So a batch of any size goes in, and the next one waits until it is paid
for. The clock is the cache's own: all servers share it.
"""

from __future__ import annotations

import math
from typing import Literal

from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.problems import Problem
from conversations import cache_scripts
from conversations.authentication import Caller
from conversations.models import Source

Kind = Literal["events", "calls"]

# Returns the seconds to wait; "0" means taken.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local waiting = paid - now + 1 / ARGV[2] - ARGV[3]
if waiting > 0 then
    return tostring(waiting + 0.001)
end
paid = paid + ARGV[1] / ARGV[2]
redis.call('SET', KEYS[1], string.format('%.6f', paid), 'PX', math.ceil((paid - now) * 1000) + 1)
return '0'
"""


def take(*, source: Source, kind: Kind, amount: int = 1) -> float:
    """Count *amount* against the source's limit; the seconds to wait where it is refused, else 0.

    Where the cache cannot be asked, everything is let through (docs/reference/api.md,
    "Conventions"). A limit of 0 counts as 1.
    """
    per_second = source.events_per_second if kind == "events" else source.calls_per_second
    return _take(f"{kind}:{source.pk}", amount, max(per_second, 1), 1)


def take_share(*, of: str, most: int, seconds: int) -> float:
    """Count one thing against *of*, which may do *most* in *seconds* at once, and then at that
    rate; the seconds to wait where it is refused, else 0. Whom it names is hashed.
    """
    return _take(f"share:{salted_hmac('share', of).hexdigest()}", 1, most / seconds, seconds)


def _take(name: str, amount: int, per_second: float, owed: int) -> float:
    waiting = cache_scripts.run(_TAKE, key=f"rate:{name}", arguments=[amount, per_second, owed])
    return float(waiting or 0)


def take_events(*, source: Source, amount: int) -> None:
    """Count *amount* events. Raises :class:`Problem` 429 with ``Retry-After``."""
    if waiting := take(source=source, kind="events", amount=amount):
        raise Problem(
            429,
            "too_many_events",
            f"This source may send {source.events_per_second} events a second.",
            retry_after=math.ceil(waiting),
        )


class SourceCallThrottle(BaseThrottle):
    """For the views that sources ask: counts calls of sources, and of nobody else."""

    _waiting = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the caller may ask now."""
        if isinstance(request.auth, Caller):
            self._waiting = take(source=request.auth.source, kind="calls")
        return not self._waiting

    def wait(self) -> float:
        """Seconds until it may ask again."""
        return self._waiting
