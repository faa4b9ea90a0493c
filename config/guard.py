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


def end(groups: dict[int, int], patience: float = PATIENCE) -> None:
    """Send each of `groups` its signal, wait up to `patience` seconds, kill what is left."""
    for group, asking in groups.items():
        _send(group, asking)
    until = time.monotonic() + patience
    while any(map(alive, groups)) and time.monotonic() < until:
        time.sleep(0.02)
    for group in groups:
        _send(group, signal.SIGKILL)


def _send(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def main() -> None:
    """Follow the parent's lines; at their end, end all groups."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        if line.startswith("+"):
            group, asking = map(int, line[1:].split())
            groups[group] = asking
        else:
            groups.pop(int(line[1:]), None)
    end(groups)


if __name__ == "__main__":
    main()
