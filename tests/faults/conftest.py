"""One installation for all faults but that of the full disk, which has its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.installation import Installation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this directory; ``-m "not faults"`` leaves it out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def shared_installation() -> Iterator[Installation]:
    """Started once a session."""
    with (
        tempfile.TemporaryDirectory(prefix="recourse-faults-") as directory,
        Installation(Path(directory)) as installation,
    ):
        yield installation


@pytest.fixture
def installation(shared_installation: Installation) -> Installation:
    """All servers up, whatever the test before did to them."""
    shared_installation.settle()
    return shared_installation
