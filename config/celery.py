"""The Celery app: background work of all apps, found in their `tasks` modules."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("recourse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_SECONDS_BETWEEN = {
    "accounts.tasks.seal_ledger": 60.0,
    # The undo time is told to people in seconds.
    "reviews.tasks.settle": 5.0,
    "reviews.tasks.deliver": 5.0,
    "reviews.tasks.call_people": 5.0,
    "reviews.tasks.link_relayed_feedback": 10.0,
    "reviews.tasks.send_answers": 30.0,
    "reviews.tasks.sweep_enrichment": 30.0,
    "reviews.tasks.resume_deferred": 30.0,
    "reviews.tasks.forget_old_drafts": 3600.0,
    "policies.tasks.carry_out_plans": 10.0,
    "policies.tasks.sweep_backtests": 30.0,
    "policies.tasks.watch_activations": 3600.0,
    "conversations.tasks.sweep_erasures": 60.0,
    "conversations.tasks.make_partitions": 3600.0,
}

# A tick that no worker took before the next one is worth nothing: it expires, so that a worker
# that comes back finds one of each and not an hour of them.
app.conf.beat_schedule = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in _SECONDS_BETWEEN.items()
} | {
    # At night, in UTC.
    "conversations.tasks.enforce_retention": {
        "task": "conversations.tasks.enforce_retention",
        "schedule": crontab(hour=3, minute=20),
        "options": {"expires": 20 * 3600},
    },
    "reviews.tasks.forget_what_users_said": {
        "task": "reviews.tasks.forget_what_users_said",
        "schedule": crontab(hour=3, minute=50),
        "options": {"expires": 20 * 3600},
    },
    "reviews.tasks.publish_transparency": {
        "task": "reviews.tasks.publish_transparency",
        "schedule": crontab(hour=2, minute=20),
        "options": {"expires": 20 * 3600},
    },
    "conversations.tasks.index_missing": {
        "task": "conversations.tasks.index_missing",
        "schedule": crontab(hour=4, minute=20),
        "options": {"expires": 20 * 3600},
    },
}
