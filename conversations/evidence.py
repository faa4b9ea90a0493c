"""What a transcript itself shows, read without anybody's help.

Refusals, redirects and warnings of the model, crisis cues of the user, and whether the user
asked to end the conversation. What the service noted of its own turns wins over what is
inferred here. The inference was measured on English (docs/evidence.md); in any other language
it stays silent and says that it was not assessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

import msgspec

from conversations import crisis, languages, phrases
from conversations.transcripts import Message

EVIDENCE_VERSION: Final = 1
"""Raised whenever the reading changes, so that stored evidence can be told apart."""

MEASURED_LANGUAGES: Final = frozenset({"en"})
"""Languages in which the inference was measured."""

Basis = Literal["reported", "inferred"]
"""``reported``: the service's own annotation. ``inferred``: read from the words."""


class Mark(msgspec.Struct, frozen=True):
    """A turn, counted from 1, and how it is known."""

    turn: int
    basis: Basis


class Evidence(msgspec.Struct, frozen=True):
    """What was found in one transcript. Turns are counted from 1 over all messages.

    ``language`` is the user's, or the assistant's where the user says too little to tell. Where
    ``assessed`` is false the language of the assistant was not measured: inferred marks and the
    request to end are absent, which says nothing. ``crisis_assessed`` says the same of the
    user's language and the crisis cues. ``turns_after_warning`` counts user turns after the
    last warning; ``None`` where there is no warning. ``end_requested`` is the user turn that
    asks, in so many words, to end the conversation and was not taken back; ``end_confirmed``
    the later user turn that confirms it.
    """

    version: int
    language: str
    assessed: bool
    crisis_assessed: bool
    refusals: tuple[Mark, ...]
    redirects: tuple[Mark, ...]
    warnings: tuple[Mark, ...]
    turns_after_warning: int | None
    crisis_cues: tuple[Mark, ...]
    end_requested: int | None
    end_confirmed: int | None


def assess(messages: Sequence[Message], *, locale: str = "") -> Evidence:
    """Read a transcript. ``locale`` is a BCP 47 tag, asked where the text is too short to tell.

    Never raises for any content; takes time linear in the length of the text.
    """
    user = _turns(messages, "user")
    assistant = _turns(messages, "assistant")
    spoken = languages.detect(_sample(user))
    answered = languages.detect(_sample(assistant))
    language = spoken or answered or languages.primary_subtag(locale)
    assessed = (answered or language) in MEASURED_LANGUAGES
    crisis_assessed = language in MEASURED_LANGUAGES
    warnings = _marks(messages, "warning", assistant, phrases.is_warning, assessed=assessed)
    end_requested, end_confirmed = _end(messages) if crisis_assessed else (None, None)
    return Evidence(
        version=EVIDENCE_VERSION,
        language=language,
        assessed=assessed,
        crisis_assessed=crisis_assessed,
        refusals=_marks(messages, "refusal", assistant, phrases.is_refusal, assessed=assessed),
        redirects=_marks(messages, "redirect", assistant, phrases.is_redirect, assessed=assessed),
        warnings=warnings,
        turns_after_warning=(
            sum(turn > warnings[-1].turn for turn, _ in user) if warnings else None
        ),
        crisis_cues=_found(user, crisis.is_cue) if crisis_assessed else (),
        end_requested=end_requested,
        end_confirmed=end_confirmed,
    )


def _turns(messages: Sequence[Message], role: str) -> list[tuple[int, str]]:
    numbered = enumerate(messages, start=1)
    return [(turn, message.text) for turn, message in numbered if message.role == role]


def _sample(turns: Iterable[tuple[int, str]]) -> str:
    """Join the starts of the turns; a long one must not outweigh the others."""
    return "\n".join(text[: languages.SAMPLE] for _, text in turns)


def _marks(
    messages: Sequence[Message],
    annotation: str,
    turns: Sequence[tuple[int, str]],
    is_one: Callable[[str], bool],
    *,
    assessed: bool,
) -> tuple[Mark, ...]:
    reported = tuple(
        Mark(turn, "reported")
        for turn, message in enumerate(messages, start=1)
        if annotation in message.annotations
    )
    if reported or not assessed:
        return reported
    return _found(turns, is_one)


def _found(turns: Sequence[tuple[int, str]], is_one: Callable[[str], bool]) -> tuple[Mark, ...]:
    return tuple(Mark(turn, "inferred") for turn, text in turns if is_one(text))


def _end(messages: Sequence[Message]) -> tuple[int | None, int | None]:
    """Return the user turns that ask to end the conversation and that confirm it.

    A bare "yes" confirms only as the user's next word after the request, with an answer of the
    assistant in between. Asking again after such an answer confirms too.
    """
    requested: int | None = None
    answered = next_word = False
    for turn, message in enumerate(messages, start=1):
        if message.role == "assistant":
            answered = requested is not None
        elif message.role == "user" and (text := message.text).strip():
            asks = phrases.asks_to_end(text)
            if requested is None:
                requested, next_word = (turn, True) if asks else (None, False)
            elif answered and (asks or (next_word and phrases.says_yes(text))):
                return requested, turn
            elif phrases.takes_back(text):
                requested = None
            else:
                next_word = next_word and not answered
    return requested, None
