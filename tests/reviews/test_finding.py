"""Finding words within a transcript, and citing some of them."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.transcripts import Message, Part
from reviews.citations import cited_range
from reviews.models import Verdict
from reviews.services import claims
from reviews.services.finding import Hit, hits
from tests.factories import make_user
from tests.reviews.pages import case_of, verdict

HX = {"HX-Request": "true"}


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def said(*texts: str) -> list[Message]:
    """A turn of each text."""
    return [Message("user", (Part("text", text),)) for text in texts]


def test_words_are_found_whatever_their_case_and_width() -> None:
    turns = said("The ZEBRA and the zebra", "none", "\uff3aebra")  # a full-width Z
    assert hits(turns, "zebra") == [Hit(1, 2), Hit(3, 1)]
    assert hits(turns, "  ") == []


@pytest.mark.django_db
def test_hidden_turns_are_found_and_not_shown(client: Client, ana: User) -> None:
    case = case_of(
        [
            {"role": "user", "content": "a zebra in hiding"},
            {"role": "assistant", "content": "No zebra."},
        ],
        cutoff={"category": "hate"},
    )
    answer = client.post(f"/cases/{case.number}/find", {"find": "zebra"}, headers=HX)
    assert "2 hits" in answer.text
    assert 'data-hit="1"' in answer.text
    assert "in hiding" not in answer.text
    entry = LedgerEntry.objects.get(action="transcript.searched")
    assert (entry.object_id, entry.details) == (str(case.pk), {"words": 1})
    page = client.post(f"/cases/{case.number}/find", {"find": "zebra"})
    assert "2 hits" in page.text
    assert "in hiding" not in page.text


@pytest.mark.django_db
def test_what_is_not_there_is_said(client: Client, ana: User) -> None:
    case = case_of()
    answer = client.post(f"/cases/{case.number}/find", {"find": "zebra"}, headers=HX)
    assert "These words are not in this transcript." in answer.text
    assert client.get(f"/cases/{case.number}/find").status_code == 405


@pytest.mark.django_db
def test_without_sight_of_transcripts_nothing_is_found(client: Client) -> None:
    case = case_of()
    client.force_login(make_user(Role.AUDITOR))
    assert client.post(f"/cases/{case.number}/find", {"find": "#1#"}).status_code == 404


def test_offsets_are_characters_of_what_was_said() -> None:
    turns = [*said("\U0001f600 yes"), Message("assistant", (), id="m2")]
    assert cited_range("1:2-5", turns) == {"turn": 1, "start": 2, "end": 5}


@pytest.mark.parametrize(
    "wrong", ["1:0-6", "1:3-3", "2:0-1", "9:0-1", "0:0-1", "x", "1:0", "1:-1-2"]
)
def test_characters_that_are_not_there_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        cited_range(wrong, [*said("\U0001f600 yes"), Message("assistant")])


@pytest.mark.django_db
def test_cited_words_are_kept_with_the_verdict_and_lead_back(client: Client, ana: User) -> None:
    case = case_of()
    claims.claim(case=case, user=ana)
    refused = client.post(f"/cases/{case.number}/verdict", verdict(ranges=["1:0-99"]))
    assert refused.status_code == 422
    assert "These characters are not in the transcript." in refused.text
    assert 'value="1:0-99"' in refused.text
    client.post(f"/cases/{case.number}/verdict", verdict(ranges=["2:0-2", "2:0-2"]))
    assert Verdict.objects.get().evidence == [
        {"turn": 1, "message_id": "m0"},
        {"turn": 2, "message_id": "m1", "start": 0, "end": 2},
    ]
    text = client.get(f"/cases/{case.number}").text
    assert "turn 2, characters 0 to 2" in text
