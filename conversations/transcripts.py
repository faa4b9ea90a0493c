"""One message shape for every transcript, whatever format it came in.

Chat services write conversations down in different ways. Four of them are read here
(CONTRACT.md, "transcript.format"); what comes out is always a list of :class:`Message`.
Nothing is dropped but the bytes of media: a part of a kind that is not known is kept as
``unknown`` with its raw JSON, so that a reviewer sees it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]
PartKind = Literal[
    "text", "reasoning", "tool_call", "tool_result", "media", "translation", "unknown"
]


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of a message.

    ``text`` holds words: what was said, a tool call's arguments, a tool's answer, or the raw
    JSON of an unknown part. ``name`` is a tool's name, or the type that an unknown part gave
    itself. ``media_type``, ``size`` (bytes) and ``sha256`` (hex) are what stays of media.
    ``language`` is the BCP 47 tag of a translation.
    """

    kind: PartKind
    text: str = ""
    name: str = ""
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    language: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn. Its number is its place in the transcript, counted from 1.

    ``annotations`` are what the chat service itself noted of the turn: ``refusal``,
    ``redirect``, ``warning``. ``created_at`` is kept as it was sent.
    """

    role: Role
    parts: tuple[Part, ...] = ()
    id: str = ""
    created_at: str = ""
    annotations: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words spoken in this turn, without reasoning, tools, media and translations."""
        return "\n".join(part.text for part in self.parts if part.kind == "text")
