"""What Celery does for policies. Each task can be run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from policies.services import plans


@shared_task
def carry_out_plans() -> int:
    """Put in force what was planned for a time that has come."""
    return len(plans.carry_out_due(now=timezone.now()))
