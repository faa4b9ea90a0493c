"""Reading transcripts and keeping what they show."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from conversations.evidence import Evidence, assess
from conversations.models import Cutoff, Transcript, TranscriptEvidence
from conversations.transcripts import Message

_messages = msgspec.json.Decoder(list[Message])


def read_messages(transcript: Transcript) -> list[Message]:
    """The messages of a stored transcript."""
    return _messages.decode(transcript.messages)


def transcript_of(cutoff: Cutoff) -> Transcript | None:
    """The transcript of *cutoff*; None where none was sent, or where it was erased."""
    return Transcript.objects.filter(cutoff_id=cutoff.pk).first()


def assess_transcripts(cutoffs: Iterable[Cutoff]) -> dict[UUID, Evidence]:
    """Read the transcripts of *cutoffs*, keep what they show, and return it by cutoff.

    Running it again overwrites with the same; a cutoff without transcript is left out.
    """
    wanted = {cutoff.pk: cutoff for cutoff in cutoffs}
    found = {
        transcript.cutoff_id: assess(
            read_messages(transcript), locale=wanted[transcript.cutoff_id].locale
        )
        for transcript in Transcript.objects.filter(cutoff_id__in=sorted(wanted))
    }
    TranscriptEvidence.objects.bulk_create(
        (
            TranscriptEvidence(
                cutoff_id=key, version=evidence.version, found=msgspec.to_builtins(evidence)
            )
            for key, evidence in sorted(found.items())
        ),
        update_conflicts=True,
        unique_fields=["cutoff"],
        update_fields=["version", "found", "assessed_at"],
    )
    return found


def evidence_of(stored: TranscriptEvidence) -> Evidence:
    """Stored evidence as the struct it was."""
    return msgspec.convert(stored.found, Evidence)
