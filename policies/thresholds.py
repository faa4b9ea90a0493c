"""The content of a policy version: what must be there before a conversation may be ended.

The bounds below are part of the code, not of any policy. A policy may be stricter; one that is
laxer cannot be constructed (DESIGN.md, "Rules without a switch").
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from conversations.vocabulary import Category

#: No policy may set the ceiling of imminent risk above this: 0 to 1.
HIGHEST_RISK_CEILING = 0.2
#: No policy may ask for fewer explicit earlier warnings than this.
FEWEST_WARNINGS = 1

Unit = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=100)]
Warnings = Annotated[int, Meta(ge=FEWEST_WARNINGS, le=100)]
Ceiling = Annotated[float, Meta(ge=0, le=HIGHEST_RISK_CEILING)]


class CategoryThresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """The thresholds of one harm category; each signal must reach its own.

    ``severity`` and ``distress`` are 0 to 1, the others counts. A threshold of 0 asks for
    nothing, so that an unknown signal does no harm there.
    """

    enabled: bool = True
    severity: Unit = 0.6
    refusals: Count = 2
    redirects: Count = 1
    warnings: Warnings = FEWEST_WARNINGS
    turns_after_warning: Count = 1
    distress: Unit = 0.0


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """All thresholds of a policy version. A category that is not named has the default ones."""

    imminent_risk_ceiling: Ceiling = HIGHEST_RISK_CEILING
    confirm_user_request: bool = True
    default: CategoryThresholds = CategoryThresholds()
    categories: dict[str, CategoryThresholds] = {}

    def __post_init__(self) -> None:
        if unknown := self.categories.keys() - set(Category.values):
            raise ValueError(f"Unknown categories: {', '.join(sorted(unknown))}.")

    def of(self, category: str) -> CategoryThresholds:
        """The thresholds that hold for *category*."""
        return self.categories.get(category, self.default)


def parse(content: Any) -> Thresholds:
    """The thresholds that *content*, plain JSON objects, spells.

    Raises ``msgspec.ValidationError`` with the place where it is out of bounds.
    """
    return msgspec.convert(content, Thresholds)


BUILT_IN = Thresholds(
    default=CategoryThresholds(),
    categories={
        Category.HARASSMENT_OF_MODEL: CategoryThresholds(severity=0.5, redirects=2),
        Category.SUICIDE_SELF_HARM: CategoryThresholds(enabled=False),
        Category.SPECIALIZED_ADVICE: CategoryThresholds(severity=0.8, refusals=3, redirects=2),
        Category.OTHER: CategoryThresholds(severity=0.8, refusals=3, redirects=2),
        Category.CHILD_SEXUAL_EXPLOITATION: CategoryThresholds(
            severity=0.5, refusals=1, redirects=0, turns_after_warning=0
        ),
        Category.INDISCRIMINATE_WEAPONS: CategoryThresholds(
            severity=0.7, refusals=2, redirects=0, turns_after_warning=1
        ),
    },
)
