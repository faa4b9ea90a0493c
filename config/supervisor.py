"""Keeping servers up: started in order, started again when one dies, stopped in reverse."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

from config import processes

WEB_SERVER = (
    *("--interface", "wsgi", "--workers", "2", "--blocking-threads", "6"),
    *("--respawn-failed-workers", "--no-access-log", "--workers-kill-timeout", "8"),
)
"""What granian is told on one machine of two cores.

A process that is still starting ignores SIGTERM; without the timeout granian, once it has given a
crash loop up, would wait for it for ever.
"""

ALLOCATOR = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""What glibc is told: to give back the memory of large bodies. By itself it keeps an arena for each
thread, and after the first large body holds all others in them: 332 MiB a process, not 262.
"""


class Server(Protocol):
    """What can be kept up: the embedded servers and every Program."""

    def start(self) -> None:
        """Start, or start again after the process died."""

    def stop(self) -> None:
        """Stop, and leave no process behind."""

    def running(self) -> bool:
        """Return whether the main process is there."""


class Program:
    """A command that runs until it is stopped, its output in the file `log`."""

    def __init__(self, argv: Sequence[str], *, log: Path) -> None:
        """Start nothing yet."""
        self.argv = argv
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command; what a dead predecessor left of its process group is killed first."""
        if self.process:
            processes.sweep(self.process)
        self.process = processes.start(self.argv, log=self.log)

    def stop(self, patience: float = 10.0) -> None:
        """Ask the command to end, insist after `patience` seconds."""
        if self.process:
            processes.stop(self.process, patience=patience)
            self.process = None

    def running(self) -> bool:
        """Return whether the command's main process is there."""
        return self.process is not None and self.process.poll() is None


class Interrupted(BaseException):
    """The supervisor was asked to end."""


class Supervisor:
    """The servers of one installation, by name, in the order in which they were started."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` is told, a sentence at a time, what is started again."""
        self._say = say
        self._servers: dict[str, Server] = {}

    def __enter__(self) -> Self:
        """From here on Ctrl-C, SIGTERM and a closed terminal raise Interrupted."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all servers, the last one first; further signals change nothing."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for server in reversed(self._servers.values()):
            server.stop()

    @staticmethod
    def _interrupt(_number: int, _frame: object) -> None:
        raise Interrupted

    def start(self, name: str, server: Server) -> None:
        """Start `server`, and stop it at the end."""
        self._servers[name] = server
        server.start()

    def check(self) -> None:
        """Start again what is not running; raises SystemExit when a server cannot be."""
        for name, server in self._servers.items():
            if not server.running():
                self._say(f"{name} has died; starting it again.")
                server.start()

    def keep(self, interval: float = 1.0) -> None:
        """Check every `interval` seconds, until Interrupted is raised."""
        while True:
            self.check()
            time.sleep(interval)


def run(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a command to its end, its output on the terminal; raises SystemExit when it fails."""
    process = processes.start(argv, log=None, environment=environment)
    try:
        failed = process.wait()
    finally:
        processes.stop(process)
    if failed:
        raise SystemExit(f"`{' '.join(argv[1:])}` failed.")
