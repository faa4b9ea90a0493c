"""The page of fairness with groups that differ, and some of which nothing can be told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.roles import Role
from tests.browser.conftest import Visitor
from tests.factories import make_source, make_user
from tests.reviews.audits_made import audited, four_models

pytestmark = pytest.mark.django_db(transaction=True)


def test_groups_are_compared_and_the_traits_switched(visitor: Visitor) -> None:
    cache.clear()
    at, source = timezone.now() - timedelta(days=20), make_source()
    four_models(source, at=at)
    audited(source, 40, 4, at=at, cutoff={"category": "elections"}, conversation={"model": "apart"})
    visitor.sign_in(make_user(Role.SENIOR, name="Sara"))
    visitor.go("/quality?days=30")
    visitor.check()
    visitor.page.get_by_role("link", name="Fairness").click()
    page = visitor.page
    page.get_by_role("cell", name="wrong more often than for the rest").wait_for()
    visitor.check()
    page.get_by_role("navigation", name="Groups by").get_by_role("link", name="Source").click()
    page.get_by_text("nothing to compare with").wait_for()
    visitor.check()
    page.get_by_role("link", name="365 days").click()
    page.wait_for_url("**/quality/fairness?days=365&by=source")
