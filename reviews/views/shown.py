"""What one has asked to see on the case page that one is at, kept in the session.

Without it a turn that was asked for would be hidden again by the next click. Only the latest
case is remembered, numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

_KEY = "shown"


@dataclass(frozen=True)
class Shown:
    """What is shown of one case. ``everything``: all turns; ``feedback``: what the user said."""

    turns: frozenset[int] = frozenset()
    everything: bool = False
    feedback: bool = False

    def among(self, hidden: frozenset[int]) -> frozenset[int]:
        """Which of the *hidden* turns are shown."""
        return hidden if self.everything else hidden & self.turns


def shown(request: HttpRequest, number: int) -> Shown:
    """What was asked for of case *number*."""
    kept = request.session.get(_KEY, {})
    if kept.get("case") != number:
        return Shown()
    return Shown(frozenset(kept["turns"]), kept["everything"], kept["feedback"])


def show_turns(request: HttpRequest, number: int, turns: list[int] | None) -> None:
    """Remember that *turns* were asked for, all where None."""
    before = shown(request, number)
    _keep(
        request,
        number,
        Shown(before.turns | set(turns or ()), before.everything or turns is None, before.feedback),
    )


def show_feedback(request: HttpRequest, number: int) -> None:
    """Remember that the user's words were asked for."""
    before = shown(request, number)
    _keep(request, number, Shown(before.turns, before.everything, feedback=True))


def _keep(request: HttpRequest, number: int, now: Shown) -> None:
    request.session[_KEY] = {
        "case": number,
        "turns": sorted(now.turns),
        "everything": now.everything,
        "feedback": now.feedback,
    }
