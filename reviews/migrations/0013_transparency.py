"""What is told to the public."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0012_appeals")]

    operations = [
        migrations.CreateModel(
            name="TransparencyReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField(unique=True)),
                (
                    "content",
                    models.JSONField(help_text="A reviews.transparency.Report."),
                ),
            ],
        ),
    ]
