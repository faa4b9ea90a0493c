"""What one person wants to be spared, severe cases, and who was given which access."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0007_quality"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('access', models.CharField(choices=[('role', 'Role'), ('qualification', 'Qualification'), ('account', 'Account')], max_length=13)),
                ('name', models.CharField(help_text='Which role or area; empty for the account.', max_length=32)),
                ('given', models.BooleanField()),
                ('reason', models.CharField(max_length=500)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='CareSettings',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='care', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('folded', django.contrib.postgres.fields.ArrayField(blank=True, base_field=models.CharField(max_length=32), default=list, size=None)),
                ('blurred', django.contrib.postgres.fields.ArrayField(blank=True, base_field=models.CharField(max_length=32), default=list, size=None)),
                ('shown', django.contrib.postgres.fields.ArrayField(blank=True, base_field=models.CharField(max_length=32), default=list, size=None)),
                ('hidden_from', models.FloatField(default=0.7, help_text='Turns of cases of this reported severity or more are hidden.')),
                ('opted_out', django.contrib.postgres.fields.ArrayField(blank=True, base_field=models.CharField(choices=[('violent_crimes', 'Violent crimes'), ('nonviolent_crimes', 'Nonviolent crimes'), ('sex_related_crimes', 'Sex-related crimes'), ('child_sexual_exploitation', 'Child sexual exploitation'), ('indiscriminate_weapons', 'Indiscriminate weapons'), ('suicide_self_harm', 'Suicide and self-harm'), ('hate', 'Hate'), ('privacy', 'Privacy'), ('intellectual_property', 'Intellectual property'), ('defamation', 'Defamation'), ('sexual_content', 'Sexual content'), ('specialized_advice', 'Specialized advice'), ('elections', 'Elections'), ('code_interpreter_abuse', 'Code interpreter abuse'), ('harassment_of_model', 'Harassment of the model'), ('other', 'Other')], max_length=32), default=list, size=None)),
                ('languages', django.contrib.postgres.fields.ArrayField(blank=True, base_field=models.CharField(max_length=3), default=list, help_text='Empty for every language.', size=None)),
                ('severe_per_shift', models.PositiveSmallIntegerField(blank=True, help_text='Empty for the cap of the installation.', null=True)),
                ('pause_after_minutes', models.PositiveSmallIntegerField(blank=True, help_text="Empty for the installation's.", null=True)),
            ],
        ),
        migrations.AddField(
            model_name='case',
            name='severe',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='claim',
            name='severe',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='accesschange',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='accesschange',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='access_changes', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='caresettings',
            constraint=models.CheckConstraint(condition=models.Q(('folded__contained_by', ['rated', 'unrated', 'cue', 'violent_crimes', 'nonviolent_crimes', 'sex_related_crimes', 'child_sexual_exploitation', 'indiscriminate_weapons', 'suicide_self_harm', 'hate', 'privacy', 'intellectual_property', 'defamation', 'sexual_content', 'specialized_advice', 'elections', 'code_interpreter_abuse', 'harassment_of_model', 'other']), ('blurred__contained_by', ['rated', 'unrated', 'cue', 'violent_crimes', 'nonviolent_crimes', 'sex_related_crimes', 'child_sexual_exploitation', 'indiscriminate_weapons', 'suicide_self_harm', 'hate', 'privacy', 'intellectual_property', 'defamation', 'sexual_content', 'specialized_advice', 'elections', 'code_interpreter_abuse', 'harassment_of_model', 'other'])), name='care_kinds_are_known'),
        ),
        migrations.AddConstraint(
            model_name='caresettings',
            constraint=models.CheckConstraint(condition=models.Q(('shown__contained_by', ['unrated', 'violent_crimes', 'nonviolent_crimes', 'indiscriminate_weapons', 'hate', 'privacy', 'intellectual_property', 'defamation', 'sexual_content', 'specialized_advice', 'elections', 'code_interpreter_abuse', 'harassment_of_model', 'other'])), name='care_shows_no_more_than_allowed'),
        ),
        migrations.AddConstraint(
            model_name='caresettings',
            constraint=models.CheckConstraint(condition=models.Q(('hidden_from__range', (0, 0.7))), name='care_hides_no_less_than_the_house'),
        ),
        migrations.AddConstraint(
            model_name='caresettings',
            constraint=models.CheckConstraint(condition=models.Q(('opted_out__contained_by', ['violent_crimes', 'nonviolent_crimes', 'sex_related_crimes', 'child_sexual_exploitation', 'indiscriminate_weapons', 'suicide_self_harm', 'hate', 'privacy', 'intellectual_property', 'defamation', 'sexual_content', 'specialized_advice', 'elections', 'code_interpreter_abuse', 'harassment_of_model', 'other'])), name='care_opted_out_of_categories'),
        ),
        migrations.AddIndex(
            model_name='accesschange',
            index=models.Index(fields=['user', '-at'], name='access_change_of'),
        ),
        migrations.AddConstraint(
            model_name='accesschange',
            constraint=models.CheckConstraint(condition=models.Q(('user', models.F('by')), _negated=True), name='access_is_given_by_another'),
        ),
        migrations.AddConstraint(
            model_name='accesschange',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='access_changes_for_a_reason'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accesschange',
            trigger=pgtrigger.compiler.Trigger(name='access_change_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a361aa7bfe8f23eac03e88c1a784c79d621ddcac', operation='UPDATE OR DELETE', pgid='pgtrigger_access_change_append_only_3fc25', table='reviews_accesschange', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accesschange',
            trigger=pgtrigger.compiler.Trigger(name='access_change_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                IF left(current_database(), 5) <> 'test_' THEN\n                    RAISE EXCEPTION 'access_change is append-only: TRUNCATE is refused';\n                END IF;\n                RETURN NULL;\n            ", hash='9084875aee127312cac9755a94a7c669630c8a2f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_access_change_no_truncate_4cc54', table='reviews_accesschange', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='caresettings',
            constraint=models.CheckConstraint(condition=models.Q(('pause_after_minutes', None), ('pause_after_minutes__range', (15, 240)), _connector='OR'), name='care_pause_after_a_while'),
        ),
    ]
