"""Endpoints, outcomes and their deliveries."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0008_care")]

    operations = []
