"""The look at old rows, beside intake: it goes on meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0010_first_reviewed_at")]

    operations = [
        ValidateConstraint(model_name="cutoff", name="cutoff_first_reviewed_with_review"),
    ]
