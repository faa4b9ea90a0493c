"""What stays of media once their bytes are dropped: type, size and hash."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

#: Strings of at most so many characters stay as they are, whatever they hold.
LONGEST_UNREAD = 1024

_BASE64 = re.compile(r"[A-Za-z0-9+/_\r\n-]+={0,2}[\r\n]*")
_URL_SAFE = str.maketrans("-_", "+/")


class Trace(NamedTuple):
    """Media without its bytes: ``size`` in bytes, ``sha256`` in hex."""

    media_type: str
    size: int
    sha256: str

    def __str__(self) -> str:
        return f"[{self.media_type or 'bytes'}, size {self.size}, sha256 {self.sha256}]"


def of_base64(text: str) -> Trace:
    """The trace of Base64 in either alphabet, padded or not; what is none stands for itself."""
    try:
        content = base64.b64decode(text.translate(_URL_SAFE) + "==")
    except ValueError:
        content = text.encode()
    return _trace(content, "")


def of_data_url(url: str) -> Trace:
    """The trace of what a ``data:`` URL holds."""
    header, _, data = url.partition(",")
    media_type = header.removeprefix("data:").split(";")[0]
    if header.endswith(";base64"):
        return of_base64(data)._replace(media_type=media_type)
    return _trace(unquote_to_bytes(data), media_type)


def _trace(content: bytes, media_type: str) -> Trace:
    return Trace(media_type, len(content), hashlib.sha256(content).hexdigest())


def without_bytes(value: Any) -> Any:
    """*value*, of an unknown kind, with a note in place of each long Base64 text or data URL."""
    match value:
        case str() if len(value) > LONGEST_UNREAD:
            return _noted(value)
        case dict():
            return {key: without_bytes(item) for key, item in value.items()}
        case list():
            return [without_bytes(item) for item in value]
        case _:
            return value


def _noted(text: str) -> str:
    if text.startswith("data:"):
        return str(of_data_url(text))
    return str(of_base64(text)) if _BASE64.fullmatch(text) else text
