import django.db.models.deletion
import qunce.core.timestamps
import qunce.members.surveys.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0003_provider_account'),
        ('core', '__first__'),
        ('members', '0008_scores'),
    ]

    operations = [
        migrations.CreateModel(
            name='Survey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=qunce.members.surveys.models.new_public_id, max_length=8, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('intro', models.TextField(blank=True, default='')),
                ('thanks', models.TextField(blank=True, default='')),
                ('keyword', models.CharField(blank=True, default='', max_length=20)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('open', 'open'), ('closed', 'closed')], default='draft', max_length=10)),
                ('is_anonymous', models.BooleanField(default=False)),
                ('repeat', models.CharField(choices=[('once', 'once'), ('month', 'once a month'), ('day', 'once a day')], default='once', max_length=10)),
                ('layout', models.CharField(choices=[('one', 'one question per page'), ('all', 'all questions on one page')], default='one', max_length=10)),
                ('rule', models.JSONField(null=True)),
                ('draft', models.JSONField(default=list)),
                ('round', models.PositiveIntegerField(default=1)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('published_at', qunce.core.timestamps.TimestampField(null=True)),
                ('closes_at', qunce.core.timestamps.TimestampField(null=True)),
                ('closed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'indexes': [models.Index(fields=['community', 'state'], name='survey_by_state')],
            },
        ),
        migrations.CreateModel(
            name='SurveyAnswered',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person_id', models.BigIntegerField()),
                ('round', models.CharField(max_length=24)),
                ('day', models.IntegerField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('survey', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='answered', to='surveys.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'person_id', 'round'), name='one_survey_answered_per_round')],
            },
        ),
        migrations.CreateModel(
            name='SurveyConflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.CharField(max_length=20)),
                ('attribute_id', models.BigIntegerField()),
                ('value', models.TextField()),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('taken', 'taken over'), ('kept', 'kept as it was')], default='waiting', max_length=10)),
                ('asked_at', qunce.core.timestamps.TimestampField()),
                ('decided_at', qunce.core.timestamps.TimestampField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conflicts', to='surveys.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('account', 'attribute_id'), name='one_open_survey_conflict')],
            },
        ),
        migrations.CreateModel(
            name='SurveyDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person_id', models.BigIntegerField()),
                ('round', models.CharField(max_length=24)),
                ('answers', models.JSONField(default=dict)),
                ('saved_at', qunce.core.timestamps.TimestampField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('survey', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='surveys.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'person_id', 'round'), name='one_survey_draft_per_round')],
            },
        ),
        migrations.CreateModel(
            name='SurveyPicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=22, unique=True)),
                ('content', models.BinaryField()),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('at', qunce.core.timestamps.TimestampField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='surveys.survey')),
            ],
        ),
        migrations.CreateModel(
            name='SurveyResponse',
            fields=[
                ('id', models.BigIntegerField(default=qunce.members.surveys.models.new_id, primary_key=True, serialize=False)),
                ('person_id', models.BigIntegerField(null=True)),
                ('round', models.CharField(max_length=24)),
                ('source', models.CharField(choices=[('portal', 'member page'), ('chat', 'chat'), ('staff', 'typed by staff'), ('api', 'program')], max_length=10)),
                ('answered_at', qunce.core.timestamps.TimestampField(null=True)),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='responses', to='surveys.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'person_id', 'round'), name='one_survey_response_per_round')],
            },
        ),
        migrations.CreateModel(
            name='SurveyAnswer',
            fields=[
                ('id', models.BigIntegerField(default=qunce.members.surveys.models.new_id, primary_key=True, serialize=False)),
                ('survey_id', models.BigIntegerField()),
                ('question', models.CharField(max_length=20)),
                ('option', models.CharField(default='', max_length=20)),
                ('number', models.BigIntegerField(null=True)),
                ('text', models.TextField(default='')),
                ('response', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='surveys.surveyresponse')),
            ],
            options={
                'indexes': [models.Index(fields=['survey_id', 'question', 'option', 'number'], name='survey_answer_by_question')],
            },
        ),
        migrations.CreateModel(
            name='SurveyVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('questions', models.JSONField()),
                ('published_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='surveys.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'number'), name='one_survey_version_per_number')],
            },
        ),
        migrations.AddField(
            model_name='surveyresponse',
            name='version',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='surveys.surveyversion'),
        ),
    ]
