"""Queues by rules, and saved views."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_qualifications")]

    operations = []
