"""What the rules of restricted notices forbid."""

from __future__ import annotations

from typing import Any

from accounts.roles import Role
from reviews.models import Restriction
from reviews.notices import Review
from tests.factories import NOW, make_case, make_user
from tests.violating import guarded, violates


def _restriction(**changes: Any) -> Restriction:
    values = {
        "case": changes.pop("case", None) or make_case(),
        "review": Review.PENDING,
        "reason": "An inquiry.",
        "by": make_user(Role.SENIOR),
        "at": NOW,
    }
    return Restriction.objects.create(**values | changes)


@violates("restriction_one_live_a_case")
def twice() -> object:
    """Two restrictions of one case."""
    return _restriction(case=_restriction().case)


@violates("restriction_for_a_reason")
def for_nothing() -> object:
    """A restriction of which nobody knows why."""
    return _restriction(reason="")


@violates("restriction_lifted_by_somebody")
def lifted_by_nobody() -> object:
    """A restriction that nobody lifted."""
    return _restriction(lifted_at=NOW, lifted_because="It is over.")


@violates("restriction_lifted_for_a_reason")
def lifted_for_nothing() -> object:
    """A restriction that was lifted, nobody knows why."""
    return _restriction(lifted_at=NOW, lifted_by=make_user(Role.SENIOR))


@violates("restriction_knows_when_it_was_decided")
def decided_at_no_time() -> object:
    """A decision that was public, of no time."""
    return _restriction(review=Review.UPHELD)


@guarded("restriction_read_only")
def another_review() -> object:
    """What was public is changed afterwards."""
    made = _restriction()
    made.review = Review.NONE
    made.save()
    return made


@guarded("restriction_not_deleted")
def forgotten() -> object:
    """A restriction that never was."""
    return _restriction().delete()


@guarded("restriction_final")
def lifted_once_more() -> object:
    """A restriction that is lifted twice."""
    made = _restriction(
        lifted_at=NOW, lifted_by=make_user(Role.SENIOR), lifted_because="It is over."
    )
    made.lifted_because = "Another reason."
    made.save()
    return made
