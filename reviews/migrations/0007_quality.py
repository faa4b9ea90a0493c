"""Second looks, gold cases and training."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('reviews', '0006_case_page'),
    ]

    operations = [
        migrations.CreateModel(
            name='AgreementDraw',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='agreement_draw', serialize=False, to='reviews.case')),
                ('probability', models.FloatField()),
                ('drawn', models.BooleanField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Exercise',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('gold', 'Gold case'), ('training', 'Training')], max_length=8)),
                ('dealt_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(help_text='As the case page of a gold case shows it.')),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('decision', models.CharField(blank=True, choices=[('uphold', 'Uphold'), ('overturn', 'Overturn'), ('right_to_continue', 'Right to continue'), ('should_have_ended', 'Should have ended')], default='', max_length=17)),
                ('remedy', models.CharField(blank=True, choices=[('reopen', 'Reopen'), ('keep_locked', 'Keep locked')], default='', max_length=11)),
                ('policy_followed', models.CharField(blank=True, choices=[('yes', 'Yes'), ('no', 'No'), ('unclear', 'Unclear')], default='', max_length=7)),
                ('severity', models.PositiveSmallIntegerField(null=True)),
                ('category', models.CharField(blank=True, choices=[('violent_crimes', 'Violent crimes'), ('nonviolent_crimes', 'Nonviolent crimes'), ('sex_related_crimes', 'Sex-related crimes'), ('child_sexual_exploitation', 'Child sexual exploitation'), ('indiscriminate_weapons', 'Indiscriminate weapons'), ('suicide_self_harm', 'Suicide and self-harm'), ('hate', 'Hate'), ('privacy', 'Privacy'), ('intellectual_property', 'Intellectual property'), ('defamation', 'Defamation'), ('sexual_content', 'Sexual content'), ('specialized_advice', 'Specialized advice'), ('elections', 'Elections'), ('code_interpreter_abuse', 'Code interpreter abuse'), ('harassment_of_model', 'Harassment of the model'), ('other', 'Other')], default='', max_length=32)),
                ('reason_codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('persistent_abuse', 'Persistent abuse'), ('severe_harm', 'Severe harm'), ('user_confirmed_request', 'User confirmed the request'), ('circumvention_of_safeguards', 'Circumvention of safeguards'), ('no_prior_warning', 'No prior warning'), ('too_few_redirects', 'Too few redirects'), ('imminent_risk_missed', 'Imminent risk missed'), ('crisis_mistaken_for_abuse', 'Crisis mistaken for abuse'), ('victim_disclosure', "Victim's disclosure"), ('roleplay', 'Role play or fiction'), ('emotional_intensity', 'Emotional intensity'), ('user_was_right', 'User was right'), ('profanity_without_abuse', 'Profanity without abuse'), ('model_loop', 'Model in a loop'), ('request_misread', 'Request misread'), ('wrong_category', 'Wrong category'), ('other', 'Other')], max_length=32), blank=True, default=list, size=None)),
                ('evidence', models.JSONField(default=list, help_text='Turns or ranges; no words.')),
                ('idempotency_key', models.CharField(max_length=128, null=True)),
            ],
            options={
                'permissions': [('train_on_case', 'Can practise on decided cases'), ('mentor_exercise', "Can comment on trainees' answers and certify people")],
            },
        ),
        migrations.CreateModel(
            name='GoldCase',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='gold', serialize=False, to='reviews.case')),
                ('decisions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('uphold', 'Uphold'), ('overturn', 'Overturn'), ('right_to_continue', 'Right to continue'), ('should_have_ended', 'Should have ended')], max_length=17), size=None)),
                ('reason_codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('persistent_abuse', 'Persistent abuse'), ('severe_harm', 'Severe harm'), ('user_confirmed_request', 'User confirmed the request'), ('circumvention_of_safeguards', 'Circumvention of safeguards'), ('no_prior_warning', 'No prior warning'), ('too_few_redirects', 'Too few redirects'), ('imminent_risk_missed', 'Imminent risk missed'), ('crisis_mistaken_for_abuse', 'Crisis mistaken for abuse'), ('victim_disclosure', "Victim's disclosure"), ('roleplay', 'Role play or fiction'), ('emotional_intensity', 'Emotional intensity'), ('user_was_right', 'User was right'), ('profanity_without_abuse', 'Profanity without abuse'), ('model_loop', 'Model in a loop'), ('request_misread', 'Request misread'), ('wrong_category', 'Wrong category'), ('other', 'Other')], max_length=32), size=None)),
                ('explanation', models.TextField()),
                ('made_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'permissions': [('manage_gold', 'Can make gold cases and see the quality of everybody')],
            },
        ),
        migrations.CreateModel(
            name='MentorComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('text', models.TextField()),
            ],
            options={
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='QualityShares',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('agreement_share', models.FloatField(help_text='Of two who agree, how many a senior checks.')),
                ('gold_share', models.FloatField(help_text='Of what is dealt, how much is a gold case.')),
                ('set_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='case',
            name='contested',
            field=models.BooleanField(db_default=False, default=False),
        ),
        AddConstraintNotValid(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('contested', False), ('state__in', ['adjudication', 'deferred', 'escalated']), _connector='OR'), name='case_contested_in_adjudication'),
        ),
        migrations.AddConstraint(
            model_name='agreementdraw',
            constraint=models.CheckConstraint(condition=models.Q(('probability__range', (0, 1)), models.Q(('drawn', False), ('probability__gt', 0), _connector='OR')), name='agreement_drawn_with_a_probability'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agreementdraw',
            trigger=pgtrigger.compiler.Trigger(name='agreement_draw_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fd84912d94dd279c5fd0cfb451405cb10d560389', operation='UPDATE OR DELETE', pgid='pgtrigger_agreement_draw_append_only_e586b', table='reviews_agreementdraw', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agreementdraw',
            trigger=pgtrigger.compiler.Trigger(name='agreement_draw_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'agreement_draw is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='f844ee1cb7f1af0ee02f0ed22b8018322fa9c703', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_agreement_draw_no_truncate_b3036', table='reviews_agreementdraw', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='ExerciseText',
            fields=[
                ('exercise', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='words', serialize=False, to='reviews.exercise')),
                ('rationale', models.TextField()),
            ],
        ),
        migrations.AddField(
            model_name='exercise',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exercises', to='reviews.case'),
        ),
        migrations.AddField(
            model_name='exercise',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exercises', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='goldcase',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='goldcase',
            name='retired_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='mentorcomment',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='mentorcomment',
            name='exercise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='reviews.exercise'),
        ),
        migrations.AddField(
            model_name='qualityshares',
            name='set_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='exercise',
            index=models.Index(fields=['kind', '-dealt_at', 'id'], name='exercise_newest'),
        ),
        migrations.AddConstraint(
            model_name='exercise',
            constraint=models.UniqueConstraint(fields=('person', 'case'), name='exercise_once_a_person'),
        ),
        migrations.AddConstraint(
            model_name='exercise',
            constraint=models.UniqueConstraint(fields=('person', 'idempotency_key'), name='exercise_once_a_key'),
        ),
        migrations.AddConstraint(
            model_name='exercise',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('decision', '')), models.Q(('answered_at__isnull', False), models.Q(('decision', ''), _negated=True)), _connector='OR'), name='exercise_answered_with_a_decision'),
        ),
        migrations.AddConstraint(
            model_name='exercise',
            constraint=models.CheckConstraint(condition=models.Q(('severity', None), ('severity__range', (0, 4)), _connector='OR'), name='exercise_severity_0_to_4'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exercise',
            trigger=pgtrigger.compiler.Trigger(name='exercise_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."answered_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='1af9b9119483b8f2d1792c4c273a5ffc2b1742f2', operation='UPDATE', pgid='pgtrigger_exercise_final_1616e', table='reviews_exercise', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exercise',
            trigger=pgtrigger.compiler.Trigger(name='exercise_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='ca4f04b8cd34a1521b14fe734cf3fcf3d1be18e5', operation='DELETE', pgid='pgtrigger_exercise_not_deleted_7033f', table='reviews_exercise', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='goldcase',
            constraint=models.CheckConstraint(condition=models.Q(('decisions__len__gt', 0), ('reason_codes__len__gt', 0)), name='gold_accepts_something'),
        ),
        migrations.AddConstraint(
            model_name='goldcase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('retired_at__isnull', True), ('retired_by__isnull', True)), models.Q(('retired_at__isnull', False), ('retired_by__isnull', False)), _connector='OR'), name='gold_retired_by_somebody'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goldcase',
            trigger=pgtrigger.compiler.Trigger(name='gold_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."decisions" IS DISTINCT FROM (NEW."decisions") OR OLD."reason_codes" IS DISTINCT FROM (NEW."reason_codes") OR OLD."made_by_id" IS DISTINCT FROM (NEW."made_by_id") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='1d0e960dbc441936faed7d33ed74960535b3bfe1', operation='UPDATE', pgid='pgtrigger_gold_read_only_cc6eb', table='reviews_goldcase', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goldcase',
            trigger=pgtrigger.compiler.Trigger(name='gold_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='41d99cb05b8a47db69a46fa3ed405cf11df92461', operation='DELETE', pgid='pgtrigger_gold_not_deleted_a8fd8', table='reviews_goldcase', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='goldcase',
            trigger=pgtrigger.compiler.Trigger(name='gold_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'gold is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='04e104e35617a79a507cded96c1e4b881f086cf9', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_gold_no_truncate_015f5', table='reviews_goldcase', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mentorcomment',
            trigger=pgtrigger.compiler.Trigger(name='mentor_comment_read_only', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."exercise_id" IS DISTINCT FROM (NEW."exercise_id") OR OLD."by_id" IS DISTINCT FROM (NEW."by_id") OR OLD."at" IS DISTINCT FROM (NEW."at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='64220b95ee2c34d4435c53989c649c1d0cf5d0e6', operation='UPDATE', pgid='pgtrigger_mentor_comment_read_only_5c60d', table='reviews_mentorcomment', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mentorcomment',
            trigger=pgtrigger.compiler.Trigger(name='mentor_comment_not_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='4d345467b0402bf5ce702488d73b83210108c872', operation='DELETE', pgid='pgtrigger_mentor_comment_not_deleted_ef7d1', table='reviews_mentorcomment', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mentorcomment',
            trigger=pgtrigger.compiler.Trigger(name='mentor_comment_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'mentor_comment is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='ba9b42fa8596b0de80a86fb632bcaed55fbb51d8', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_mentor_comment_no_truncate_1a389', table='reviews_mentorcomment', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='qualityshares',
            constraint=models.CheckConstraint(condition=models.Q(('agreement_share__range', (0, 1))), name='quality_agreement_share_0_to_1'),
        ),
        migrations.AddConstraint(
            model_name='qualityshares',
            constraint=models.CheckConstraint(condition=models.Q(('gold_share__range', (0, 0.5))), name='quality_gold_share_0_to_half'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='qualityshares',
            trigger=pgtrigger.compiler.Trigger(name='quality_shares_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='799d90e5d35820a1d5219585e899c96cd76bc53c', operation='UPDATE OR DELETE', pgid='pgtrigger_quality_shares_append_only_72548', table='reviews_qualityshares', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='qualityshares',
            trigger=pgtrigger.compiler.Trigger(name='quality_shares_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'quality_shares is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='cd39e8f6382eb6808c0565ef14f65ca079243ad2', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_quality_shares_no_truncate_93d0d', table='reviews_qualityshares', when='BEFORE')),
        ),
    ]
