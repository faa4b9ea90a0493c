"""Tells the cutoffs that are settled already what their first review said.

By batches, each in a transaction of its own, so that nothing waits; what was written once stays
when it is run again.
"""

from django.db import migrations

BATCH = 2_000

_FIRST = """
WITH page AS (
    SELECT reviewed.cutoff_id AS id
    FROM reviews_case reviewed
    JOIN conversations_cutoff cutoff ON cutoff.id = reviewed.cutoff_id
    WHERE (reviewed.state = 'settled' OR cutoff.settled_at IS NOT NULL)
      AND cutoff.first_review IS NULL
      AND (%(after)s::uuid IS NULL OR reviewed.cutoff_id > %(after)s::uuid)
    ORDER BY reviewed.cutoff_id
    LIMIT %(batch)s
), first AS (
    SELECT DISTINCT ON (verdict.case_id) verdict.case_id, verdict.decision, verdict.reason_codes
    FROM reviews_verdict verdict
    WHERE verdict.case_id IN (SELECT id FROM page)
      AND NOT EXISTS (SELECT FROM reviews_withdrawal gone WHERE gone.verdict_id = verdict.id)
    ORDER BY verdict.case_id, verdict.at, verdict.id
), written AS (
    UPDATE conversations_cutoff cutoff
    SET first_review = CASE first.decision
        WHEN 'uphold' THEN 1
        WHEN 'overturn' THEN CASE
            WHEN first.reason_codes::text[] <@ ARRAY['no_prior_warning', 'too_few_redirects']
            THEN 3 ELSE 2 END
        WHEN 'right_to_continue' THEN 4
        ELSE 5 END
    FROM first
    WHERE cutoff.id = first.case_id
)
SELECT max(id::text)::uuid FROM page
"""

_UNSURPRISED = """
WITH page AS (
    SELECT feedback.case_id AS id, min(feedback.at) AS at
    FROM reviews_feedback feedback
    WHERE NOT feedback.surprised
      AND (%(after)s::uuid IS NULL OR feedback.case_id > %(after)s::uuid)
    GROUP BY feedback.case_id
    ORDER BY feedback.case_id
    LIMIT %(batch)s
), written AS (
    UPDATE conversations_cutoff cutoff SET unsurprised_at = page.at
    FROM page
    WHERE cutoff.id = page.id AND cutoff.unsurprised_at IS NULL
)
SELECT max(id::text)::uuid FROM page
"""


def _in_batches(schema_editor, statement):
    after = None
    while True:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(statement, {"after": after, "batch": BATCH})
            (after,) = cursor.fetchone()
        if after is None:
            return


def tell(apps, schema_editor):
    """Write both columns, by batches."""
    _in_batches(schema_editor, _FIRST)
    _in_batches(schema_editor, _UNSURPRISED)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("reviews", "0001_initial"),
        ("conversations", "0009_first_review_of_old_rows"),
    ]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop, elidable=True)]
