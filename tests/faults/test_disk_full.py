"""The disk of the database is full: a clear 503, and it goes on once there is space again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.installation import Installation, until
from tests.faults.senders import sending

MIB = 1024 * 1024


@contextmanager
def small_disk(place: Path, *, mib: int) -> Iterator[None]:
    """A file system of that size at *place*; the test is skipped where none can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("Only root can mount the small disk.")
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", str(place)],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("This machine does not let root mount the small disk.")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture(scope="module")
def cramped() -> Iterator[Installation]:
    """An installation whose database has a disk of 400 MiB for itself."""
    with tempfile.TemporaryDirectory(prefix="recourse-disk-") as directory:
        place = Path(directory)
        with (
            small_disk(place / "postgres", mib=400),
            Installation(place) as installation,
        ):
            yield installation


def fill(ballast: Path, *, leave: int) -> None:
    """Fill the disk on which *ballast* lies with it, but for *leave* bytes."""
    free = shutil.disk_usage(ballast.parent).free
    # The database takes of it meanwhile, perhaps the last.
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        for _ in range((free - leave) // MIB):
            file.write(b"\0" * MIB)


@pytest.mark.parametrize("leave", [8 * MIB, 40 * MIB], ids=["log", "tables"])
def test_the_disk_is_full(cramped: Installation, leave: int) -> None:
    """Where the log finds no space PostgreSQL stops, where a table finds none it goes on."""
    port, key = cramped.port, cramped.key
    ballast = cramped.directory / "postgres" / "ballast"
    with sending(port, key, name=f"disk-{leave}", senders=4, size=100) as sent:
        until(lambda: sent.statuses[202] > 4, seconds=30, what="senders are at work")
        fill(ballast, leave=leave)
        until(lambda: sent.statuses[503] >= 4, seconds=60, what="503 is answered")
        before = sent.statuses[202]
        ballast.unlink()

        def goes_on() -> bool:
            cramped.keep_up()
            return sent.statuses[202] > before + 10

        until(goes_on, seconds=60, what="events go in again")

    assert set(sent.statuses) == {202, 503}, sent.statuses
    assert (sent.without_retry_after, sent.broken) == (0, 0)
    assert sent.results["rejected"] == 0
    assert len(sent.acknowledged) == len(set(sent.acknowledged))
    cramped.check_nothing_lost(sent.acknowledged)
