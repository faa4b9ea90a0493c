"""Doing the same thing many times at once, each on a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

Outcome = TypeVar("Outcome")

#: Seconds; whoever is not there by then never will be.
PATIENCE = 30


def at_once(*calls: Callable[[], Outcome]) -> list[Outcome | Exception]:
    """What each of *calls*, begun at the same moment in threads, returned or raised, in order."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Outcome]) -> Outcome | Exception:
        try:
            _connect()
            start.wait(PATIENCE)
            return call()
        except Exception as error:  # noqa: BLE001 - it is the outcome
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def _connect() -> None:
    """A connection of this thread alone: the pool would hand out fewer than there are threads."""
    settings = connection.settings_dict
    options = {key: value for key, value in settings["OPTIONS"].items() if key != "pool"}
    connection.settings_dict = {**settings, "OPTIONS": options}
    connection.ensure_connection()
