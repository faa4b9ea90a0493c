"""What one person wants to be spared."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0007_quality")]

    operations = []
