"""A RabbitMQ of the tests' own, where the machine has one; nothing of it outlives them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from config import processes
from tests.faults.installation import free_port, until

#: Debian's wrapper in PATH runs as a user of its own, with the machine's data: not wanted here.
_PLACES = ("/usr/lib/rabbitmq/lib/*/sbin", "/opt/rabbitmq/sbin", "/usr/local/sbin")


def programs() -> Path | None:
    """The directory of RabbitMQ's own scripts; None where the machine has no RabbitMQ."""
    for place in _PLACES:
        for found in sorted(Path("/").glob(place.removeprefix("/")), reverse=True):
            if (found / "rabbitmq-server").exists() and shutil.which("epmd"):
                return found
    return None


class RabbitMQ:
    """One node on free ports of loopback, with its data and its cookie in *directory*."""

    def __init__(self, directory: Path) -> None:
        found = programs()
        assert found is not None
        self._programs, self.directory = found, directory
        self.port, names = free_port(), free_port()
        self.address = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": str(directory / "dump"),
            "RABBITMQ_NODENAME": "recourse@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "data"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(directory / "no-environment"),
            "RABBITMQ_CONFIG_FILE": str(directory / "no-configuration"),
        }
        directory.mkdir(parents=True, exist_ok=True)
        # Started by the server it would leave its process group, and stay.
        self._names = processes.start(
            ["epmd", "-port", str(names), "-address", "127.0.0.1"],
            log=directory / "epmd.log",
            environment=self._environment,
        )
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        self._server = processes.start(
            [str(self._programs / "rabbitmq-server")],
            log=self.directory / "server.log",
            environment=self._environment,
        )
        until(self._listens, seconds=90, what="RabbitMQ takes connections")
        self.control("await_startup")

    def stop(self) -> None:
        """Stop the node; what is in its durable queues stays."""
        if self._server:
            processes.stop(self._server, patience=30)
            self._server = None

    def close(self) -> None:
        """Stop all of it."""
        self.stop()
        processes.stop(self._names)

    def control(self, *arguments: str) -> str:
        """What ``rabbitmqctl`` says."""
        done = subprocess.run(
            [str(self._programs / "rabbitmqctl"), "--quiet", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-1000:]
        return done.stdout

    def queue(self, *columns: str) -> dict[str, str]:
        """*columns* of the queue of tasks."""
        lines = self.control("list_queues", "--no-table-headers", "name", *columns).splitlines()
        rows = [line.split("\t") for line in lines]
        return dict(zip(columns, next(row[1:] for row in rows if row[0] == "celery"), strict=True))

    def _listens(self) -> bool:
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", self.port)) == 0
