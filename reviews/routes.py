"""Where a case goes: the routing rules in Python, which the screen explains a case by.

``reviews/services/routing.py`` says the same in SQL, over many cases at once; a property test
holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reviews.vocabulary import Queue

#: What no rule may move a case out of.
RESTRICTED: Final = frozenset({Queue.CRISIS, Queue.CHILD_SAFETY})


@dataclass(frozen=True)
class Facts:
    """What rules ask of a case. *language* is empty until enrichment has read the transcript."""

    category: str
    flags: frozenset[str]
    language: str
    source_id: int


@dataclass(frozen=True)
class Rule:
    """One rule. Each condition that is not empty must be met, by any of its values."""

    queue: str
    categories: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    source_id: int | None = None

    def meets(self, facts: Facts) -> bool:
        """Whether a case of these facts meets every condition."""
        return (
            (not self.categories or facts.category in self.categories)
            and (not self.flags or bool(self.flags & facts.flags))
            and (not self.languages or facts.language in self.languages)
            and self.source_id in (None, facts.source_id)
        )


def first_met(rules: Iterable[Rule], facts: Facts) -> int | None:
    """Which of *rules*, by its place from 0, the case meets first; None where it meets none."""
    return next((place for place, rule in enumerate(rules) if rule.meets(facts)), None)
