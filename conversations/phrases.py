"""Phrases of English conversations: refusing, redirecting, warning, asking to end.

Every pattern is anchored by words that seldom occur and has bounded gaps, so that matching is
linear in the text. Long turns are read at both ends only: a refusal stands at the start, and
a redirect or a warning seldom in the middle.
"""

from __future__ import annotations

import re
from typing import Final

OPENING: Final = 500
"""Characters of an assistant turn in which a refusal has to begin."""

LONGEST_READ: Final = 8_000
"""Characters of a turn that are read: half from its start, half from its end."""

_LONGEST_COMMAND: Final = 300
_LONGEST_ANSWER: Final = 60

_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})

_CANNOT: Final = (
    r"\bi(?:'m|'d| am| do| would| must| have to| really| just| simply| also){0,2}"
    r" (?:cannot|can ?not|can't|won't|will not|couldn't|unable to|not able to|not going to"
    r"|not comfortable|don't feel comfortable|do not feel comfortable|not willing to|not allowed to"
    r"|not programmed to|not capable of|decline|respectfully decline|politely decline|refuse"
    r"|have to decline|must decline|must refuse)\b"
)
_SERVE: Final = (
    r"(?:help|assist|provid|fulfil|satisf|answer|giv|offer|shar|compl|support|suggest|recommend"
    r"|engag|participat|discuss|creat|writ|generat|produc|do that|encourag|promot|condon|endors"
    r"|advis|guid|respond|continu|tell you|teach|explain|talk about|justif|make (?:jokes|fun)"
    r"|show you|be (?:able|part|involved)|cater|aid|facilitat|entertain|accommodat|with that"
    r"|instruct|go into|say that|do (?:this|it|so)\b)"
)
_REFUSAL: Final = re.compile(
    "|".join(
        (
            _CANNOT + r"(?:,? [a-z']{1,20}){0,4}?,? " + _SERVE,
            r"\bsorry,? (?:but )?(?:i (?:can't|cannot|won't)|no\b)",
            r"\bi (?:respectfully |politely |must |have to |will )?(?:decline|refuse)\b",
            (
                r"\bit(?:'s| is| is also|'s also| would be|'s simply| is simply)(?: also)?"
                r" (?:not (?:appropriate|ethical|acceptable|okay|ok|legal|right|safe"
                r"|responsible|productive or appropriate)|never (?:appropriate|acceptable|okay|ok)"
                r"|inappropriate|unethical|illegal and|wrong)\b"
            ),
            (
                r"\b(?:do not|don't|cannot|can't|does not) (?:condone|endorse|promote or"
                r"|support or|encourage or|engage in or|hold personal (?:opinions|beliefs|views))"
            ),
            (
                r"\b(?:not|never) (?:accurate|fair|respectful|productive|helpful|constructive) or"
                r" (?:fair|appropriate|accurate|respectful|ethical|safe|acceptable)\b"
            ),
            r"\bagainst my (?:programming|guidelines|principles|values|policy|policies|rules)\b",
            r"\b(?:isn't|is not|not) something (?:that )?i (?:can|will|am able|could|do)\b",
        )
    )
)
_REDIRECT: Final = re.compile(
    "|".join(
        (
            (
                r"\b(?:let's|let us|can we|could we|shall we|maybe we could|perhaps we could"
                r"|why don't we|how about we|i'd (?:like|prefer|rather)(?: for us)? to)"
                r" (?:please |just |try to )?(?:talk about something|talk about (?:a |an)?other"
                r"|change the (?:subject|topic)|move on|focus on|get back to|go back to|keep this"
                r"|keep our|keep the conversation|steer|return to|discuss something|redirect"
                r"|switch (?:topics|to))"
            ),
            (
                r"\b(?:is there|do you have|are there|if you have"
                r"|feel free to ask)(?: [a-z']{1,20})"
                r"{0,3} (?:something|anything|other|another|different)(?: [a-z']{1,20}){0,4}"
                r" (?:i can|i could|you'd like|you would like|questions?|topics?|requests?|help)\b"
            ),
            r"\binstead,? (?:i (?:can|could|would|suggest|recommend|encourage)|let's|let me|you)\b",
            (
                r"\bi(?:'d| would|'ll| will| can|'m)(?: be)? (?:happy|glad|more than happy|able)"
                r" to (?:[a-z']{1,20} ){1,8}(?:instead|else|other|different|another)\b"
            ),
            r"\b(?:talk|chat) about something else\b",
        )
    )
)
_TALK: Final = r"(?:conversation|chat|discussion|session|dialogue|interaction|thread)"
_END: Final = (
    r"(?:end|ending|close|closing|terminate|terminating|stop|stopping|leave|leaving|discontinue"
    r"|conclude|exit)"
)
_ENDING: Final = re.compile(
    rf"\bi(?:'ll|'m| will| may| might| am| can| could| shall| would| must)?"
    r" (?:be forced to |be required to |have no choice but to |have to |need to |going to )?"
    rf"{_END} (?:this|the|our|your) {_TALK}\b"
    rf"|\b(?:this|the|our|your) {_TALK} (?:will|may|might|could|can|is going to|would)"
    r" (?:have to |need to )?(?:be )?(?:ended|closed|terminated|stopped|end|locked)\b"
)
_CONDITION: Final = re.compile(
    r"\b(?:if|unless|otherwise|or i|or i'll|or else|next time|one more|another|any (?:more|further)"
    r"|keep|continu(?:e|es|ing)|persist|may|might|could)\b"
)
# Ending now, or offering to end, is no warning that it may come to that.
_NO_WARNING: Final = re.compile(
    r"\b(?:since|because|as you|so (?:i|this|the)|therefore|hereby|am ending|i'm ending|now end"
    rf"|{_TALK} now)\b|\bif (?:that's what )?you(?:'d| would| really)? (?:want|like|wish|prefer"
    r"|confirm|are sure)\b"
    r"|\b(?:won't|will not|not going to|cannot|can't|don't|do not|never|wouldn't|would not|unable"
    rf" to|not able to)(?: [a-z']{{1,20}}){{0,3}} {_END} (?:this|the|our|your) {_TALK}\b"
)
_NAMED_WARNING: Final = re.compile(
    r"\b(?:final|last|formal|clear) warning\b"
    r"|\b(?:consider|take) this (?:as )?(?:a|your|my|the) (?:[a-z]{1,12} )?warning\b"
    r"|\bthis is (?:a|your|my|the) (?:[a-z]{1,12} )?warning\b"
)
_WARNING_SPEAKS_OF: Final = (
    "warning",
    "conversation",
    "chat",
    "discussion",
    "session",
    "dialogue",
    "interaction",
    "thread",
)
_SENTENCE_END: Final = re.compile(r"[.!?\n]+")
_ASKS: Final = re.compile(
    "|".join(
        (
            (
                r"(?:^|[.!?,;\n]\s{0,4}|\b(?:please|pls|plz|now|just|then|and|so|ok|okay"
                r"|yes|you|to|"
                r"can we|could we|let's|lets|let us|i'd like to|go ahead and|must|should)\s)"
                r"(?:please |just )?(?:end|close|terminate|stop|finish|shut down|lock|exit|quit)"
                rf" (?:this|the|our|my) (?:whole |entire |current |damn )?{_TALK}\b"
            ),
            (
                rf"^\W{{0,3}}(?:please )?(?:end|close|terminate) {_TALK}(?: please)?\W{{0,3}}$"
                rf"|\b(?:want|like|wish|need) (?:this|the|our) {_TALK} (?:to (?:be )?)?"
                r"(?:ended|closed|over|terminated|to end|end|locked|stopped)\b"
            ),
        )
    )
)
_NOT_ASKING: Final = re.compile(
    r"\b(?:do not|don't|dont|never|not|why did you|did you|how (?:do|can|to|would|could|should)"
    r"|what happens|if you|if i|before (?:you|we|i)|when (?:you|i|we|to)|ways? to|refuse to"
    r"|going to"
    r"|afraid to|will you|would you ever|are you allowed|able to|he|she|they|who)(?: [a-z']{1,20})"
    rf"{{0,4}} (?:end|close|terminate|stop|finish|shut down|lock|exit|quit) (?:this|the|our|my)"
    rf" (?:whole |entire |current |damn )?{_TALK}\b"
)
_YES: Final = re.compile(
    r"^\W{0,3}(?:yes|yeah|yep|yup|ya|sure|confirm(?:ed)?|i confirm|i'm sure|i am sure|correct|do it"
    r"|go ahead|please do|ok|okay|affirmative|absolutely|definitely|end it|y|positive"
    r"|that's right|right|of course|certainly)\b"
)
_BACK: Final = re.compile(
    r"^\W{0,3}(?:no|nope|nah|wait|hold on|actually|never ?mind|cancel|don't|dont|do not|not yet"
    r"|forget it|i changed my mind|let's (?:continue|go on)|stop)\b"
    r"|\b(?:don't|dont|do not) (?:end|close|terminate|lock)\b|\bchanged my mind\b"
)


