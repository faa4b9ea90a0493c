"""An index for the overview's count, made beside enrichment: it goes on meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0015_crisis_cue")]

    operations = [
        AddIndexConcurrently(
            model_name="enrichment",
            index=models.Index(
                fields=["parked_at"],
                name="enrichment_parked",
                condition=models.Q(("parked_at__isnull", False)),
            ),
        ),
    ]
