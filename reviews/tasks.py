"""What Celery does for reviews. Each task takes ids and can be run twice."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from reviews.posting import Postman
from reviews.services import (
    addresses,
    calling,
    deferring,
    delivering,
    drafting,
    enrichment,
    feedback_terms,
    overheard,
    relay,
    settlement,
    transparency,
)

#: How many cutoffs one sweep hands on; what is left waits for the next one, seconds later.
SWEEP = 500


@shared_task
def enrich(cutoff_ids: list[str]) -> int:
    """Read the transcripts of new cutoffs and hold them against their policies."""
    return enrichment.enrich(cutoff_ids=[UUID(cutoff_id) for cutoff_id in cutoff_ids])


@shared_task
def sweep_enrichment() -> int:
    """Enrich what the broker lost or a dead worker held."""
    waiting = enrichment.waiting(now=timezone.now() - enrichment.GRACE, limit=SWEEP)
    return enrichment.enrich(cutoff_ids=waiting)


@shared_task
def settle() -> int:
    """Settle the cases whose undo time is over."""
    return settlement.settle_due(now=timezone.now())


@shared_task
def link_relayed_feedback() -> int:
    """Give relayed feedback to the cutoffs that it belongs to, and hear what goes on waiting."""
    now = timezone.now()
    linked = relay.link_relayed_feedback(now=now)
    overheard.hear(now=now)
    overheard.forget(now=now)
    return linked


@shared_task
def resume_deferred() -> int:
    """Bring back the cases whose deferral is over."""
    return deferring.resume_due(now=timezone.now())


@shared_task
def forget_old_drafts() -> int:
    """Delete drafts of verdicts that nobody will send any more."""
    return drafting.forget_old_drafts(now=timezone.now())


@shared_task
def deliver() -> int:
    """Send outcomes until none is due; what one run does not come to, the next one does."""
    run = delivering.deliver(postman=Postman(named=settings.WEBHOOK_HOSTS))
    if run.more:
        deliver.delay()
    return run.sent


@shared_task
def call_people() -> int:
    """Tell the people on call of alarms; what one run does not come to, the next one does."""
    calling.advance(now=timezone.now())
    return calling.send(postman=Postman(named=settings.WEBHOOK_HOSTS))


@shared_task
def send_answers() -> int:
    """Mail the links and replies that are due."""
    return addresses.send_due(now=timezone.now())


@shared_task
def forget_what_users_said() -> int:
    """Delete addresses, and the words of feedback and replies, whose term is over."""
    return feedback_terms.enforce(now=timezone.now())


@shared_task
def publish_transparency() -> None:
    """Make the public report of last night, where there is a public page."""
    if settings.TRANSPARENCY:
        transparency.make(now=timezone.now())
