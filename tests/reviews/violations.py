"""What each constraint on what people may do forbids; tests/test_constraints.py does it."""

from __future__ import annotations

from typing import Any

from reviews.models import Qualification, TransparencyReport
from reviews.vocabulary import Area
from tests.factories import NOW, make_user
from tests.violating import violates


def _qualification(**changes: Any) -> Qualification:
    somebody = make_user()
    row = {"user": somebody, "area": Area.CRISIS, "granted_by": somebody, "granted_at": NOW}
    return Qualification.objects.create(**row | changes)


@violates("qualification_one_live_an_area")
def _qualified_twice() -> None:
    first = _qualification()
    _qualification(user=first.user)


@violates("qualification_revoked_by_somebody")
def _revoked_by_nobody() -> None:
    _qualification(revoked_at=NOW)


@violates("reviews_transparencyreport.made_at")
def _two_reports_of_one_night() -> None:
    TransparencyReport.objects.create(made_at=NOW, content={})
    TransparencyReport.objects.create(made_at=NOW, content={})
