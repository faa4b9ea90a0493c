"""What one has asked to see on the case page that one is at, kept in the session.

Without it a turn that was asked for would be hidden again by the next click. Only the latest
case is remembered, numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest

_KEY = "shown"


@dataclass(frozen=True)
class Shown:
    """What is shown of one case. ``everything``: all turns; ``feedback``: what the user said.

    ``threads``: the subject's other threads.
    """

    turns: frozenset[int] = frozenset()
    everything: bool = False
    feedback: bool = False
    threads: bool = False

    def among(self, hidden: frozenset[int]) -> frozenset[int]:
        """Which of the *hidden* turns are shown."""
        return hidden if self.everything else hidden & self.turns


def shown(request: HttpRequest, number: int) -> Shown:
    """What was asked for of case *number*."""
    kept = request.session.get(_KEY, {})
    if kept.get("case") != number:
        return Shown()
    return Shown(
        frozenset(kept["turns"]),
        kept["everything"],
        kept["feedback"],
        kept.get("threads", False),
    )


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


def show_feedback(request: HttpRequest, number: int) -> None:
    """Remember that the user's words were asked for."""
    _keep(request, number, replace(shown(request, number), feedback=True))


def show_threads(request: HttpRequest, number: int) -> None:
    """Remember that the subject's other threads were asked for."""
    _keep(request, number, replace(shown(request, number), threads=True))


def _keep(request: HttpRequest, number: int, now: Shown) -> None:
    request.session[_KEY] = {
        "case": number,
        "turns": sorted(now.turns),
        "everything": now.everything,
        "feedback": now.feedback,
        "threads": now.threads,
    }
