"""An index and the look at old rows, made beside intake: it goes on meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0012_trials_and_last_used")]

    operations = [
        AddIndexConcurrently(
            model_name="cutoff",
            index=models.Index(
                fields=["id"], name="cutoff_trial", condition=models.Q(("trial", True))
            ),
        ),
        ValidateConstraint(model_name="cutoff", name="cutoff_trial_never_drawn"),
    ]
