"""What tests of processes share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Return once *holds* does; fail after so many *seconds*."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "It did not come to pass."
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody waited for has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"
