"""Which language a text is in, told by its script and its commonest words.

Small on purpose: it has to keep English apart from the rest, because only English was
measured (docs/evidence.md). A word list of nine languages and nine scripts is enough for
that; for anything else the answer is ``""``, which reads as "not known".
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Final

SAMPLE: Final = 600
"""Characters read from the start and again from the end of a long text."""

_WORD: Final = re.compile(r"[^\W\d_]+")

# Order matters: kana decides for Japanese before Han is taken for Chinese.
_SCRIPTS: Final = tuple(
    (language, re.compile(f"[{characters}]"))
    for language, characters in (
        ("ja", "\u3040-\u30ff"),
        ("ko", "\uac00-\ud7af\u1100-\u11ff"),
        ("zh", "\u4e00-\u9fff\u3400-\u4dbf"),
        ("ru", "\u0400-\u04ff"),
        ("ar", "\u0600-\u06ff"),
        ("he", "\u0590-\u05ff"),
        ("hi", "\u0900-\u097f"),
        ("th", "\u0e00-\u0e7f"),
        ("el", "\u0370-\u03ff"),
    )
)
_OTHER_SCRIPT_SHARE: Final = 0.2
# One kana in five characters of East Asian text is enough: Japanese is half Han.
_KANA_SHARE: Final = 0.1

_COMMON: Final = {
    language: frozenset(words.split())
    for language, words in {
        "en": (
            "the and to of a in is that it for you with on was i my me this have are not be but "
            "what can your do how so if they he she we just im dont cant its will would could "
            "should as at or from about no yes please thanks hello hi hey stop want know like "
            "who why when where which there their has had been were did does an by our us him "
            "her them ok okay good all out up get go am any some more think help never really "
            # Words of few-word messages that must not go unread for want of a language.
            "myself yourself kill suicide suicidal dead death alive live life anymore hate feel "
            "tired hurt alone"
        ),
        "de": (
            "der die das und ich du ist nicht ein eine zu mit auf für wie was mir mich es wir sie "
            "er den dem von hast habe kann bitte danke auch aber nur noch wenn warum ja nein sind "
            "mein dein im so man will hallo einen schon sich bin"
        ),
        "es": (
            "el la los las que de y en un una no es por con para me mi tu te se lo como qué pero "
            "más si sí yo muy gracias hola puedes quiero está estoy del al eres cómo hay"
        ),
        "fr": (
            "le la les des et je tu est pas un une que qui dans pour avec vous nous ne ce il elle "
            "mon ma mes de du en sur mais plus comment merci bonjour suis c j d au oui non"
        ),
        "it": (
            "il lo la gli le di che e è non un una per con mi ti si io tu sono come ma del della "
            "nel più grazie ciao cosa perché ho hai questo voglio"
        ),
        "pt": (
            "o a os as de que e é não um uma para com eu você me se do da no na em por mais mas "
            "como obrigado olá quero está estou isso meu minha"
        ),
        "nl": (
            "de het een en ik je is niet van dat op te met voor zijn er maar wat hoe mijn ben heb "
            "kan wil dit ook aan naar bedankt hallo jij waarom"
        ),
        "pl": (
            "nie się to jest na że w z i do jak co mi ja czy ale dla tak mnie proszę jestem mam "
            "dzięki po tego"
        ),
        "tr": (
            "bir ve bu için ben sen ne de da mi mı çok ama var yok nasıl değil evet hayır bana "
            "teşekkürler merhaba ile"
        ),
    }.items()
}
_LANGUAGES_OF: Final[dict[str, list[str]]] = defaultdict(list)
for _language, _words in _COMMON.items():
    for _word in _words:
        _LANGUAGES_OF[_word].append(_language)

_LONG: Final = 20
_LEAST_SHARE: Final = 0.15


def primary_subtag(locale: str) -> str:
    """Return the language of a BCP 47 tag in lower case (``pt-BR`` gives ``pt``), or ``""``."""
    subtag = re.split(r"[-_]", locale.strip(), maxsplit=1)[0].lower()
    return subtag if 2 <= len(subtag) <= 3 and subtag.isalpha() and subtag.isascii() else ""


def detect(text: str, *, locale: str = "") -> str:
    """Return the primary language subtag of ``text``, or ``""`` where it cannot be told.

    ``locale`` is asked only when the text is too short or too even to tell by itself. Of a
    long text the first and the last :data:`SAMPLE` characters are read.
    """
    if len(text) > 2 * SAMPLE:
        text = f"{text[:SAMPLE]} {text[-SAMPLE:]}"
    if not text.isascii() and (script := _by_script(text)):
        return script
    return _by_words(text) or primary_subtag(locale)


def _by_script(text: str) -> str:
    letters = sum(map(str.isalpha, text))
    for language, characters in _SCRIPTS:
        least = _KANA_SHARE if language == "ja" else _OTHER_SCRIPT_SHARE
        if letters and len(characters.findall(text)) >= least * letters:
            return language
    return ""


def _by_words(text: str) -> str:
    words = _WORD.findall(text.lower().replace("'", "").replace("’", ""))
    known = _LANGUAGES_OF.keys()
    hits = Counter(
        language for word in words if word in known for language in _LANGUAGES_OF[word]
    ).most_common(2)
    if not hits or (len(hits) == 2 and hits[0][1] == hits[1][1]):
        return ""
    language, best = hits[0]
    if len(words) >= _LONG and best < _LEAST_SHARE * len(words):
        return ""
    return language
