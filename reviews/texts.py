"""Words of an installation's own in its notices: for whom, what may be written, what differs.

They take the place of the product's words in a few slots. Whom to call, what to do in danger, how
to say that it was wrong and what one can always do are no slots: nobody can take them away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.vocabulary import Category, Initiator
from reviews.languages import in_a_crisis
from reviews.notices import NOT_MEANT, NoticeReason

#: The category of a text that is for all of them.
EVERY: Final = ""

#: What is told about it is told in reviewed languages alone, as all that is said in danger.
CRISIS: Final = Category.SUICIDE_SELF_HARM

#: Characters of why a text was written, refused, or taken out of force.
LONGEST_NOTE: Final = 500


class NoticeKind(models.TextChoices):
    """Whom a notice tells what: each kind has words of its own."""

    BY_ASSISTANT = "by_assistant", gettext_lazy("Ended by the assistant")
    TO_MINOR = "to_minor", gettext_lazy("Ended by the assistant, read by a minor")
    BY_USER = "by_user", gettext_lazy("Ended at the user's request")
    BY_STAFF = "by_staff", gettext_lazy("Ended by staff")


#: The kinds whose notice tells what it was about; the others name no category.
TELLING: Final = frozenset({NoticeKind.BY_ASSISTANT, NoticeKind.TO_MINOR})

_KINDS: Final = {
    Initiator.MODEL: NoticeKind.BY_ASSISTANT,
    Initiator.USER: NoticeKind.BY_USER,
    Initiator.OPERATOR: NoticeKind.BY_STAFF,
}


def kind_of(*, initiator: str, minor: bool) -> NoticeKind | None:
    """The kind of a cutoff's notice; None where only the product's own words will do.

    A minor never reads what was written for adults.
    """
    kind = _KINDS[Initiator(initiator)]
    if not minor:
        return kind
    return NoticeKind.TO_MINOR if kind is NoticeKind.BY_ASSISTANT else None


def initiator_of(kind: str) -> Initiator:
    """Who ended what notices of *kind* tell of."""
    told = NoticeKind.BY_ASSISTANT if kind == NoticeKind.TO_MINOR else kind
    return next(initiator for initiator, known in _KINDS.items() if known == told)


class Scope(NamedTuple):
    """The notices that a text is for; every category and every source where none is named."""

    kind: str
    category: str
    source_id: int | None
    language: str


def wider_categories(scope: Scope) -> list[str]:
    """The categories whose texts may be told in *scope*: its own one, and none in particular.

    Its own is left out where it is about a crisis, and nobody has reviewed the language.
    """
    return [EVERY] if _is_unreviewed_crisis(scope) else [scope.category, EVERY]


def _is_unreviewed_crisis(scope: Scope) -> bool:
    return scope.category == CRISIS and in_a_crisis(scope.language) != scope.language


def scope_faults(scope: Scope) -> dict[str, list[str]]:
    """Why there can be no text for *scope*, by field.

    Cases without a category read what is for every one, and so do restricted notices: nobody can
    write words for those alone.
    """
    found: dict[str, list[str]] = {}
    if scope.category and scope.kind not in TELLING:
        found["category"] = [_("Such a notice names no category: write one text for all of them.")]
    elif scope.category == Category.OTHER:
        found["category"] = [
            _("What has no category reads the text for every category, as restricted notices do.")
        ]
    elif _is_unreviewed_crisis(scope):
        found["language"] = [
            _("Texts about a crisis are served only in languages that somebody has reviewed.")
        ]
    return found


class Words(NamedTuple):
    """What is written into the slots; an empty one keeps the product's words.

    ``heading`` is a line, the others are paragraphs with an empty line between them.
    """

    heading: str
    what_happened: str
    not_meant: str
    can_do: str


#: Characters of each slot.
LONGEST: Final = {"heading": 80, "what_happened": 800, "not_meant": 400, "can_do": 400}

#: Directions that override those of the letters: a text could read otherwise than it is stored.
_OVERRIDING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Controls, lone surrogates, private characters; marks that Arabic needs are none of them.
_UNSEEN: Final = frozenset({"Cc", "Cs", "Co"})
_ADDRESS: Final = re.compile(r"://|\bwww\.|@|[^\W\d_]\.[^\W\d_]{2,}", re.IGNORECASE)
_TAG: Final = re.compile(r"<\s*[/!?a-z]", re.IGNORECASE)
_PHONE: Final = re.compile(r"\d(?:[\s().\-/]*\d){4,}")


def cleaned(text: str) -> str:
    """*text* with the ends of lines that browsers make different made alike, and none outside."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def faults(words: Words, *, category: str) -> dict[str, list[str]]:
    """Why *words* cannot stand in a notice of *category*, by slot; empty where they can."""
    found = {slot: list(_faults(slot, text)) for slot, text in words._asdict().items()}
    if words.heading and category:
        found["heading"].append(
            _("A heading is seen from afar and names no category: only texts for all have one.")
        )
    return {slot: said for slot, said in found.items() if said}


