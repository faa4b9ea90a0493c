"""Reading transcripts and keeping what they show."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from conversations.evidence import Evidence, assess
from conversations.models import Cutoff, HeldTranscript, Transcript, TranscriptEvidence
from conversations.transcripts import Message

_messages = msgspec.json.Decoder(list[Message])


def read_messages(transcript: Transcript) -> list[Message]:
    """The messages of a stored transcript."""
    return _messages.decode(transcript.messages)


def transcripts_of(cutoff_ids: Iterable[UUID]) -> list[Transcript]:
    """The transcripts that there are, also those on hold; none that were erased, in no order."""
    wanted = sorted(cutoff_ids)
    found = list(Transcript.objects.filter(cutoff_id__in=wanted, erased_at=None))
    if len(found) < len(wanted):
        held = HeldTranscript.objects.filter(cutoff_id__in=wanted, erased_at=None)
        found += [Transcript(**row) for row in held.values()]
    return found


def transcript_of(cutoff: Cutoff) -> Transcript | None:
    """The transcript of *cutoff*; None where none was sent, or where it is no longer kept."""
    return next(iter(transcripts_of([cutoff.pk])), None)


def assess_transcripts(cutoffs: Iterable[Cutoff]) -> dict[UUID, Evidence]:
    """Read the transcripts of *cutoffs*, keep what they show, and return it by cutoff.

    Running it again overwrites with the same. Where the words are no longer kept, what they
    showed is returned; a cutoff that never had a transcript is left out.
    """
    wanted = {cutoff.pk: cutoff for cutoff in cutoffs}
    found = {
        transcript.cutoff_id: assess(
            read_messages(transcript), locale=wanted[transcript.cutoff_id].locale
        )
        for transcript in transcripts_of(wanted)
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
    for cue in (True, False):
        _note_cue(cue, [wanted[key] for key in found if bool(found[key].crisis_cues) == cue])
    gone = TranscriptEvidence.objects.filter(pk__in=wanted.keys() - found.keys())
    return {stored.pk: evidence_of(stored) for stored in gone} | found


def _note_cue(cue: bool, cutoffs: Iterable[Cutoff]) -> None:
    """Keep beside the signals whether there is a crisis cue: no policy may end then."""
    changed = sorted(cutoff.pk for cutoff in cutoffs if cutoff.crisis_cue != cue)
    if changed:
        Cutoff.objects.filter(pk__in=changed).update(crisis_cue=cue)


def evidence_of(stored: TranscriptEvidence) -> Evidence:
    """Stored evidence as the struct it was."""
    return msgspec.convert(stored.found, Evidence)
