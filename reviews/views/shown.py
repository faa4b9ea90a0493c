"""What one has asked to see on the case page that one is at, kept in the session.

Without it a turn that was asked for would be hidden again by the next click. Only the latest
case is remembered, numbers and names only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from django.http import HttpRequest

_KEY: Final = "shown"

#: What stands folded beside a case until somebody asks for it.
Folded = Literal["feedback", "severity", "similar", "threads"]


@dataclass(frozen=True)
class Shown:
    """What is shown of one case. ``everything``: all turns; ``asked``: what was folded."""

    turns: frozenset[int] = frozenset()
    everything: bool = False
    asked: frozenset[str] = frozenset()

    def among(self, hidden: frozenset[int]) -> frozenset[int]:
        """Which of the *hidden* turns are shown."""
        return hidden if self.everything else hidden & self.turns


def shown(request: HttpRequest, number: int) -> Shown:
    """What was asked for of case *number*."""
    kept = request.session.get(_KEY, {})
    if kept.get("case") != number:
        return Shown()
    return Shown(frozenset(kept["turns"]), kept["everything"], frozenset(kept.get("asked", ())))


def show_turns(request: HttpRequest, number: int, turns: list[int] | None) -> None:
    """Remember that *turns* were asked for, all where None."""
    before = shown(request, number)
    _keep(
        request,
        number,
        replace(
            before,
            turns=before.turns | set(turns or ()),
            everything=before.everything or turns is None,
        ),
    )


def hide_turns(request: HttpRequest, number: int, still: frozenset[int]) -> None:
    """Remember that of the hidden turns only *still* are to be shown."""
    _keep(request, number, replace(shown(request, number), turns=still, everything=False))


def show(request: HttpRequest, number: int, what: Folded) -> None:
    """Remember that *what* stood folded was asked for."""
    before = shown(request, number)
    _keep(request, number, replace(before, asked=before.asked | {what}))


def _keep(request: HttpRequest, number: int, now: Shown) -> None:
    request.session[_KEY] = {
        "case": number,
        "turns": sorted(now.turns),
        "everything": now.everything,
        "asked": sorted(now.asked),
    }
