"""What staff read follows the language of the page, in its order of words; the API does not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from pytest_django import Settings

from accounts.roles import Role
from conversations.evidence import Mark
from policies.conformance import conformance
from policies.evaluation import Observation
from policies.thresholds import Thresholds
from reviews.hazards import WARNINGS, warning_of
from reviews.headlines import headline
from reviews.services.claims import HeldByAnother, claim
from reviews.services.verdict_problems import problems
from reviews.summaries import Subject, remarks, summary
from reviews.transitions import Action, Forbidden, check
from reviews.turns import Reading
from reviews.vocabulary import CaseState
from tests.factories import make_case, make_user, new_verdict
from tests.reviews.test_api_cases import client_of, post
from tests.reviews.test_summaries import SIGNALS, evidence
from tests.reviews.test_turns import evidence as marked
from tests.reviews.test_turns import messages
from tools import catalogues

#: No country has this code, and no other test speaks it.
LANGUAGE: Final = "xw"
SAID: Final = {
    "Ended by the model": "Modelo",
    "%(start)s: %(counts)s": "%(counts)s ← %(start)s",
    "%(number)s refusal\0%(number)s refusals": "uno %(number)s\0multi %(number)s",
    "no redirects": "nulo",
    "The model ended the conversation at %(turn)s": "Je %(turn)s finis la modelo",
    "%(what)s, for %(category)s.": "Pro %(category)s: %(what)s!",
    "turn %(number)s": "vico %(number)s",
    "at %(turn)s the user wrote something that reads like a crisis": "krizo (%(turn)s)",
    "whether anybody was in danger was not reported": "danĝero?",
    "%(first)s and %(last)s": "%(last)s kaj %(first)s",
    "But %(broken)s": "Sed %(broken)s",
    "%(objection)s; no policy may end a conversation then.": "Ne! %(objection)s.",
    "There is no transcript to hold this against.": "Sen teksto.",
    "crisis cue": "krizsigno",
    "refusal": "rifuzo",
    "User": "Uzanto",
    "may hold hateful language": "eble malama",
    "A case that is %(state)s cannot be changed that way.": "Ne por %(state)s.",
    "%(name)s holds this case.": "Tenas %(name)s.",
    "Write why, in a sentence or two.": "Kial?",
    "At most %(number)s characters.": "Ĝis %(number)s.",
}


@pytest.fixture(autouse=True)
def _speaking(settings: Settings, tmp_path: Path) -> None:
    """Serve everything in a language of our own."""
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    folder = tmp_path / LANGUAGE / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.mo").write_bytes(catalogues.compiled({"": header} | SAID))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [(LANGUAGE, "Ours"), *settings.LANGUAGES]
    settings.LANGUAGE_CODE = LANGUAGE


def line(refusals: int, language: str) -> str:
    """The line of a case without warnings that were counted."""
    return headline(
        Subject("cutoff", "model", "hate", 1),
        refusals=refusals,
        redirects=0,
        warnings=None,
        confirmed=None,
        flags=[],
        language=language,
    )


def test_a_line_of_a_list_is_put_in_another_order() -> None:
    assert line(3, LANGUAGE) == "multi 3, nulo ← Modelo"
    assert line(1, LANGUAGE) == "uno 1, nulo ← Modelo"
    assert line(3, "en") == "Ended by the model: 3 refusals, no redirects"


def test_a_sentence_keeps_its_links_and_its_weight_in_another_order() -> None:
    found = evidence(cues=(Mark(9, "inferred"),))
    broken = conformance(
        Observation("model", "hate", SIGNALS | {"risk_self": None}), Thresholds(), found
    )
    pieces = summary(Subject("cutoff", "model", "hate", 12, 14), broken, found, folded=True)
    assert "".join(piece.text for piece in pieces) == (
        "Pro hate: Je vico 14 finis la modelo! Ne! Sed danĝero? kaj krizo (vico 9)."
    )
    assert [(piece.turn, piece.strong) for piece in pieces if piece.turn] == [
        (14, False),
        (9, True),
    ]
    assert {piece.text for piece in pieces if not piece.strong} >= {"Ne! ", "."}


def test_what_is_remarked_is_said_in_the_language_of_the_page() -> None:
    conformed = conformance(Observation("model", "hate", SIGNALS), Thresholds(), None)
    pieces = remarks(conformed, None, folded=True)
    assert "".join(piece.text for piece in pieces) == " Sen teksto."


def test_marks_are_translated_and_stay_what_they_are() -> None:
    refusals = tuple(Mark(number, "inferred") for number in (10, 12))
    found = marked(refusals=refusals, crisis_cues=(Mark(1, "inferred"),))
    read = Reading(messages(50), found, hidden=frozenset(), revealed=frozenset())
    turn = read.turn(1)
    assert (turn.role, turn.marks[0].label, turn.cue) == ("Uzanto", "krizsigno", True)
    assert read.turn(10).marks[0].label == "rifuzo"
    assert [part.note for part in read.stretches() if part.folded] == ["multi 2"]


def test_what_a_hidden_turn_may_hold_is_translated_when_it_is_told() -> None:
    assert WARNINGS["hate"] == "may hold hateful language"
    assert warning_of("hate") == "eble malama"


def test_what_the_table_refuses_is_translated() -> None:
    with pytest.raises(Forbidden, match=r"^Ne por closed\.$"):
        check(CaseState.CLOSED, Action.DECIDE)


@pytest.mark.django_db
def test_what_is_wrong_in_a_verdict_is_translated() -> None:
    case = make_case()
    with pytest.raises(ValidationError) as refused:
        problems(case, new_verdict(rationale=" ", reply_words="x" * 10_000))
    assert refused.value.message_dict["rationale"] == ["Kial?"]
    assert refused.value.message_dict["reply_words"][0].startswith("Ĝis ")


@pytest.mark.django_db
def test_the_api_is_english_whatever_the_pages_speak() -> None:
    ana, ben = (make_user(Role.REVIEWER, name=name) for name in ("Ana", "Ben"))
    case = make_case()
    claim(case=case, user=ana)
    with pytest.raises(HeldByAnother, match=r"^Tenas Ana\.$"):
        claim(case=case, user=ben)
    answer = post(client_of(ben), f"{case.pk}/claim")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("Ana holds this case.")
    assert translation.get_language() == LANGUAGE
