import django.db.models.deletion
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('activities', '0005_cancel_reason'),
        ('core', '__first__'),
        ('prizes', '0002_staff_tasks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Game',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('winners', models.PositiveSmallIntegerField(default=0)),
                ('decided_at', qunce.core.timestamps.TimestampField(null=True)),
                ('paid_at', qunce.core.timestamps.TimestampField(null=True)),
                ('activity', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='game', to='activities.activity')),
                ('stock', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prizes.prizestock')),
            ],
            options={
                'db_table': 'games_game',
            },
        ),
        migrations.CreateModel(
            name='GameAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('said', models.CharField(max_length=100)),
                ('word', models.CharField(blank=True, default='', max_length=20)),
                ('outcome', models.CharField(max_length=12)),
                ('points', models.PositiveIntegerField(default=0)),
                ('way', models.CharField(choices=[('portal', 'on the page'), ('chat', 'in the chat'), ('paste', 'from pasted lines'), ('staff', 'typed by staff')], max_length=10)),
                ('group_id', models.BigIntegerField(null=True)),
                ('said_at', qunce.core.timestamps.TimestampField()),
                ('at', qunce.core.timestamps.TimestampField()),
                ('ruling', models.BooleanField(null=True)),
                ('ruled_at', qunce.core.timestamps.TimestampField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ruled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'games_answer',
                'indexes': [models.Index(fields=['account_id'], name='game_answers_by_account')],
            },
        ),
        migrations.CreateModel(
            name='Round',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('opened_at', qunce.core.timestamps.TimestampField()),
                ('ends_at', qunce.core.timestamps.TimestampField(null=True)),
                ('closed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('closed_by', models.CharField(blank=True, choices=[('won', 'somebody was first'), ('time', 'its time was over'), ('staff', 'closed by staff'), ('end', 'the game has ended')], default='', max_length=10)),
                ('turn', models.PositiveIntegerField(default=0)),
                ('activity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='activities.activity')),
                ('winner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='games.gameanswer')),
            ],
            options={
                'db_table': 'games_round',
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['ends_at'], name='rounds_to_close')],
                'constraints': [models.UniqueConstraint(fields=('activity', 'number'), name='one_round_per_question')],
            },
        ),
        migrations.AddField(
            model_name='gameanswer',
            name='round',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='games.round'),
        ),
        migrations.CreateModel(
            name='GameResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('place', models.PositiveIntegerField()),
                ('points', models.PositiveIntegerField()),
                ('right', models.PositiveIntegerField()),
                ('is_paid', models.BooleanField(default=False)),
                ('activity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='game_results', to='activities.activity')),
                ('award', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prizes.award')),
            ],
            options={
                'db_table': 'games_result',
                'indexes': [models.Index(fields=['account_id'], name='game_results_by_account')],
                'constraints': [models.UniqueConstraint(fields=('activity', 'place'), name='one_result_per_place'), models.UniqueConstraint(fields=('activity', 'person_id'), name='one_result_per_person')],
            },
        ),
        migrations.AddIndex(
            model_name='gameanswer',
            index=models.Index(fields=['round', 'id'], name='answers_by_round'),
        ),
        migrations.AddIndex(
            model_name='gameanswer',
            index=models.Index(condition=models.Q(('word', ''), _negated=True), fields=['round', 'word'], name='game_answers_by_word'),
        ),
    ]
