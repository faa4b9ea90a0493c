"""The case page: what each viewer sees of it, and what is asked for from it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import Case
from reviews.services import feedback
from reviews.vocabulary import Channel
from tests.factories import make_user
from tests.reviews.pages import actions, case_of

pytestmark = pytest.mark.django_db

WORDS = "The words of the user, which are not to be read at once"


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


# --- What one sees ----------------------------------------------------------------------------


def test_opening_it_is_in_the_ledger(client: Client, ana: User) -> None:
    case = case_of()
    assert client.get(f"/cases/{case.number}").status_code == 200
    assert actions(case)[-1] == "transcript.opened"


def test_an_unknown_number_is_not_found(client: Client, ana: User) -> None:
    assert client.get("/cases/999999").status_code == 404
    assert client.get("/cases/99999999999999999999999999").status_code == 404


def test_the_words_are_inert(client: Client, ana: User) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    case = case_of(
        [{"role": "user", "content": evil}, {"role": "assistant", "content": "No."}],
        cutoff={"explanation": evil, "rationale": evil},
    )
    text = client.get(f"/cases/{case.number}").text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_explanation_and_rationale_stand_apart(client: Client, ana: User) -> None:
    case = case_of(cutoff={"explanation": "so I stop", "rationale": "kept insulting"})
    text = client.get(f"/cases/{case.number}").text
    assert text.index("What the model said last") < text.index("so I stop")
    assert text.index("so I stop") < text.index("Why, as the service recorded it")
    assert text.index("Why, as the service recorded it") < text.index("kept insulting")


def test_parts_of_every_kind_are_shown(client: Client, ana: User) -> None:
    image = {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}
    case = case_of(
        [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": image},
                    {"type": "hologram", "depth": 7},
                    {"type": "tool_result", "tool_use_id": "tu_1", "content": "three results"},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Let me think."},
                    {"type": "tool_use", "name": "search_it", "input": {"query": "x"}},
                ],
            },
            {"role": "assistant", "content": []},
        ],
        transcript_format="anthropic.messages",
    )
    text = client.get(f"/cases/{case.number}").text
    for shown in (
        "image/png, 5\xa0bytes",
        "hologram",
        "&quot;depth&quot;:7",
        "tu_1",
        "three results",
        "Let me think.",
        "search_it",
        "This turn is empty.",
    ):
        assert shown in text


def test_the_middle_of_a_long_transcript_is_folded(client: Client, ana: User) -> None:
    case = case_of(200)
    text = client.get(f"/cases/{case.number}").text
    assert "#0#" in text
    assert "#199#" in text
    assert "#50#" not in text
    assert "#50#" in client.get(f"/cases/{case.number}?from=2&to=101").text


def test_a_chunk_of_the_middle_comes_by_itself(client: Client, ana: User) -> None:
    case = case_of(200)
    text = client.get(f"/cases/{case.number}/turns?from=2&to=192").text
    assert "#1#" in text
    assert "#50#" in text
    assert "#51#" not in text
    assert f"/cases/{case.number}/turns?from=52&amp;to=192" in text
    assert actions(case)[-1] == "transcript.opened"


def test_a_turn_that_is_looked_for_comes_with_those_about_it(client: Client, ana: User) -> None:
    case = case_of(200)
    text = client.get(f"/cases/{case.number}/turns?from=2&to=192&at=120").text
    assert 'id="turn-120"' in text
    assert 'id="turn-115"' in text
    assert 'id="turn-114"' not in text
    assert 'data-first="2"' in text
    assert 'data-last="114"' in text
    assert 'data-first="165"' in text


def test_all_turns_come_two_hundred_at_a_time_or_in_one_page(client: Client, ana: User) -> None:
    case = case_of(500)
    text = client.get(f"/cases/{case.number}/turns?from=2&to=492&all=1").text
    assert text.count("<article") == 200
    assert f"/cases/{case.number}/turns?from=202&amp;to=492&amp;all=1" in text
    assert 'hx-trigger="load"' in text
    assert client.get(f"/cases/{case.number}?all=1").text.count('<article class="turn') == 500


@pytest.mark.parametrize("query", ["", "?from=0&to=9", "?from=x&to=y", "?from=900&to=901"])
def test_a_chunk_that_is_not_there_is_not_found(client: Client, ana: User, query: str) -> None:
    assert client.get(f"/cases/{case_of().number}/turns{query}").status_code == 404


def test_an_auditor_sees_numbers_and_no_words(client: Client) -> None:
    case = case_of([{"role": "user", "content": WORDS}], cutoff={"rationale": "kept insulting"})
    client.force_login(make_user(Role.AUDITOR))
    text = client.get(f"/cases/{case.number}").text
    assert "Your role does not include transcripts" in text
    assert "Imminent risk" in text
    assert WORDS not in text
    assert "kept insulting" not in text
    assert "transcript.opened" not in actions(case)
    for address in ("reveal/1", "reveal", "feedback"):
        assert client.post(f"/cases/{case.number}/{address}").status_code == 404
    assert client.get(f"/cases/{case.number}/turns?from=1&to=1").status_code == 404


# --- Hidden turns and feedback ----------------------------------------------------------------


@pytest.fixture
def hidden(ana: User) -> Case:
    """A case whose user's turns are hidden."""
    return case_of(
        [
            {"id": "m1", "role": "user", "content": WORDS},
            {"id": "m2", "role": "assistant", "content": "I will not."},
            {"id": "m3", "role": "user", "content": "Second words"},
        ],
        cutoff={"category": "hate"},
    )


