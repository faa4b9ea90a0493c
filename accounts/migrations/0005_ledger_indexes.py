"""Indexes by which the ledger is narrowed, made beside the work that writes it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ("accounts", "0004_ledger_scope"),
    ]

    operations = [
        # What was done through one key, token or task.
        AddIndexConcurrently(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("agent", ""), _negated=True),
                fields=["agent", "id"],
                name="ledger_agent",
            ),
        ),
        # One action, or all that begin with a word.
        AddIndexConcurrently(
            model_name="ledgerentry",
            index=models.Index(
                fields=["action", "id"],
                name="ledger_action",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
        ),
        # What happened in a stretch of time.
        AddIndexConcurrently(
            model_name="ledgerentry",
            index=models.Index(fields=["at", "id"], name="ledger_time"),
        ),
    ]
