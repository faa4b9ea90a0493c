"""What Celery does for intake. Each task can be run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from conversations import partitions
from conversations.partitions import next_month


@shared_task
def make_partitions() -> None:
    """The partitions of this month and the next, before the first event needs them."""
    this = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    partitions.ensure([this, next_month(this)])
