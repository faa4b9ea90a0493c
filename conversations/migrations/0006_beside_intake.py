"""An index and the look at old rows, made beside intake: it goes on meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0005_retention")]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                fields=["source", "conversation_external_id"],
                name="event_without_cutoff",
                condition=models.Q(("cutoff_id", None)),
            ),
        ),
        ValidateConstraint(model_name="transcript", name="transcript_erased_is_empty"),
    ]
