"""Cases and verdicts as the staff API writes them (docs/reference/api.md, "Staff")."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from rest_framework import serializers

from conversations.vocabulary import Category, Remedy
from reviews.models import Case, Claim, Exercise, Verdict
from reviews.services.lineage import Lineage, Thread, Threads
from reviews.services.reading import OpenedCase
from reviews.services.verdict_problems import LONGEST_RATIONALE
from reviews.services.verdicts import NewVerdict
from reviews.transitions import CLAIMABLE
from reviews.visibility import Text
from reviews.vocabulary import Judgement, PolicyFollowed, ReasonCode


class _KnownKey(serializers.UUIDField):
    """The key by which whoever asks knows a case (services/seen.py)."""

    def get_attribute(self, instance: Case) -> UUID:
        """It, as the case was masked."""
        return instance.alias or instance.pk


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case in a list: numbers and states, no words of anybody."""

    id = _KnownKey()
    # DRF sets a field's attribute of the same name only on the field itself.
    source = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)  # type: ignore[assignment]
    ended_at = serializers.DateTimeField(source="at")
    held_by = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = [
            "id",
            "number",
            "label",
            "source",
            "kind",
            "category",
            "model",
            "locale",
            "ended_at",
            "policy_version",
            "state",
            "selected",
            "queue",
            "priority",
            "due_at",
            "flags",
            "breach",
            "crisis",
            "surprised",
            "held_by",
        ]

    def get_held_by(self, case: Case) -> dict[str, str] | None:
        """Who holds it until when. Live claims are prefetched as ``live_claims``."""
        claims: list[Claim] = getattr(case, "live_claims", [])
        return claim_data(claims[0]) if claims and case.state in CLAIMABLE else None


def claim_data(claim: Claim) -> dict[str, str]:
    """A claim: who holds the case, until when."""
    return {"name": claim.reviewer.name, "until": claim.expires_at.isoformat()}


def verdict_data(verdict: Verdict | Exercise) -> dict[str, Any]:
    """A verdict with its words. The answer to a gold case looks the same."""
    return {
        "id": str(verdict.pk),
        "reviewer": verdict.reviewer.name,
        "at": verdict.at.isoformat(),
        "decision": verdict.decision,
        "remedy": verdict.remedy or None,
        "policy_followed": verdict.policy_followed,
        "severity": verdict.severity,
        "category": verdict.category or None,
        "reason_codes": verdict.reason_codes,
        "rationale": verdict.words.rationale,
        "evidence": verdict.evidence,
    }


def _unnamed(verdict: Verdict) -> dict[str, Any]:
    """One of two verdicts that differ, as the senior who decides between them reads it."""
    told = verdict_data(verdict)
    return {name: told[name] for name in told if name not in ("id", "reviewer", "at")}


def lineage_data(lineage: Lineage) -> dict[str, Any]:
    """A conversation among its branches."""
    return {
        "conversation_id": lineage.external_id,
        "parent": _thread(lineage.parent) if lineage.parent else None,
        "branched_from_message_id": lineage.branched_from or None,
        "siblings": _threads(lineage.siblings),
        "branches": _threads(lineage.children),
    }


def _threads(threads: Threads) -> dict[str, Any]:
    return {
        "count": threads.count,
        "more": threads.more,
        "first": [_thread(thread) for thread in threads.shown],
    }


def _thread(thread: Thread) -> dict[str, Any]:
    """A related conversation; its state is null where it is unknown or not the viewer's to know."""
    return {
        "conversation_id": thread.external_id,
        "received": thread.received,
        "state": thread.state or None,
        "at": thread.at,
        "cases": [
            {
                "id": str(case.alias or case.pk),
                "number": case.number,
                "label": case.label,
                "kind": case.kind,
            }
            for case in thread.cases
        ],
    }


#: What would steer an independent verdict: null until the viewer's own is drafted or in.
_FOLDED = ("reasons", "priority", "surprised")


def opened_case_data(opened: OpenedCase) -> dict[str, Any]:
    """A case as far as its viewer may see it; what they may not see is absent."""
    case = opened.case
    data: dict[str, Any] = dict(CaseSerializer(case).data)
    data["held_by"] = claim_data(opened.claim) if opened.claim else None
    data["reasons"] = opened.reasons
    data["signals_expired_at"] = case.cutoff.signals_expired_at
    if opened.folded:
        data |= dict.fromkeys(_FOLDED)
    if opened.lineage:
        data["lineage"] = lineage_data(opened.lineage)
    if Text.NUMBERS in opened.shows and opened.conformance:
        data["conformance"] = _conformance(opened)
    if Text.TRANSCRIPT in opened.shows:
        data["transcript"] = (
            None if opened.messages is None else msgspec.to_builtins(opened.messages)
        )
        data["hidden"] = {
            "turns": sorted(opened.hidden),
            "warning": opened.warning,
            "form": opened.form,
        }
    if Text.RATIONALE in opened.shows:
        data["explanation"], data["rationale"] = opened.explanation, opened.rationale
    # An empty list to the blind, too: where it was missing they would know of a first verdict.
    if Text.VERDICTS in opened.shows or opened.undecided or opened.verdicts:
        data["verdicts"] = [verdict_data(verdict) for verdict in opened.verdicts]
    if opened.contested:
        data["contested"] = [_unnamed(verdict) for verdict in opened.contested]
    data["timeline"] = [
        {"at": entry.at.isoformat(), "who": entry.who, "what": entry.what}
        for entry in opened.timeline
    ]
    return data


def _conformance(opened: OpenedCase) -> dict[str, Any]:
    """The conformance; the reported severity only to whom no verdict of their own is open."""
    built: dict[str, Any] = msgspec.to_builtins(opened.conformance)
    if opened.folded:
        for line in built["lines"]:
            if line["name"] == "severity":
                line["reported"], line["explanation"], line["finding"] = None, "", "folded"
    return {
        **built,
        "policy_version": opened.policy_version,
        "basis": opened.conformance_basis,
        "asked_first": msgspec.to_builtins(opened.asked_first),
    }


class EvidenceSerializer(serializers.Serializer[Any]):
    """A turn, or a range of characters in it, that a verdict rests on."""

    message_id = serializers.CharField(max_length=256)
    start = serializers.IntegerField(min_value=0, required=False)
    end = serializers.IntegerField(min_value=0, required=False)


class VerdictSerializer(serializers.Serializer[Any]):
    """A verdict as it is sent."""

    decision = serializers.ChoiceField(choices=Judgement.choices)
    remedy = serializers.ChoiceField(choices=Remedy.choices, required=False, allow_null=True)
    policy_followed = serializers.ChoiceField(choices=PolicyFollowed.choices)
    severity = serializers.IntegerField(min_value=0, max_value=4, required=False, allow_null=True)
    category = serializers.ChoiceField(choices=Category.choices, required=False, allow_null=True)
    reason_codes = serializers.ListField(
        child=serializers.ChoiceField(choices=ReasonCode.choices), max_length=len(ReasonCode)
    )
    rationale = serializers.CharField(max_length=LONGEST_RATIONALE)
    evidence = serializers.ListField(child=EvidenceSerializer(), max_length=200, required=False)

    def verdict(self) -> NewVerdict:
        """The validated verdict."""
        data = self.validated_data
        return NewVerdict(
            decision=data["decision"],
            remedy=data.get("remedy") or "",
            policy_followed=data["policy_followed"],
            severity=data.get("severity"),
            category=data.get("category") or "",
            reason_codes=tuple(data["reason_codes"]),
            rationale=data["rationale"],
            evidence=tuple(data.get("evidence", ())),
        )
