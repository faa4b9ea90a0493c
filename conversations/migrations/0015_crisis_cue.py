"""Whether the transcript of a cutoff shows a crisis cue: false until its evidence says otherwise.

The column is added at once. Of old rows only the few with a cue are written, beside intake.
"""

from django.db import migrations, models

_OLD_ROWS = """
UPDATE conversations_cutoff cutoff SET crisis_cue = true
FROM conversations_transcriptevidence evidence
WHERE evidence.cutoff_id = cutoff.id AND jsonb_array_length(evidence.found -> 'crisis_cues') > 0
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0014_spread_words")]

    operations = [
        migrations.AddField(
            model_name="cutoff",
            name="crisis_cue",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Words show it."
            ),
        ),
        migrations.RunSQL(_OLD_ROWS, migrations.RunSQL.noop),
    ]
