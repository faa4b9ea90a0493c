"""When the words of a case were erased: what was open then is written no more."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0016_user_side")]

    operations = [
        migrations.CreateModel(
            name="ErasedWords",
            fields=[
                ("case", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="erased_words", serialize=False, to="reviews.case")),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
