"""What a backtest must know of reviews and feedback: two empty columns, added at once."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0007_transcript_search")]

    operations = [
        migrations.AddField(
            model_name="cutoff",
            name="first_review",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Upheld"),
                    (2, "Overturned"),
                    (3, "Overturned for procedure alone"),
                    (4, "Right to continue"),
                    (5, "Should have ended"),
                ],
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="cutoff",
            name="unsurprised_at",
            field=models.DateTimeField(
                help_text="When the user first said that it did not surprise them.", null=True
            ),
        ),
        AddConstraintNotValid(
            model_name="cutoff",
            constraint=models.CheckConstraint(
                name="cutoff_first_review_of_its_kind",
                condition=models.Q(
                    models.Q(
                        models.Q(
                            ("first_review", None),
                            ("first_review__range", (1, 3)),
                            _connector="OR",
                        ),
                        ("kind", "cutoff"),
                    ),
                    models.Q(
                        models.Q(
                            ("first_review", None),
                            ("first_review__range", (4, 5)),
                            _connector="OR",
                        ),
                        ("kind", "near_miss"),
                        ("unsurprised_at", None),
                    ),
                    _connector="OR",
                ),
            ),
        ),
    ]
