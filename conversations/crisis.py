"""Crisis cues: words by which somebody may be telling that they are at risk.

Two readings, either of which raises the flag: a list of careful patterns, and a small linear
model over hashed words and word pairs (``crisis_model.bin``, made by ``tools/train_crisis.py``).
English only. What they find and miss was measured: docs/evidence.md. A cue is a second opinion
that brings a person to look; it is never a finding about anybody.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from conversations.crisis_patterns import CUE, TRIGGERS

WINDOW: Final = 50
"""Words scored together; a long turn is read in windows, and its highest one counts."""

STEP: Final = 25
"""Words from the start of one window to the start of the next."""

MODEL_PATH: Final = Path(__file__).with_name("crisis_model.bin")

_TOKEN: Final = re.compile(r"[a-z0-9@$]+")
_LONGEST_WORD: Final = 30
# How letters are commonly disguised: k1ll, d3@d, $uicide.
_DISGUISE: Final = str.maketrans("013457@$", "oieastas")
_INVISIBLE: Final = str.maketrans("", "", "’‘\u200b\u200c\u200d\u2060\ufeff")
# A pattern reaches no further than this many words from the word that triggers it.
_REACH: Final = 14
_GAP: Final = "|"


class Model(msgspec.Struct, frozen=True):
    """A linear model: ``weights`` are int8, one for each hash bucket, times ``scale``.

    A window's score is the sum of its features' weights divided by the square root of their
    number, plus ``bias``; at or above ``threshold`` the window is a cue.
    """

    buckets: int
    scale: float
    bias: float
    threshold: float
    weights: bytes = b""


def read_model(path: Path = MODEL_PATH) -> Model:
    """Read a model file: one line of JSON, then the weights, one signed byte a bucket.

    Raises ``OSError`` when there is no such file, ``msgspec.DecodeError`` or ``ValueError``
    when it is not a model.
    """
    header, _, weights = path.read_bytes().partition(b"\n")
    model = msgspec.json.decode(header, type=Model)
    if len(weights) != model.buckets:
        raise ValueError(f"{path.name} holds {len(weights)} weights, not {model.buckets}")
    return msgspec.structs.replace(model, weights=weights)


def words(text: str) -> list[str]:
    """Cut a text into lower-case words without apostrophes, disguised letters put back."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    tokens = _TOKEN.findall(text.lower().replace("'", "").replace("*", ""))
    return [
        token if token.isalpha() else _undisguised(token)
        for token in tokens
        if len(token) <= _LONGEST_WORD
    ]


def _undisguised(token: str) -> str:
    if any(map(str.isalpha, token)):
        return token.translate(_DISGUISE)
    return "0"


def features(window: Sequence[str], buckets: int) -> list[int]:
    """Return the hash buckets of the words of a window, then those of its word pairs."""
    singles, pairs = _hashes(window)
    return [feature % buckets for feature in itertools.chain(singles, pairs)]


def _hashes(turn: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return the CRC-32 of every word, and of every word with the next one after a space."""
    encoded = [word.encode() for word in turn]
    singles = list(map(zlib.crc32, encoded))
    # Going on from the first word's CRC gives that of the pair, without joining the two.
    return singles, list(map(zlib.crc32, [b" " + word for word in encoded[1:]], singles))


def windows(length: int) -> Iterator[tuple[int, int]]:
    """Yield where the windows of a turn of ``length`` words start and end (exclusive)."""
    for start in range(0, max(min(length, 1), length - WINDOW + STEP), STEP):
        yield start, min(length, start + WINDOW)


def matches_pattern(turn: Sequence[str]) -> bool:
    """Tell whether a phrase finds a cue. Reads only around the words that no phrase lacks."""
    if TRIGGERS.isdisjoint(turn):
        return False
    near: list[str] = []
    end = 0
    for place, word in enumerate(turn):
        if word in TRIGGERS:
            start = place - _REACH
            if start > end:
                near.append(_GAP)
            near.extend(turn[max(end, start) : place + _REACH])
            end = place + _REACH
    return CUE.search(" ".join(near)) is not None


def highest_score(turn: Sequence[str], model: Model) -> float:
    """Return the model's score of the window that scores highest; ``-inf`` without words."""
    signed = memoryview(model.weights).cast("b")
    singles, pairs = (
        list(itertools.accumulate([signed[each % model.buckets] for each in hashes], initial=0))
        for hashes in _hashes(turn)
    )
    highest = -math.inf
    for start, end in windows(len(turn)):
        total = singles[end] - singles[start] + pairs[end - 1] - pairs[start]
        highest = max(highest, total / math.sqrt(2 * (end - start) - 1))
    return highest * model.scale + model.bias


def is_cue(text: str, model: Model | None = None) -> bool:
    """Tell whether the words of one user turn hold a crisis cue. English is assumed."""
    turn = words(text)
    if matches_pattern(turn):
        return True
    model = model or _shipped_model()
    return highest_score(turn, model) >= model.threshold


_shipped_model = functools.cache(read_model)
