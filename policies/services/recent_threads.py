"""What previews have just looked up of conversations, kept in the process for a minute.

A slider that moves asks for the same audited cutoffs again and again; looking up whose they are
took a sixth of a preview. Kept backtests look up anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

#: Seconds after which all is forgotten: somebody's thread may have been ended again meanwhile.
KEPT_FOR: Final = 60.0
#: Conversations; with 48 bytes each, more are not worth their room.
MOST: Final = 200_000

Packed = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class _Known:
    ids: Packed
    threads: Packed
    until: float


class RecentThreads:
    """Looks up with *look_up* what it does not know: a row for each id, in their order."""

    def __init__(
        self, look_up: Callable[[Packed], Packed], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look_up, self._clock = look_up, clock
        # Replaced as a whole: several threads of a server process may ask at once.
        self._known: _Known | None = None

    def __call__(self, ids: Packed) -> Packed:
        """The rows of *ids*."""
        known = self._known
        if known is None or known.until <= self._clock() or not known.ids.size:
            fresh = self._look_up(ids)
            self._keep(ids, fresh, self._clock() + KEPT_FOR)
            return fresh
        place = np.searchsorted(known.ids, ids).clip(max=known.ids.size - 1)
        missing = known.ids[place] != ids
        found: Packed = known.threads[place]
        if missing.any():
            found[missing] = self._look_up(ids[missing])
            self._keep(
                np.concatenate([known.ids, ids[missing]]),
                np.concatenate([known.threads, found[missing]]),
                known.until,
            )
        return found

    def _keep(self, ids: Packed, threads: Packed, until: float) -> None:
        if ids.size <= MOST:
            distinct, first = np.unique(ids, return_index=True)
            self._known = _Known(distinct, threads[first], until)
