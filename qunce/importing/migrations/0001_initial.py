import django.db.models.deletion
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('core', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(max_length=20)),
                ('file_name', models.CharField(max_length=200)),
                ('digest', models.CharField(max_length=120)),
                ('source', models.CharField(max_length=120)),
                ('options', models.TextField()),
                ('state', models.CharField(default='running', max_length=10)),
                ('next_chunk', models.PositiveIntegerField(default=0)),
                ('next_row', models.PositiveIntegerField(default=0)),
                ('row_digest', models.BigIntegerField(default=0)),
                ('chunks_reported', models.PositiveIntegerField(default=0)),
                ('report_bytes', models.BigIntegerField(default=0)),
                ('rows_read', models.BigIntegerField(default=0)),
                ('rows_broken', models.BigIntegerField(default=0)),
                ('counts', models.JSONField(default=dict)),
                ('started_at', qunce.core.timestamps.TimestampField()),
                ('finished_at', qunce.core.timestamps.TimestampField(null=True)),
                ('key_scopes', models.JSONField(null=True)),
                ('phase', models.CharField(default='', max_length=10)),
                ('rows_done', models.BigIntegerField(default=0)),
                ('rows_expected', models.BigIntegerField(default=0)),
                ('error', models.TextField(default='')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'db_table': 'importing_job',
                'indexes': [models.Index(fields=['community', 'digest'], name='import_by_digest'), models.Index(fields=['community', '-id'], name='import_newest')],
            },
        ),
        migrations.CreateModel(
            name='ImportChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('entries', models.TextField()),
                ('left', models.PositiveIntegerField()),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='importing.importjob')),
            ],
            options={
                'db_table': 'importing_change',
            },
        ),
        migrations.CreateModel(
            name='ImportProblem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row', models.BigIntegerField()),
                ('field', models.CharField(max_length=200)),
                ('value', models.CharField(max_length=200)),
                ('remedy', models.TextField()),
                ('is_broken', models.BooleanField(default=True)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='problems', to='importing.importjob')),
            ],
            options={
                'db_table': 'importing_problem',
            },
        ),
        migrations.CreateModel(
            name='ImportUndo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', qunce.core.timestamps.TimestampField()),
                ('finished_at', qunce.core.timestamps.TimestampField(null=True)),
                ('counts', models.JSONField(default=dict)),
                ('remainder_count', models.PositiveIntegerField(default=0)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='undo', to='importing.importjob')),
            ],
            options={
                'db_table': 'importing_undo',
            },
        ),
        migrations.CreateModel(
            name='UndoRemainder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=300)),
                ('reason', models.TextField()),
                ('undo', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='remainders', to='importing.importundo')),
            ],
            options={
                'db_table': 'importing_undo_remainder',
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('file', models.CharField(max_length=80)),
                ('size', models.BigIntegerField()),
                ('inspection', models.JSONField()),
                ('options', models.JSONField()),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('removed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'db_table': 'importing_upload',
                'indexes': [models.Index(fields=['community', '-id'], name='upload_newest')],
            },
        ),
        migrations.AddField(
            model_name='importjob',
            name='upload',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='importing.upload'),
        ),
        migrations.CreateModel(
            name='ImportAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=120)),
                ('key', models.CharField(max_length=250)),
                ('answer', models.CharField(max_length=200)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.community')),
            ],
            options={
                'db_table': 'importing_answer',
                'constraints': [models.UniqueConstraint(fields=('community', 'source', 'key'), name='one_answer_per_question')],
            },
        ),
    ]