def _faults(slot: str, text: str) -> Iterator[str]:
    if len(text) > LONGEST[slot]:
        yield _("At most %(most)d characters; these are %(many)d.") % {
            "most": LONGEST[slot],
            "many": len(text),
        }
    if slot == "heading" and "\n" in text:
        yield _("A heading is one line.")
    if any(_is_hidden(sign) for sign in text):
        yield _("There are characters in it that nobody sees. Type it anew instead of pasting it.")
    if _TAG.search(text):
        yield _("Plain text only: the signs of HTML would be shown as they are.")
    if _ADDRESS.search(text):
        yield _(
            "No addresses of pages or mail: whoever opened one would tell it that they had such a"
            " notice. If it is none, put a space after the full stop."
        )
    if _PHONE.search(text):
        yield _("No phone numbers: those that somebody verifies stand below on every notice.")


def _is_hidden(sign: str) -> bool:
    return sign in _OVERRIDING or (sign != "\n" and unicodedata.category(sign) in _UNSEEN)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of *text*: what empty lines stand between, each in one line."""
    found = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return [part for part in found if part]


class Told(NamedTuple):
    """What a notice says in its slots, as paragraphs; to what one can do it may add none."""

    heading: str
    what_happened: list[str]
    not_meant: list[str]
    can_do: list[str]


def told(words: Words | None, *, reason: NoticeReason, about: str) -> Told:
    """What a notice says by *words*, or by *reason*, the product's own, where there are none.

    *about* is the sentence on the category, which words for every category lack.
    """
    words = words or Words("", "", "", "")
    happened = paragraphs(words.what_happened)
    if happened and about:
        happened.append(about)
    return Told(
        words.heading or reason.title,
        happened or [reason.text],
        paragraphs(words.not_meant) or [_(NOT_MEANT)],
        paragraphs(words.can_do),
    )


#: Share of words below which two texts are shown whole: word by word nobody could read them.
_LIKENESS: Final = 0.5


class Piece(NamedTuple):
    """A stretch of a text that was compared: kept, ``added`` or ``removed``."""

    change: str
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """What makes *after* of *before*, by whole words; one after the other where few are alike."""
    if before and after and _alike(before.split(), after.split()).ratio() < _LIKENESS:
        return [Piece("removed", before), Piece("", "\n"), Piece("added", after)]
    old, new = re.findall(r"\s+|\S+", before), re.findall(r"\s+|\S+", after)
    found: list[Piece] = []
    for what, i, j, k, m in _alike(old, new).get_opcodes():
        if what == "equal":
            found.append(Piece("", "".join(old[i:j])))
            continue
        if i < j:
            found.append(Piece("removed", "".join(old[i:j])))
        if k < m:
            found.append(Piece("added", "".join(new[k:m])))
    return found


def _alike(old: list[str], new: list[str]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, old, new, autojunk=False)
