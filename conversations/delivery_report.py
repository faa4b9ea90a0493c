"""What a delivery has come to: counted while it runs, and said in plain lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from conversations.delivery import Answer

EXAMPLES: Final = 5
_BAR_WIDTH: Final = 24


@dataclass
class Tally:
    """Counts of events by what became of them, and of lines that could not be made into one.

    ``damage`` says where the file broke off, when it did.
    """

    read: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    bad_lines: int = 0
    rejection_codes: Counter[str] = field(default_factory=Counter)
    rejections: list[Answer] = field(default_factory=list)
    bad_examples: list[str] = field(default_factory=list)
    damage: str = ""

    @property
    def sent(self) -> int:
        """Events that were answered."""
        return self.accepted + self.duplicates + self.rejected

    @property
    def flawed(self) -> bool:
        """Whether anything of the file is not in Recourse for a reason that lies in the file."""
        return bool(self.rejected or self.bad_lines or self.damage)

    @property
    def not_sent(self) -> int:
        """Events that were made of the lines read and have no answer."""
        return self.read - self.sent

    def bad_line(self, number: int, reason: str) -> None:
        """Count a line that no event could be made of."""
        self.bad_lines += 1
        if len(self.bad_examples) < EXAMPLES:
            self.bad_examples.append(f"line {number} {reason}")

    def add(self, answers: list[Answer]) -> None:
        """Count answers; of the rejected keep how often each code came, and the first few."""
        for answer in answers:
            if answer.status == "accepted":
                self.accepted += 1
            elif answer.status == "duplicate":
                self.duplicates += 1
            else:
                self.rejected += 1
                self.rejection_codes[answer.code or "no code"] += 1
                self.rejections = sorted([*self.rejections, answer], key=_line)[:EXAMPLES]


def progress_line(tally: Tally, *, fraction_read: float, seconds: float) -> str:
    """Say how far it is: the share of the file that is answered, events, rate, time left.

    ``fraction_read`` is the share of the file read so far, 0 to 1; ``seconds`` the time so far.
    """
    done = fraction_read * tally.sent / tally.read if tally.read else 0.0
    filled = int(done * _BAR_WIDTH)
    bar = "#" * filled + "." * (_BAR_WIDTH - filled)
    left = _span(seconds / done - seconds) if done else "?"
    return f"[{bar}] {done:4.0%}  {tally.sent:,} sent  {_rate(tally, seconds)}  {left} left"


def summary(tally: Tally, *, seconds: float) -> Iterator[str]:
    """Say what the whole came to, line by line. Nothing of a transcript is in it."""
    yield (
        f"{tally.sent:,} sent: {tally.accepted:,} accepted, {tally.duplicates:,} duplicates, "
        f"{tally.rejected:,} rejected."
    )
    yield f"{_span(seconds)}, {_rate(tally, seconds)}."
    if tally.not_sent:
        yield f"{tally.not_sent:,} more were read and have no answer."
    if tally.rejected:
        codes = ", ".join(f"{code} {n:,}" for code, n in tally.rejection_codes.most_common())
        yield f"Rejected, by reason: {codes}. The first:"
        yield from (
            f"  line {a.line}: {a.code} at {a.pointer or 'the event'}: {a.detail}"
            for a in tally.rejections
        )
    if tally.bad_lines:
        yield f"{tally.bad_lines:,} lines could not be read as a conversation. The first:"
        yield from (f"  {example}" for example in tally.bad_examples)
    if tally.damage:
        yield tally.damage


def _line(answer: Answer) -> int:
    return answer.line


def _rate(tally: Tally, seconds: float) -> str:
    return f"{tally.sent / max(seconds, 0.001):,.0f}/s"


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
