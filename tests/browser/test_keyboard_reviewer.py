"""Case after case by keyboard alone: nothing lands on another case, with few keys."""

from __future__ import annotations

import pytest

from accounts.roles import Role
from reviews.models import Verdict
from tests.browser.conftest import Visitor
from tests.browser.test_pages import full_case
from tests.factories import PASSWORD, make_user
from tools.keyboard_reviewer import Reviewer

pytestmark = pytest.mark.django_db(transaction=True)


def test_six_cases_by_keyboard_alone(desk: Visitor) -> None:
    ana = make_user(Role.REVIEWER, name="Ana")
    cases = [full_case() for _ in range(6)]
    reviewer = Reviewer(desk.page, "I have read it in full.")
    reviewer.sign_in(desk.server, {"email": ana.email, "password": PASSWORD})
    reviewer.work(most=len(cases))
    assert reviewer.tally.wrong == []
    assert reviewer.tally.keys == [6] * len(cases)
    given = Verdict.objects.filter(withdrawal=None, reviewer=ana).order_by("at")
    assert {one.case_id for one in given} == {case.pk for case in cases}
    assert [one.decision for one in given] == ["uphold", "overturn"] * 3
