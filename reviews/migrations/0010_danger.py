"""Flags, and the people on call."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0009_outcomes")]

    operations = []
