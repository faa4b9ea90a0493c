from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reviews", "0015_notice_texts")]

    operations = []
