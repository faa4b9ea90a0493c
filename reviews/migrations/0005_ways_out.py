"""Other ways out of a case than a verdict."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_routing")]

    operations = []
