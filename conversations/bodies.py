"""Reading request bodies of bounded size, compressed or not.

The stream is read and counted piece by piece: neither a body that lies about its length nor a
small one that unpacks to gigabytes is ever held in memory whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

PIECE = 64 * 1024

#: Each member of a gzip body costs time, even an empty one of 20 bytes.
MOST_MEMBERS = 1000


class Readable(Protocol):
    """A stream of bytes, such as Django's request."""

    def read(self, size: int = ..., /) -> bytes:
        """At most *size* bytes; none at the end."""
        ...


class TooLarge(Exception):
    """More bytes than allowed."""


class UnknownEncoding(Exception):
    """A Content-Encoding that is not read here."""


class Corrupt(Exception):
    """Bytes that are not what their Content-Encoding says."""


def read(stream: Readable, *, limit: int) -> bytes:
    """All of *stream*, as sent; raises :class:`TooLarge` beyond *limit* bytes."""
    return _joined(_pieces(stream), limit)


def decompress(body: bytes, *, encoding: str, limit: int) -> bytes:
    """*body* without its Content-Encoding (``gzip``, ``zstd``, ``identity`` or empty).

    Raises :class:`TooLarge` as soon as more than *limit* bytes have come out,
    :class:`UnknownEncoding`, or :class:`Corrupt`.
    """
    match encoding.strip().lower():
        case "" | "identity":
            if len(body) > limit:
                raise _too_large(limit)
            return body
        case "gzip" | "x-gzip":
            return _joined(_gunzip(body), limit)
        case "zstd":
            return _joined(_unzstd(body), limit)
        case _:
            raise UnknownEncoding("Content-Encoding is gzip, zstd or absent.")


def _pieces(stream: Readable) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def _joined(pieces: Iterator[bytes], limit: int) -> bytes:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > limit:
            raise _too_large(limit)
    return bytes(whole)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"At most {limit} bytes are taken.")


def _gunzip(body: bytes) -> Iterator[bytes]:
    place, rest = 0, b""
    for _ in range(MOST_MEMBERS):
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not member.eof:
            if not rest:
                rest = body[place : place + PIECE]
                place += len(rest)
            try:
                piece = member.decompress(rest, PIECE)
            except zlib.error:
                raise Corrupt("The body is not gzip.") from None
            rest = member.unconsumed_tail
            if not (piece or rest or member.eof or place < len(body)):
                raise Corrupt("The gzip body ends too early.")
            yield piece
        rest = member.unused_data
        if not rest and place >= len(body):
            return
    raise Corrupt(f"A gzip body has at most {MOST_MEMBERS} members.")


def _unzstd(body: bytes) -> Iterator[bytes]:
    # A frame may ask for a window of gigabytes: 8 MiB is what every encoder stays under.
    reader = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).stream_reader(
        body, read_across_frames=True
    )
    try:
        while piece := reader.read(PIECE):
            yield piece
    except zstandard.ZstdError:
        raise Corrupt("The body is not zstd.") from None
