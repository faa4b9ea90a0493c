"""Second looks, gold cases and training."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0006_case_page")]

    operations = []
