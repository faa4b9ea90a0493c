"""The guard: ends what its parent started when the parent is gone, however the parent went.

Run as a script of its own, on the standard library alone, so that it stays small. It reads lines
from a pipe of which only the parent holds the other end: "+GROUP SIGNAL" is a process group to end
with that signal, "-GROUP" one that is over. The pipe's end is the parent's end.
"""

import contextlib
import os
import signal
import sys
import time

PATIENCE = 5.0
"""Seconds between the asking signal and SIGKILL."""


def alive(group: int) -> bool:
    """Return whether `group` still has a process."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS answers so for a group of zombies
        return False
    return True


def end(group: int, asking: int, patience: float = PATIENCE) -> None:
    """Send `asking` to `group`, wait up to `patience` seconds, then kill what is left of it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, asking)
        until = time.monotonic() + patience
        while alive(group) and time.monotonic() < until:
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)


def main() -> None:
    """Follow the parent's lines; at their end, end all groups, the youngest first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        if line.startswith("+"):
            group, asking = map(int, line[1:].split())
            groups[group] = asking
        else:
            groups.pop(int(line[1:]), None)
    for group in reversed(groups):
        end(group, groups[group])


if __name__ == "__main__":
    main()
