"""Replies, verified addresses and what was written about a cutoff."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0011_notices")]

    operations = []
