"""Whether a text quotes what somebody said.

Pure. A quotation is five words in a row, whatever their case and whatever stands between them.
In scripts without spaces it is eight characters; there it errs on the side of finding one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

Key = TypeVar("Key", bound=Hashable)

# Thai, Lao, Burmese, Khmer, kana, Han, half-width kana.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f"
_WORD: Final = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+")
_UNSPACED_CHARACTER: Final = re.compile(rf"[{_UNSPACED}]")

# A word weighs 8 and a character of a script without spaces 5: five words, or eight characters.
_WORD_WEIGHT: Final = 8
_CHARACTER_WEIGHT: Final = 5
_QUOTATION: Final = 40


def quoting(texts: Mapping[Key, str], said: Iterable[str]) -> set[Key]:
    """The keys of those *texts* that quote something of *said*. Linear in their length."""
    wanted: dict[tuple[str, ...], set[Key]] = {}
    for key, text in texts.items():
        for run in _runs(text):
            wanted.setdefault(run, set()).add(key)
    if not wanted:
        return set()
    found: set[Key] = set()
    for one in said:
        for run in _runs(one):
            found |= wanted.get(run, set())
    return found


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of words just long enough to be a quotation."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    weights = [
        _CHARACTER_WEIGHT if _UNSPACED_CHARACTER.match(word) else _WORD_WEIGHT for word in words
    ]
    end = weight = 0
    for start, first in enumerate(weights):
        while weight < _QUOTATION and end < len(words):
            weight += weights[end]
            end += 1
        if weight < _QUOTATION:
            return
        yield tuple(words[start:end])
        weight -= first
