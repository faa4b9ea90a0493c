from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0014_beside_work")]

    operations = []