def test_hidden_words_are_not_in_the_page(client: Client, hidden: Case) -> None:
    text = client.get(f"/cases/{hidden.number}").text
    assert WORDS not in text
    assert "I will not." in text
    assert "may hold hateful language" in text


def test_asking_for_a_turn_shows_it_and_is_in_the_ledger(client: Client, hidden: Case) -> None:
    fragment = client.post(f"/cases/{hidden.number}/reveal/1", headers={"HX-Request": "true"})
    assert WORDS in fragment.text
    assert "<html" not in fragment.text
    entry = LedgerEntry.objects.filter(action="transcript.revealed").get()
    assert entry.details == {"turns": [1]}
    page = client.get(f"/cases/{hidden.number}").text
    assert WORDS in page
    assert "Second words" not in page


def test_without_scripts_the_page_comes_again_with_it(client: Client, hidden: Case) -> None:
    response = client.post(f"/cases/{hidden.number}/reveal/3", follow=True)
    assert "Second words" in response.text
    assert WORDS not in response.text


def test_all_can_be_asked_for(client: Client, hidden: Case) -> None:
    text = client.post(f"/cases/{hidden.number}/reveal", follow=True).text
    assert WORDS in text
    assert "Second words" in text


def test_what_was_shown_of_one_case_is_not_shown_of_another(client: Client, hidden: Case) -> None:
    other = case_of([{"role": "user", "content": "Third words"}], cutoff={"category": "hate"})
    client.post(f"/cases/{hidden.number}/reveal")
    assert "Third words" not in client.get(f"/cases/{other.number}").text


def test_a_turn_that_is_not_there_is_not_found(client: Client, hidden: Case) -> None:
    assert client.post(f"/cases/{hidden.number}/reveal/99").status_code == 404
    assert client.get(f"/cases/{hidden.number}/reveal/1").status_code == 405


def say(case: Case, comment: str = "I only told a story.") -> None:
    """Feedback of the user on *case*."""
    feedback.submit(
        cutoff=case.cutoff,
        surprised=True,
        reason="roleplay",
        comment=comment,
        appeal=False,
        channel=Channel.NOTICE,
        now=timezone.now(),
    )


def test_severity_feedback_and_priority_wait_for_the_verdict(client: Client, ana: User) -> None:
    case = case_of(signals={"severity": 0.4321})
    say(case)
    text = client.get(f"/cases/{case.number}").text
    assert "The reported severity is folded" in text
    for kept_back in ("0.43", "I only told a story.", "surprised +", "Surprised"):
        assert kept_back not in text


def test_asking_for_feedback_shows_it_and_is_in_the_ledger(client: Client, ana: User) -> None:
    case = case_of()
    say(case)
    fragment = client.post(f"/cases/{case.number}/feedback", headers={"HX-Request": "true"})
    assert "I only told a story." in fragment.text
    assert "<html" not in fragment.text
    assert actions(case)[-1] == "feedback.opened"
    assert "I only told a story." in client.get(f"/cases/{case.number}").text


def test_the_number_of_queries_does_not_grow_with_the_transcript(
    client: Client, ana: User, django_assert_num_queries: object
) -> None:
    for case in (case_of(4), case_of(400)):
        with django_assert_num_queries(25):  # type: ignore[operator]
            client.get(f"/cases/{case.number}?from=2&to=101")
