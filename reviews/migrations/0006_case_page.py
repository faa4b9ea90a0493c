"""Internal notes, canned texts and drafts of verdicts."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0005_ways_out")]

    operations = []
