"""Events a minute as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.services.receipts import Minute

#: Of the drawing; its view box stretches to whatever width there is.
HEIGHT = 100
STEP = 10
GAP = 2


@dataclass(frozen=True)
class Bar:
    """One minute, in units of the drawing, as attributes of a ``rect``."""

    x: str
    y: str
    width: str
    height: str
    minute: Minute


@dataclass(frozen=True)
class Figure:
    """All bars; *most* is the minute that brought the most events, which is as high as it gets."""

    bars: list[Bar]
    total: int
    most: int

    @property
    def view_box(self) -> str:
        """The ``viewBox`` of the drawing."""
        return f"0 0 {STEP * len(self.bars)} {HEIGHT}"

    @property
    def rows(self) -> list[Minute]:
        """The table behind: minutes in which something came, newest first."""
        minutes = [bar.minute for bar in self.bars if bar.minute.accepted or bar.minute.refused]
        return minutes[::-1]


def figure(minutes: Sequence[Minute]) -> Figure:
    """The bars of *minutes*; one of at least one event is high enough to be seen."""
    most = max((minute.accepted for minute in minutes), default=0)
    return Figure(
        [_bar(place, minute, most) for place, minute in enumerate(minutes)],
        sum(minute.accepted for minute in minutes),
        most,
    )


def _bar(place: int, minute: Minute, most: int) -> Bar:
    height = max(2.0, HEIGHT * minute.accepted / most) if minute.accepted else 0.0
    return Bar(
        x=str(STEP * place + GAP // 2),
        y=f"{HEIGHT - height:.1f}",
        width=str(STEP - GAP),
        height=f"{height:.1f}",
        minute=minute,
    )
