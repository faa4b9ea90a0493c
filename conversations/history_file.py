"""A history file, plain or gzipped, read line by line in bounded memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

_GZIP_MAGIC: Final = b"\x1f\x8b"


class DamagedFileError(Exception):
    """The file cannot be read to its end."""


class HistoryFile:
    """Numbered lines of a file, and how much of the file has been read.

    Whether it is gzipped is seen from its first bytes, whatever its name. A line longer than
    ``max_line_bytes`` is cut after one byte more, so that it can be told and costs no memory.
    """

    def __init__(self, path: Path, *, max_line_bytes: int) -> None:
        """Open the file. Raises :class:`OSError` when it cannot be opened."""
        self._max = max_line_bytes
        self._size = max(path.stat().st_size, 1)
        self._raw: BinaryIO = path.open("rb")
        zipped = self._raw.read(2) == _GZIP_MAGIC
        self._raw.seek(0)
        self._lines = cast("BinaryIO", gzip.GzipFile(fileobj=self._raw)) if zipped else self._raw

    def __enter__(self) -> Self:
        """Close the file at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._raw.close()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Each line that is not blank with its number, counted from 1.

        Raises :class:`DamagedFileError` where a gzipped file breaks off or is corrupt.
        """
        number = 0
        try:
            while line := self._lines.readline(self._max + 1):
                number += 1
                self._skip_rest_of(line)
                if line.strip():
                    yield number, line
        except (OSError, EOFError, zlib.error) as error:
            raise DamagedFileError(f"The file is damaged after line {number}: {error}") from error

    def fraction_read(self) -> float:
        """How much of the file, as it lies on the disk, has been read: 0 to 1."""
        return min(self._raw.tell() / self._size, 1.0)

    def _skip_rest_of(self, line: bytes) -> None:
        while len(line) > self._max and not line.endswith(b"\n"):
            line = self._lines.readline(self._max + 1)
