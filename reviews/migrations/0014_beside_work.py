"""Indexes on tables that are at work, made beside it, and what old rows say in the new columns.

The old rows are read by batches, each in a transaction of its own; what was written once stays as it
is when it is run again.
"""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models

from conversations.words import index_text

BATCH = 2_000

# As reviews/hazards.py tells it; the tests of sources are a handful.
_OLD_CASES = """
WITH page AS (
    SELECT cutoff_id AS id FROM reviews_case
    WHERE %(after)s::uuid IS NULL OR cutoff_id > %(after)s::uuid
    ORDER BY cutoff_id LIMIT %(batch)s
), written AS (
    UPDATE reviews_case reviewed SET severe = severe OR told.is_severe, trial = told.is_trial
    FROM (
        SELECT reviewed.cutoff_id AS id, cutoff.trial AS is_trial,
               reviewed.category IN (
                   'child_sexual_exploitation', 'sex_related_crimes', 'suicide_self_harm'
               ) OR 'risk_above_ceiling' = ANY(reviewed.flags)
               OR coalesce(cutoff.severity >= 0.9, false) AS is_severe
        FROM reviews_case reviewed
        JOIN conversations_cutoff cutoff ON cutoff.id = reviewed.cutoff_id
        WHERE reviewed.cutoff_id IN (SELECT id FROM page)
    ) told
    WHERE reviewed.cutoff_id = told.id
      AND (told.is_severe AND NOT reviewed.severe OR told.is_trial <> reviewed.trial)
)
SELECT max(id::text)::uuid FROM page
"""


def tell_cases(apps, schema_editor):
    """Say of each old case whether it is severe, and whether it is a test."""
    after = None
    while True:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(_OLD_CASES, {"after": after, "batch": BATCH})
            (after,) = cursor.fetchone()
        if after is None:
            return


def index_rationales(apps, schema_editor):
    """Have the rationales found that were written before there was a search for them."""
    texts = apps.get_model("reviews", "VerdictText").objects
    written = texts.exclude(rationale="").order_by("verdict_id")
    after = None
    while page := list((written.filter(verdict_id__gt=after) if after else written)[:BATCH]):
        # Django's look-up of a tsvector is a search, so that SQL cannot be asked for an empty one.
        missing = [text for text in page if not text.terms]
        for text in missing:
            text.terms = index_text([text.rationale])
        texts.bulk_update(missing, ["terms"])
        after = page[-1].verdict_id


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("reviews", "0013_transparency")]

    operations = [
        migrations.RunPython(tell_cases, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(index_rationales, migrations.RunPython.noop, elidable=True),
        RemoveIndexConcurrently(model_name="case", name="case_waiting"),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(models.OrderBy(models.F('priority'), descending=True), models.F('due_at'), models.F('cutoff'), condition=models.Q(('selected', True), ('state__in', ('open', 'second_review', 'adjudication')), ('trial', False)), name='case_waiting'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(models.F('queue'), models.OrderBy(models.F('priority'), descending=True), models.F('due_at'), models.F('cutoff'), condition=models.Q(('selected', True), ('state__in', ('open', 'second_review', 'adjudication')), ('trial', False)), include=('breach',), name='case_waiting_in_queue'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(models.F('queue'), models.F('language'), models.OrderBy(models.F('priority'), descending=True), models.F('due_at'), models.F('cutoff'), condition=models.Q(('selected', True), ('state__in', ('open', 'second_review', 'adjudication')), ('trial', False)), name='case_waiting_by_language'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('assignee__isnull', False)), fields=['assignee'], name='case_assigned'),
        ),
        AddIndexConcurrently(
            model_name='verdicttext',
            index=django.contrib.postgres.indexes.GinIndex(fields=['terms'], name='verdict_terms'),
        ),
        AddIndexConcurrently(
            model_name='claim',
            index=models.Index(condition=models.Q(('severe', True)), fields=['reviewer', '-claimed_at'], name='claim_severe_of'),
        ),
        AddIndexConcurrently(
            model_name='claim',
            index=models.Index(fields=['reviewer', '-claimed_at'], name='claim_latest_of'),
        ),
        ValidateConstraint(model_name="case", name="case_contested_in_adjudication"),
    ]
