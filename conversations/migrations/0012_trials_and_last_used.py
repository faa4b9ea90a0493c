"""Marks of test events, and when keys and secrets were last used: constants and empty columns."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0011_first_reviewed_at_of_old_rows")]

    operations = [
        migrations.AddField(
            model_name="cutoff",
            name="trial",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Nobody ended anything."
            ),
        ),
        migrations.AddField(
            model_name="parkedevent",
            name="trial",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="sourcekey",
            name="last_used_at",
            field=models.DateTimeField(help_text="To about a minute.", null=True),
        ),
        migrations.AddField(
            model_name="sourcesecret",
            name="last_used_at",
            field=models.DateTimeField(help_text="To about a minute.", null=True),
        ),
        AddConstraintNotValid(
            model_name="cutoff",
            constraint=models.CheckConstraint(
                name="cutoff_trial_never_drawn",
                condition=models.Q(
                    ("trial", False),
                    models.Q(("in_audit", False), ("in_double", False)),
                    _connector="OR",
                ),
            ),
        ),
    ]
