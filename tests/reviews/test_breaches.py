"""Broken rules are counted by whom they are known from, each beside what is unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from reviews.services.breaches import Breaches, breaches
from reviews.services.enrichment import enrich
from reviews.vocabulary import Area
from tests.factories import give_verdict, make_case, make_user, settle
from tests.reviews.alarms import WORDS

pytestmark = pytest.mark.django_db


def test_each_figure_stands_beside_what_is_unknown(client: Client) -> None:
    ended = (timezone.now() - timedelta(days=8)).isoformat()
    too_young = (timezone.now() - timedelta(days=6)).isoformat()
    reviewer = make_user(Role.REVIEWER, qualified=[Area.CRISIS])
    words = {"messages": [{"role": "user", "content": WORDS}]}
    plain = make_case(time=ended)
    risky = make_case(time=ended, signals={"risk_self": 0.9})
    unwarned = make_case(time=ended, signals={"warnings": 0})
    silent = make_case(time=ended, signals={"risk_self": None})
    cued = make_case(time=ended, transcript=words)
    make_case(time=too_young, signals={"risk_self": 0.9})
    enrich(cutoff_ids=[plain.pk, risky.pk, cued.pk])
    give_verdict(plain, reviewer, reason_codes=("imminent_risk_missed",))
    settle(plain)
    give_verdict(unwarned, reviewer, reason_codes=("no_prior_warning",))
    cache.clear()

    assert breaches(now=timezone.now()) == Breaches(
        cutoffs=5, reported=2, risk_unknown=1, cued=1, unread=2, confirmed=1, unreviewed=4
    )
    assert silent.flags == ["risk_unknown"]
    client.force_login(reviewer)
    assert "2 by what their source reported (1 came without a risk)" in client.get("/feedback").text
