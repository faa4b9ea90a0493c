"""The look at old rows, beside intake: it goes on meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0008_first_review")]

    operations = [
        ValidateConstraint(model_name="cutoff", name="cutoff_first_review_of_its_kind"),
    ]
