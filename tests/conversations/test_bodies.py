"""Reading bodies: bounded, whatever they claim to be."""

from __future__ import annotations

import gzip
import io

import pytest
import zstandard

from conversations import bodies

WORDS = b"a quiet garden " * 10_000
ZSTD = zstandard.ZstdCompressor()
PACKED = {
    "": WORDS,
    "identity": WORDS,
    "gzip": gzip.compress(WORDS),
    "X-GZIP": gzip.compress(WORDS),
    "zstd": ZSTD.compress(WORDS),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_what_was_packed_comes_out(encoding: str) -> None:
    found = bodies.decompress(PACKED[encoding], encoding=encoding, limit=len(WORDS))
    assert found == WORDS


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_one_byte_over_the_limit_is_too_much(encoding: str) -> None:
    with pytest.raises(bodies.TooLarge):
        bodies.decompress(PACKED[encoding], encoding=encoding, limit=len(WORDS) - 1)


def test_a_body_in_two_members_is_read_whole() -> None:
    for encoding, pack in (("gzip", gzip.compress), ("zstd", ZSTD.compress)):
        two = pack(b"one ") + pack(b"two")
        assert bodies.decompress(two, encoding=encoding, limit=99) == b"one two"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("broken", [b"no such thing", PACKED["gzip"][:5]], ids=["other", "header"])
def test_what_is_not_what_it_says_is_corrupt(encoding: str, broken: bytes) -> None:
    with pytest.raises(bodies.Corrupt):
        bodies.decompress(broken, encoding=encoding, limit=10**7)


def test_a_gzip_body_that_ends_too_early_is_corrupt() -> None:
    with pytest.raises(bodies.Corrupt):
        bodies.decompress(PACKED["gzip"][:-5], encoding="gzip", limit=10**7)


def test_an_encoding_nobody_reads_is_named() -> None:
    with pytest.raises(bodies.UnknownEncoding):
        bodies.decompress(b"", encoding="br", limit=9)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_never_unpacked_whole(encoding: str) -> None:
    """A hundred megabytes in a few kilobytes: stopped after the first piece over the limit."""
    zeros = bytes(100 * 2**20)
    bomb = gzip.compress(zeros) if encoding == "gzip" else ZSTD.compress(zeros)
    assert len(bomb) < 2**20
    with pytest.raises(bodies.TooLarge):
        bodies.decompress(bomb, encoding=encoding, limit=bodies.PIECE)


def test_reading_stops_at_the_limit() -> None:
    assert bodies.read(io.BytesIO(WORDS), limit=len(WORDS)) == WORDS
    stream = io.BytesIO(WORDS)
    with pytest.raises(bodies.TooLarge):
        bodies.read(stream, limit=10)
    assert stream.tell() <= bodies.PIECE
