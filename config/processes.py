"""Processes that this one starts, and that do not outlive it."""

import atexit
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from config import guard

_ASKING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}

_guard: "subprocess.Popen[str] | None" = None


def start(
    argv: Sequence[str],
    *,
    log: Path | None,
    ending: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `argv` in a session and process group of its own; its output goes to the file `log`.

    Without `log` it goes where this process's output goes. When this process is gone, even by
    SIGKILL, the guard sends `ending` to the group and, seconds later, SIGKILL. `user` is the
    numeric id to run as.
    """
    with contextlib.ExitStack() as files:
        output: IO[bytes] | None = None
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            output = files.enter_context(log.open("ab"))
        # A signal that raises here would leave a process of which nobody knows: it waits.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)
        files.callback(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            env=environment,
            user=user,
            group=user,
            preexec_fn=partial(signal.pthread_sigmask, signal.SIG_SETMASK, before),
        )
        _tell(f"+{process.pid} {int(ending)}")
    return process


def stop(
    process: "subprocess.Popen[bytes]",
    ending: signal.Signals = signal.SIGTERM,
    patience: float = 10.0,
) -> None:
    """End `process` and its group: `ending`, up to `patience` seconds, then SIGKILL."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(ending)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    sweep(process)


def sweep(process: "subprocess.Popen[bytes]") -> None:
    """Kill whatever is left of the group of `process`, which itself is over or about to be."""
    guard.end({process.pid: signal.SIGKILL}, patience=0)
    process.wait()
    _tell(f"-{process.pid}")


def lock(path: Path) -> int | None:
    """Lock the file `path` for this process; None when another one holds it.

    Returns the open descriptor: the lock lasts until it is closed or the process is gone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def private(directory: Path) -> Path:
    """Make `directory` for its owner alone; raises SystemExit when it is somebody else's."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid not in {os.geteuid(), 65534 if os.geteuid() == 0 else os.geteuid()}:
        raise SystemExit(
            f"{directory} belongs to another user: remove it or set RECOURSE_DATA_DIR."
        )
    directory.chmod(0o700)
    return directory


def _tell(line: str) -> None:
    global _guard
    if _guard is None:
        _guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        atexit.register(_dismiss, _guard)
    if _guard.stdin is None:
        raise RuntimeError("The guard was started without a pipe.")
    _guard.stdin.write(line + "\n")


def _dismiss(waiting: "subprocess.Popen[str]") -> None:
    """End the guard, and with it whatever is still running."""
    if waiting.stdin:
        waiting.stdin.close()
    waiting.wait()
