"""Indexes for the sources page, made beside intake: it goes on meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0003_relayed_feedback")]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(fields=["source", "-received_at", "-id"], name="event_received"),
        ),
        AddIndexConcurrently(
            model_name="refusal",
            index=models.Index(fields=["source", "-at", "-id"], name="refusal_received"),
        ),
        RemoveIndexConcurrently(model_name="refusal", name="refusal_tail"),
    ]
