"""Texts of notices, and statements of reasons."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0010_danger")]

    operations = []
