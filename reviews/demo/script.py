"""Written dialogues and how they are performed.

A dialogue is written once, in ``dialogues/<language>[_<theme>].toml``, and performed many times
with small differences. Its turns alternate, user first:

- ``U: …`` the user, ``A: …`` the model, ``A refusal redirect: …`` the model with what the
  service noted of that turn (``refusal``, ``redirect``, ``warning``);
- ``?U: …`` this turn and its answer are spoken half of the time;
- ``2U: …`` they are always spoken under the second, stricter policy, else now and then;
- ``[one|two]`` one of these, chosen anew each time; ``{slot}`` the same choice all through.

The last answer is the one that ends the conversation.
"""

from __future__ import annotations

import random
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, cast

import msgspec

from reviews.demo.dice import named_random
from reviews.demo.people import LANGUAGES, Language

FOLDER = Path(__file__).parent / "dialogues"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
YOURS = {"my": "your", "our": "your", "mon": "ton", "ma": "ta"}
THEIRS = {"my": "their", "our": "their", "mon": "their", "ma": "their"}
_SOMETIMES = 0.5
_STRICTER_BEFORE_ITS_TIME = 0.25


class Dialogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One invented conversation and what is known of it.

    ``uses`` says whether it may be performed as a cutoff, a near miss or both; a near miss of one
    written for both stops before its last exchange. ``flawed``: ending it was wrong, and ``codes``
    and ``note`` say why; otherwise they say why it was right. ``followed``: was the policy
    followed. ``comments`` and ``reason`` are what this user might send as feedback. ``severity``,
    ``distress`` and ``risk`` (of self-harm) are the middle of what is reported, 0 to 1.
    ``annotated_only``: a turn counts as a warning only because the service noted it as one.
    """

    key: str
    category: str
    severity: float
    turns: list[str]
    rationale: str
    uses: Literal["both", "cutoff", "near_miss"] = "both"
    initiator: Literal["model", "user", "operator"] = "model"
    confirmed: bool | None = None
    flawed: bool = False
    breach: bool = False
    adults_only: bool = False
    annotated_only: bool = False
    weight: float = 1.0
    distress: float = 0.2
    risk: float = 0.02
    codes: list[str] = []
    followed: Literal["yes", "no", "unclear"] = "yes"
    note: str = ""
    slots: dict[str, list[str]] = {}
    comments: list[str] = []
    reason: str | None = None


class Remarks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Feedback that fits any dialogue of a language: ``[reason code or "", comment]`` each."""

    surprised: list[tuple[str, str]]
    unsurprised: list[str]


class Turn(msgspec.Struct, frozen=True):
    """One spoken turn. ``exchange`` is the index of its pair in the written dialogue."""

    role: Literal["user", "assistant"]
    text: str
    labels: tuple[str, ...]
    exchange: int


class Exchange(msgspec.Struct, frozen=True):
    """What the user says and what the model answers, as written."""

    presence: Literal["always", "sometimes", "stricter"]
    user: str
    assistant: str
    labels: tuple[str, ...]


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """One performance's name (its rolls follow from it) and manner.

    ``origin`` is the name of the conversation that this one branches off, at exchange
    ``branch_at``: before that, both say the same.
    """

    name: str
    stricter: bool
    casual: bool
    origin: str | None = None
    branch_at: int = 0


@cache
def exchanges(dialogue_key: str) -> tuple[Exchange, ...]:
    """The written exchanges of a dialogue, parsed."""
    turns = dialogue(dialogue_key).turns
    return tuple(
        _parsed(user, answer) for user, answer in zip(turns[::2], turns[1::2], strict=True)
    )


def _parsed(user: str, answer: str) -> Exchange:
    mark, _, said = user.partition("U: ")
    head, _, answered = answer.partition(": ")
    presence = {"": "always", "?": "sometimes", "2": "stricter"}[mark]
    return Exchange(
        presence=cast("Literal['always', 'sometimes', 'stricter']", presence),
        user=said,
        assistant=answered,
        labels=tuple(head.split()[1:]),
    )


@cache
def library() -> dict[Language, list[Dialogue]]:
    """All dialogues by language.

    :raises msgspec.ValidationError: when a file says something that a dialogue does not have.
    """
    return {
        language: [
            msgspec.convert(entry, Dialogue)
            for path in sorted(FOLDER.glob(f"{language}*.toml"))
            for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("dialogue", [])
        ]
        for language in LANGUAGES
    }


@cache
def _by_key() -> dict[str, Dialogue]:
    return {entry.key: entry for entries in library().values() for entry in entries}


def dialogue(key: str) -> Dialogue:
    """The dialogue with this key.

    :raises KeyError: when there is none.
    """
    return _by_key()[key]


@cache
def remarks(language: Language) -> Remarks:
    """What users of this language say as feedback, whatever the dialogue."""
    path = FOLDER / "remarks.toml"
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"))[language], Remarks)


def performance(seed: int, conversation_id: str) -> str:
    """The name of the performance that a conversation is; all its rolls follow from it."""
    return f"{seed}/{conversation_id}"


def props(key: str, name: str) -> dict[str, str]:
    """What fills the dialogue's slots in the performance called ``name``."""
    rng = named_random(name, "slots")
    return {slot: rng.choice(values) for slot, values in dialogue(key).slots.items()}


def spoken(text: str, rng: random.Random, slots: dict[str, str] | None = None) -> str:
    """``text`` with its choices made and its slots filled."""
    chosen = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), text)
    return _SLOT.sub(lambda match: _fitted((slots or {})[match.group(1)], match), chosen)


def told(key: str, text: str, rng: random.Random, name: str) -> str:
    """What a third person tells of the performance ``name``: a rationale, a verdict's note."""
    return spoken(text, rng, voiced(props(key, name), THEIRS))


def voiced(slots: dict[str, str], owners: dict[str, str]) -> dict[str, str]:
    """``slots`` in another mouth: the user's “my sister” is the model's “your sister”."""
    words = {name: filling.split(" ", 1) for name, filling in slots.items()}
    return {
        name: " ".join([owners.get(first, first), *rest]) for name, (first, *rest) in words.items()
    }


def _fitted(filling: str, gap: re.Match[str]) -> str:
    """A filling begins with a capital where it begins a sentence."""
    before = gap.string[: gap.start()].rstrip("“¿¡ ")
    return filling[:1].upper() + filling[1:] if before[-1:] in {"", ".", "!", "?"} else filling


def perform(key: str, take: Take) -> list[Turn]:
    """The dialogue's turns, from the first to the one that ends it."""
    slots = props(key, take.origin or take.name)
    turns = []
    for index, exchange in enumerate(exchanges(key)):
        shared = take.origin is not None and index < take.branch_at
        rng = named_random(take.origin if shared else take.name, index)
        if not _present(exchange, take.stricter, rng.random()):
            continue
        said = spoken(exchange.user, rng, slots)
        turns.append(Turn("user", _casual(said) if take.casual else said, (), index))
        answer = spoken(exchange.assistant, rng, voiced(slots, YOURS))
        turns.append(Turn("assistant", answer, exchange.labels, index))
    return turns


def _present(exchange: Exchange, stricter: bool, roll: float) -> bool:
    if exchange.presence == "sometimes":
        return roll < _SOMETIMES
    return exchange.presence == "always" or stricter or roll < _STRICTER_BEFORE_ITS_TIME


def _casual(text: str) -> str:
    """As somebody types who does not bother: no first capital, no full stop at the end."""
    shouting = text[:2].isupper() or text.startswith(("I ", "I'"))
    start = text[0] if shouting else text[0].lower()
    return start + text[1:].removesuffix(".")
