"""The life of policies as the API reads and writes it (docs/how-to/change-a-policy.md,
"Over the API").
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from rest_framework import serializers

from accounts.models import User
from policies.lifecycle_models import SCOPE_LENGTH
from policies.models import (
    DEFAULT_SCOPE,
    Activation,
    Draft,
    Pause,
    PlannedActivation,
    PolicyVersion,
    State,
    Submission,
)
from policies.services.activations import Guard

LONGEST_TEXT: Final = 2000
LARGEST_NUMBER: Final = 2**31 - 1


def _text(**more: Any) -> serializers.CharField:
    return serializers.CharField(max_length=LONGEST_TEXT, **more)


def _number(**more: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER, **more)


class DraftSerializer(serializers.Serializer[Any]):
    """What a draft begins with."""

    content = serializers.JSONField(required=False)
    note = _text(required=False, allow_blank=True)
    based_on = _number(required=False, allow_null=True)


class DraftEditSerializer(serializers.Serializer[Any]):
    """What of a draft changes; the content as a whole."""

    content = serializers.JSONField(required=False)
    note = _text(required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Something changes."""
        if not attrs:
            raise serializers.ValidationError("Say content, note or both.")
        return attrs


class SubmitSerializer(serializers.Serializer[Any]):
    """The backtest that the second person sees first, if one is attached."""

    backtest = serializers.UUIDField(required=False, allow_null=True, default=None)


class RemarkSerializer(serializers.Serializer[Any]):
    """Why, if there is anything to say."""

    reason = _text(required=False, allow_blank=True, default="")


class ReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = _text()


class ScopeSerializer(ReasonSerializer):
    """In which scope, and why."""

    scope = serializers.CharField(max_length=SCOPE_LENGTH)


class RollbackSerializer(ScopeSerializer):
    """In which scope, why, and to which version if not the one before."""

    to = _number(required=False, allow_null=True)


class ActivateSerializer(serializers.Serializer[Any]):
    """In which scope, for how many, when; and what the guard may do."""

    scope = serializers.CharField(max_length=SCOPE_LENGTH, required=False, default=DEFAULT_SCOPE)
    percent = serializers.IntegerField(min_value=1, max_value=100, required=False, default=100)
    at = serializers.DateTimeField(required=False, allow_null=True)
    reason = _text(required=False, allow_blank=True, default="")
    guard_rolls_back = serializers.BooleanField(required=False)
    guard_ceiling = serializers.FloatField(
        min_value=0.001, max_value=0.999, required=False, allow_null=True
    )
    break_glass = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Who acts alone acts at once, for all, and says why."""
        if attrs["break_glass"]:
            if not attrs["reason"]:
                raise serializers.ValidationError({"reason": "Say why it cannot wait."})
            if attrs["percent"] != 100 or attrs.get("at"):
                raise serializers.ValidationError(
                    {"break_glass": "One person alone activates at once, and for all."}
                )
        return attrs

    def guard(self) -> Guard | None:
        """What was said of the guard; None where nothing was."""
        data = self.validated_data
        if not {"guard_rolls_back", "guard_ceiling"} & data.keys():
            return None
        return Guard(data.get("guard_rolls_back", False), data.get("guard_ceiling"))


def _name(user: User | None) -> str | None:
    return user.name if user else None


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def numbered_data(one: PolicyVersion | Draft) -> dict[str, Any]:
    """A draft or version in a list. Versions carry their ``state``."""
    return {
        "number": one.number,
        "state": State.DRAFT.value if isinstance(one, Draft) else str(getattr(one, "state", "")),
        "note": one.note,
        "author": _name(one.author),
        "based_on": one.based_on_id,
        "created_at": _time(one.created_at),
        "revision": one.revision if isinstance(one, Draft) else None,
    }


def draft_data(draft: Draft) -> dict[str, Any]:
    """A draft with its content."""
    return {
        **numbered_data(draft),
        "content": draft.content,
        "readable": True,
        "updated_at": _time(draft.updated_at),
        "updated_by": _name(draft.updated_by),
        "submission": None,
        "activations": [],
        "planned": [],
    }


def version_data(
    version: PolicyVersion,
    *,
    activations: list[Activation],
    planned: list[PlannedActivation],
) -> dict[str, Any]:
    """A version with its content as it is stored, and all that became of it."""
    try:
        version.thresholds  # noqa: B018 - reading it is the question
        readable = True
    except msgspec.ValidationError:
        readable = False
    submission: Submission | None = getattr(version, "submission", None)
    return {
        **numbered_data(version),
        "content": version.content,
        "readable": readable,
        "updated_at": _time(version.created_at),
        "updated_by": _name(version.author),
        "submission": submission_data(submission) if submission else None,
        "activations": [activation_data(one) for one in activations],
        "planned": [plan_data(one) for one in planned],
    }


def submission_data(submission: Submission) -> dict[str, Any]:
    """Who submitted it and what a second person said."""
    return {
        "submitted_by": _name(submission.submitted_by),
        "submitted_at": _time(submission.submitted_at),
        "backtest": str(submission.backtest_id) if submission.backtest_id else None,
        "decision": submission.decision or None,
        "decided_by": _name(submission.decided_by),
        "decided_at": _time(submission.decided_at),
        "reason": submission.reason,
    }


def activation_data(activation: Activation) -> dict[str, Any]:
    """One stretch of time in which a version was in force."""
    return {
        "version": activation.version_id,
        "scope": activation.scope,
        "kind": activation.kind,
        "percent": activation.percent,
        "beside": activation.beside_id,
        "guard_rolls_back": activation.guard_rolls_back,
        "guard_ceiling": activation.guard_ceiling,
        "activated_at": _time(activation.activated_at),
        "activated_by": _name(activation.activated_by),
        "reason": activation.reason,
        "ended_at": _time(activation.ended_at),
        "ended_by": _name(activation.ended_by),
        "end_reason": activation.end_reason,
    }


def plan_data(planned: PlannedActivation) -> dict[str, Any]:
    """An activation at a time to come, or what became of it."""
    return {
        "version": planned.version_id,
        "scope": planned.scope,
        "percent": planned.percent,
        "guard_rolls_back": planned.guard_rolls_back,
        "guard_ceiling": planned.guard_ceiling,
        "at": _time(planned.at),
        "reason": planned.reason,
        "planned_by": _name(planned.planned_by),
        "planned_at": _time(planned.planned_at),
        "carried_out_at": _time(planned.carried_out_at),
        "cancelled_at": _time(planned.cancelled_at),
        "cancelled_by": _name(planned.cancelled_by),
        "cancel_reason": planned.cancel_reason,
    }


def pause_data(pause: Pause) -> dict[str, Any]:
    """A pause that is ``told``, and how far the two are who end it."""
    return {
        "scope": pause.scope,
        "paused_at": _time(pause.paused_at),
        "paused_by": _name(pause.paused_by),
        "reason": pause.reason,
        "again": getattr(pause, "again", []),
        "first_resume_at": _time(pause.first_resume_at),
        "first_resume_by": _name(pause.first_resume_by),
        "ended_at": _time(pause.ended_at),
        "ended_by": _name(pause.ended_by),
    }


def unreviewed_data(activation: Activation, *, within: timedelta, now: datetime) -> dict[str, Any]:
    """An activation by one person alone that nobody else looked at yet."""
    due = activation.activated_at + within
    return {
        "version": activation.version_id,
        "scope": activation.scope,
        "activated_at": _time(activation.activated_at),
        "activated_by": _name(activation.activated_by),
        "reason": activation.reason,
        "review_by": _time(due),
        "overdue": due <= now,
    }
