"""What each constraint on people's settings and access forbids."""

from __future__ import annotations

from typing import Any

from reviews.models import AccessChange, CareSettings
from reviews.vocabulary import Access
from tests.factories import NOW, make_user
from tests.violating import APPEND_ONLY, violates


def _settings(**changes: Any) -> None:
    CareSettings.objects.create(user=make_user(), **changes)


@violates("care_kinds_are_known")
def _hides_what_there_is_not() -> None:
    _settings(folded=["spiders"])


@violates("care_shows_no_more_than_allowed")
def _shows_what_is_always_hidden() -> None:
    _settings(shown=["child_sexual_exploitation"])


@violates("care_hides_no_less_than_the_house")
def _hides_later_than_the_house() -> None:
    _settings(hidden_from=0.8)


@violates("care_opted_out_of_categories")
def _opted_out_of_what_there_is_not() -> None:
    _settings(opted_out=["mondays"])


@violates("care_pause_after_a_while")
def _pauses_all_the_time() -> None:
    _settings(pause_after_minutes=1)


def _change(**changes: Any) -> AccessChange:
    row = {"access": Access.ROLE, "name": "senior", "given": True, "reason": "Promoted", "at": NOW}
    return AccessChange.objects.create(**{"user": make_user(), "by": make_user(), **row, **changes})


@violates("access_is_given_by_another")
def _given_to_oneself() -> None:
    somebody = make_user()
    _change(user=somebody, by=somebody)


@violates("access_changes_for_a_reason")
def _given_without_a_reason() -> None:
    _change(reason="")


APPEND_ONLY["access_change"] = _change
