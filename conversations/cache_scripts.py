"""Scripts that the cache runs, one round trip each. Nobody waits for a cache that is away."""

from __future__ import annotations

import time
from functools import cache as once
from typing import Any

import structlog
from django.core.cache import cache
from redis import Redis
from redis.commands.core import Script
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

#: Seconds for which a cache that failed is not asked again.
REST_SECONDS = 5.0

_resting_until = 0.0


def run(script: str, *, key: str, arguments: list[str | int | float]) -> Any:
    """What *script* returns for *key*, which the cache's own prefix is set before.

    None where the cache cannot be asked, with one warning each :data:`REST_SECONDS`.
    """
    global _resting_until
    if time.monotonic() < _resting_until:
        return None
    try:
        return _known(script)(keys=[cache.make_key(key)], args=arguments)
    except (RedisError, OSError) as error:
        _resting_until = time.monotonic() + REST_SECONDS
        log.warning("cache.unreachable", failure=type(error).__name__)
        return None


@once
def _known(script: str) -> Script:
    """*script*, known to the cache's server by its hash, on the cache's own connections."""
    server: Redis = client()
    return server.register_script(script)


def client() -> Any:
    """The cache's own connections, to which Django offers no public way."""
    return cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
