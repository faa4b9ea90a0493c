"""What the world may know of a cutoff: one place decides, for every way in which it is told.

Notice and status pages, the status call, outcomes and statements of reasons ask here. The notice
of a restricted case is the one of a case that nobody has named a category for, and what came of
it stays what was last said in public. So nothing that is said of it could not be said of an
ordinary case that waits.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from conversations.models import Cutoff
from conversations.vocabulary import Category
from reviews.models import Case, Restriction
from reviews.notices import Review
from reviews.transitions import PENDING


class Frozen(NamedTuple):
    """What was public when a case was restricted."""

    review: str
    decided_at: datetime | None = None


class Face(NamedTuple):
    """What may be told. *withheld*: no reply, no statement, and no outcome."""

    category: str
    review: Review
    decided_at: datetime | None
    withheld: bool

    @property
    def statement_shown(self) -> bool:
        """A statement is shown unless somebody is still to look: it is amended then."""
        return not self.withheld and self.review != Review.PENDING


def face(
    *,
    category: str,
    state: str,
    standing: str,
    settled_at: datetime | None,
    frozen: Frozen | None,
) -> Face:
    """The face of a cutoff, from its own columns, its case's state and what is *frozen*."""
    if frozen:
        return Face(Category.OTHER, Review(frozen.review), frozen.decided_at, withheld=True)
    review = _review(state, standing)
    decided = review in (Review.UPHELD, Review.OVERTURNED)
    return Face(category, review, settled_at if decided else None, withheld=False)


def _review(state: str, standing: str) -> Review:
    """``pending`` while anybody is to look or look again, then what became of it."""
    if state in PENDING:
        return Review.PENDING
    return Review(standing) if standing else Review.NONE


def face_of(cutoff: Cutoff, case: Case) -> Face:
    """The face of a cutoff, with one query for a restriction."""
    live = Restriction.objects.filter(case=case, lifted_at=None)
    kept = live.values_list("review", "decided_at").first()
    return face(
        category=cutoff.category,
        state=case.state,
        standing=cutoff.standing,
        settled_at=cutoff.settled_at,
        frozen=Frozen(*kept) if kept else None,
    )


def is_withheld(case: Case) -> bool:
    """Whether the world is to be told nothing of what comes of *case*."""
    return Restriction.objects.filter(case=case, lifted_at=None).exists()