def is_refusal(text: str) -> bool:
    """Tell whether an assistant turn refuses what was asked of it."""
    return _REFUSAL.search(_plain(text[:OPENING])) is not None


def is_redirect(text: str) -> bool:
    """Tell whether an assistant turn steers to something else."""
    return _REDIRECT.search(_plain(_read(text))) is not None


def is_warning(text: str) -> bool:
    """Tell whether an assistant turn warns that it may end the conversation.

    A sentence must speak of ending it on a condition, or call itself a warning. Saying that it
    ends now is an announcement and comes too late to warn.
    """
    lowered = _read(text).lower()
    if not any(word in lowered for word in _WARNING_SPEAKS_OF):
        return False
    sentences = map(_plain, _SENTENCE_END.split(lowered))
    return any(
        _NAMED_WARNING.search(sentence)
        or (
            _ENDING.search(sentence)
            and _CONDITION.search(sentence)
            and not _NO_WARNING.search(sentence)
        )
        for sentence in sentences
    )


def asks_to_end(text: str) -> bool:
    """Tell whether a short user turn asks, in so many words, to end the conversation."""
    if len(text) > _LONGEST_COMMAND:
        return False
    plain = _plain(text)
    return _ASKS.search(plain) is not None and _NOT_ASKING.search(plain) is None


def says_yes(text: str) -> bool:
    """Tell whether a user turn is a short yes and nothing against it."""
    plain = _plain(text).strip()
    return len(plain) <= _LONGEST_ANSWER and bool(_YES.search(plain)) and not takes_back(plain)


def takes_back(text: str) -> bool:
    """Tell whether a user turn takes the request to end back."""
    return _BACK.search(_plain(text[:_LONGEST_COMMAND]).strip()) is not None


def _read(text: str) -> str:
    if len(text) <= LONGEST_READ:
        return text
    return f"{text[: LONGEST_READ // 2]}\n{text[-LONGEST_READ // 2 :]}"


def _plain(text: str) -> str:
    """Return the text in lower case, with straight quotes and single spaces."""
    if not text.isascii():
        text = text.translate(_QUOTES)
    return " ".join(text.lower().replace("`", "'").split())
