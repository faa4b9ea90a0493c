"""What a gold case is to the one to whom it was dealt: another key, another number, later times."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0017_erased_words")]

    operations = [
        migrations.AddField("exercise", "alias", models.UUIDField(editable=False, null=True, unique=True)),
        migrations.AddField("exercise", "number", models.BigIntegerField(editable=False, null=True, unique=True)),
        migrations.AddField("exercise", "days_later", models.PositiveIntegerField(db_default=0, default=0)),
    ]
