"""Connections that lie on the server's processes evenly, as a balancer in front would have it.

Which process accepts a connection is luck, and one that stays open stays there: with all four on
one of two processes, a load comes to half. In the same benchmark one side was lucky and the other
was not, and their ratio was 1.1 or 4.
"""

from __future__ import annotations

import socket
import time
from collections import Counter
from pathlib import Path

PROCESSES = 2
"""As many as ``config.supervisor.WEB_SERVER`` has."""

_ATTEMPTS = 400


def connect(port: int, count: int) -> list[socket.socket]:
    """*count* connections to loopback, as many to each process. Raises SystemExit where luck fails.

    Reads /proc of Linux.
    """
    most = -(-count // PROCESSES)
    held: Counter[str] = Counter()
    kept: list[socket.socket] = []
    spare: list[socket.socket] = []
    while len(kept) < count:
        if len(spare) > _ATTEMPTS:
            raise SystemExit("The server's processes do not share its connections.")
        made = socket.create_connection(("127.0.0.1", port), timeout=60)
        process = _process_of(made, port)
        (kept if held[process] < most else spare).append(made)
        held[process] += held[process] < most
    for each in spare:
        each.close()
    return kept


def _process_of(client: socket.socket, port: int) -> str:
    """The process that has accepted *client*."""
    own = f"0100007F:{client.getsockname()[1]:04X}"
    until = time.monotonic() + 10
    while time.monotonic() < until:
        rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        inodes = {row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[2] == own}
        for inode in inodes - {"0"}:
            if found := _owner(f"socket:[{inode}]"):
                return found
        time.sleep(0.002)
    raise SystemExit("The server accepts no connection.")


def _owner(link: str) -> str:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(file.readlink()) == link for file in (process / "fd").iterdir()):
                return process.name
        except OSError:  # it ended, or is somebody else's
            continue
    return ""
