"""The supervisor: what dies is started again, what it started ends with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.supervisor import Program, Supervisor, run
from tests.config.processes import gone, wait_until

# A main process with a child in its group, as web servers and workers are.
FAMILY = "sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; wait"

KEEPER = """
import sys
from pathlib import Path
from config.supervisor import Interrupted, Program, Supervisor

try:
    with Supervisor(lambda text: print(text, flush=True)) as supervisor:
        supervisor.start("one", Program(["sh", "-c", sys.argv[1]], log=Path(sys.argv[2])))
        print("started", flush=True)
        supervisor.keep(interval=0.1)
except Interrupted:
    print("ended", flush=True)
"""


def pids_in(path: Path, count: int) -> list[int]:
    """Wait until the families wrote `count` process ids, and return them."""
    wait_until(lambda: path.exists() and len(path.read_text().splitlines()) >= count)
    return [int(line) for line in path.read_text().splitlines()]


def keeper(tmp_path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            KEEPER,
            FAMILY.format(pids=tmp_path / "pids"),
            str(tmp_path / "log"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_is_left_behind(tmp_path: Path, ending: signal.Signals) -> None:
    with keeper(tmp_path) as supervisor:
        family = pids_in(tmp_path / "pids", 2)

        supervisor.send_signal(ending)

        assert supervisor.stdout
        said = supervisor.stdout.read()
    wait_until(lambda: all(gone(pid) for pid in family))
    assert ("ended" in said) == (ending != signal.SIGKILL)


def test_a_killed_program_is_started_again_without_its_orphans(tmp_path: Path) -> None:
    with keeper(tmp_path) as supervisor:
        child, main = pids_in(tmp_path / "pids", 2)

        os.kill(main, signal.SIGKILL)

        again = pids_in(tmp_path / "pids", 4)[2:]
        assert gone(child)
        assert not any(gone(pid) for pid in again)
        supervisor.terminate()
        assert supervisor.stdout
        assert "one has died; starting it again." in supervisor.stdout.read()


def test_a_program_that_will_not_end_is_killed(tmp_path: Path) -> None:
    stubborn = Program(
        ["sh", "-c", f"trap '' TERM; echo $$ > {tmp_path / 'pids'}; while :; do sleep 0.1; done"],
        log=tmp_path / "log",
    )
    stubborn.start()
    (pid,) = pids_in(tmp_path / "pids", 1)

    stubborn.stop(patience=0.5)

    assert gone(pid)
    assert not stubborn.running()


def test_a_command_that_fails_ends_the_supervisor_with_a_sentence() -> None:
    with pytest.raises(SystemExit, match=r"`-c raise SystemExit\(3\)` failed"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_servers_stop_in_reverse() -> None:
    stopped = []

    class Noted:
        def __init__(self, name: str) -> None:
            self.name = name

        def start(self) -> None:
            """Nothing to start."""

        def stop(self) -> None:
            stopped.append(self.name)

        def running(self) -> bool:
            return True

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Supervisor(print) as supervisor:
            supervisor.start("database", Noted("database"))
            supervisor.start("web", Noted("web"))
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    assert stopped == ["web", "database"]
