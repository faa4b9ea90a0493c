"""When the first review was settled: an empty column, added at once."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0009_first_review_of_old_rows")]

    operations = [
        migrations.AddField(
            model_name="cutoff",
            name="first_reviewed_at",
            field=models.DateTimeField(
                help_text="When the first review was settled; unknown of the earliest rows.",
                null=True,
            ),
        ),
        AddConstraintNotValid(
            model_name="cutoff",
            constraint=models.CheckConstraint(
                name="cutoff_first_reviewed_with_review",
                condition=models.Q(
                    ("first_reviewed_at", None), ("first_review__isnull", False), _connector="OR"
                ),
            ),
        ),
    ]
