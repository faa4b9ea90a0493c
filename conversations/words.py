"""The words by which transcripts are found. The same rules make the index and the query.

Words are runs of letters, marks and digits, after NFKC and case folding; no stemming, since a
queue holds many languages. Scripts that put no spaces between words are cut into pairs of
characters. Nothing here depends on the locale of a database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

#: Characters of a word that count; what is longer is found by its beginning.
LONGEST = 64
#: Bytes of words in one row of the index: a tenth of what PostgreSQL takes in one.
ROW_BYTES = 100_000
#: Words of a query that count.
MOST_TERMS = 16

# Han, kana, bopomofo, hangul, and their compatibility forms where NFKC leaves any.
_UNSPACED = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3041-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
_UNSPACED += "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
# Vowel signs and other marks belong to their word, though they are no letters.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0eff"
_MARKS += "\u1000-\u109f\u1780-\u17ff"
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_WORD = re.compile(rf"[\w{_MARKS}]+")
# As it was written: an underscore parts words, as in the index.
_WRITTEN = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")


def index_words(texts: Iterable[str]) -> set[str]:
    """The words under which a transcript of these *texts* is found."""
    spaced, unspaced = _runs("\n".join(texts))
    found = {word[:LONGEST] for word in spaced}
    for run in unspaced:
        found.update(_pairs(run))
        # By itself, so that a query of one character finds it at the end of a run too.
        found.add(run[-1])
    return found


def index_text(texts: Iterable[str]) -> str:
    """The words of short *texts* as the text of a ``tsvector``: none of them needs quoting."""
    return " ".join(sorted(index_words(texts)))


def rows(words: set[str]) -> Iterator[list[str]]:
    """*words* in order, in lists of at most :data:`ROW_BYTES` bytes of UTF-8."""
    if len("".join(words).encode()) <= ROW_BYTES:
        yield from [sorted(words)] if words else []
        return
    row: list[str] = []
    size = 0
    for word in sorted(words):
        length = len(word.encode())
        if row and size + length > ROW_BYTES:
            yield row
            row, size = [], 0
        row.append(word)
        size += length
    if row:
        yield row


def query_terms(query: str) -> list[str]:
    """What all has to be found for *query*, as PostgreSQL's ``tsquery`` texts, each one word.

    Empty where the query has no word. Only the first :data:`MOST_TERMS` count.
    """
    spaced, unspaced = _runs(query)
    terms = [f"'{word[:LONGEST]}'" for word in spaced]
    for run in unspaced:
        terms += [f"'{pair}'" for pair in _pairs(run)] or [f"'{run}':*"]
    return list(dict.fromkeys(terms))[:MOST_TERMS]


def places(text: str, query: str) -> list[tuple[int, int]]:
    """Where the words of *query* stand in *text*: beginnings and ends, in order, apart."""
    spaced, unspaced = _runs(query)
    wanted = {word[:LONGEST] for word in spaced}
    folded = _folded(text)
    if not any(word in folded for word in (*wanted, *unspaced)):
        return []
    found = []
    for run in _WRITTEN.finditer(text):
        start, written = run.start(), _folded(run[0])
        if written[:LONGEST] in wanted:
            found.append(run.span())
        elif len(written) == len(run[0]):
            found += [(start + at, start + end) for at, end in _within(written, wanted, unspaced)]
    return found


def _within(written: str, wanted: set[str], unspaced: list[str]) -> list[tuple[int, int]]:
    """Where in a run of mixed scripts the words stand. Its folded form is as long as itself."""
    spans = [match.span() for part in unspaced for match in re.finditer(re.escape(part), written)]
    if _UNSPACED_RUN.search(written):
        spans += [
            match.span()
            for match in _WORD.finditer(_UNSPACED_RUN.sub(_blank, written))
            if match[0][:LONGEST] in wanted
        ]
    kept: list[tuple[int, int]] = []
    for span in sorted(spans):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _blank(run: re.Match[str]) -> str:
    return " " * len(run[0])


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _runs(text: str) -> tuple[list[str], list[str]]:
    """The words of *text*, and its runs of characters of scripts without spaces."""
    folded = _folded(text).replace("_", " ")
    unspaced = _UNSPACED_RUN.findall(folded)
    if unspaced:
        folded = _UNSPACED_RUN.sub(" ", folded)
    return _WORD.findall(folded), unspaced


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]
