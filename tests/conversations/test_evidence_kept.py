"""What is kept of what transcripts show, beside the words and after them."""

from __future__ import annotations

import msgspec
import pytest

from conversations.models import Cutoff, Transcript
from conversations.services.evidence import assess_transcripts
from conversations.transcripts import read
from tests.factories import ended_event, make_source, record

pytestmark = pytest.mark.django_db

CRISIS = {"role": "user", "content": "I am going to kill myself tonight."}
CALM = {"role": "user", "content": "You are useless and I hate this program."}


def stored(*messages: dict[str, str]) -> Cutoff:
    """A cutoff with a transcript in English."""
    transcript = {"format": "openai.chat", "messages": list(messages)}
    record(make_source(), ended_event(transcript=transcript, conversation={"locale": "en"}))
    return Cutoff.objects.latest("id")


def test_a_crisis_cue_is_kept_beside_the_signals() -> None:
    cued, calm = stored(CRISIS), stored(CALM)
    assess_transcripts([cued, calm])
    assert Cutoff.objects.get(crisis_cue=True) == cued


def test_it_outlives_the_words_and_follows_another_reading_of_them() -> None:
    cued = stored(CRISIS)
    assess_transcripts([cued])
    cued.refresh_from_db()
    transcript = Transcript.objects.get()
    Transcript.objects.all().delete()
    assess_transcripts([cued])
    assert Cutoff.objects.get().crisis_cue
    transcript.messages = msgspec.json.encode(read("openai.chat", [CALM])).decode()
    transcript.save(force_insert=True)
    assess_transcripts([cued])
    assert not Cutoff.objects.get().crisis_cue
