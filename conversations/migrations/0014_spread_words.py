"""The transcripts whose words stand in several rows; made beside intake, which goes on meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0013_trials_beside_intake")]

    operations = [
        AddIndexConcurrently(
            model_name="transcriptsearch",
            index=models.Index(
                condition=models.Q(("chunk", 1)), fields=["cutoff_id"], name="search_spread"
            ),
        ),
    ]
