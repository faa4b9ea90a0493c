"""What is parked is counted by an index of its own, however much waits to be read."""

from __future__ import annotations

import pytest
from django.db import connection

from conversations.models import Enrichment

pytestmark = pytest.mark.django_db


def test_parked_enrichments_are_found_by_their_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Enrichment.objects.filter(parked_at__isnull=False)[:10].explain()
    assert "enrichment_parked" in plan
