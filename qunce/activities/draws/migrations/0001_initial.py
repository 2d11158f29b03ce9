import django.db.models.deletion
import qunce.activities.draws.database_objects
import qunce.activities.draws.models
import qunce.core.encryption
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('activities', '0001_initial'),
        ('core', '__first__'),
        ('prizes', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Draw',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('prepared', 'being prepared'), ('open', 'open'), ('closed', 'waiting for the public value'), ('drawn', 'drawn'), ('void', 'void')], default='prepared', max_length=10)),
                ('seed', qunce.core.encryption.EncryptedField(default=qunce.activities.draws.models.random_seed)),
                ('source', models.CharField(choices=[('drand', 'the drand beacon (quicknet)'), ('figure', 'a published figure, typed by two people')], default='drand', max_length=10)),
                ('figure_name', models.CharField(blank=True, default='', max_length=120)),
                ('figure_digits', models.PositiveSmallIntegerField(null=True)),
                ('figure_at', qunce.core.timestamps.TimestampField(null=True)),
                ('terms', models.TextField(blank=True, default='')),
                ('terms_hash', models.CharField(blank=True, default='', max_length=64)),
                ('closing', models.TextField(blank=True, default='')),
                ('closed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('root', models.CharField(blank=True, default='', max_length=64)),
                ('tickets_count', models.PositiveIntegerField(default=0)),
                ('people_count', models.PositiveIntegerField(default=0)),
                ('removed', models.JSONField(default=dict)),
                ('drand_round', models.PositiveBigIntegerField(null=True)),
                ('signature', models.CharField(blank=True, default='', max_length=96)),
                ('signature_refused_at', qunce.core.timestamps.TimestampField(null=True)),
                ('public_value', models.CharField(blank=True, default='', max_length=64)),
                ('value', models.CharField(blank=True, default='', max_length=64)),
                ('revealed_seed', models.CharField(blank=True, default='', max_length=64)),
                ('drawn_at', qunce.core.timestamps.TimestampField(null=True)),
                ('voided_at', qunce.core.timestamps.TimestampField(null=True)),
                ('void_reason', models.CharField(blank=True, default='', max_length=200)),
                ('activity', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='draw', to='activities.activity')),
                ('voided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'closed')), fields=['closed_at'], name='draws_waiting_for_value')],
            },
        ),
        migrations.CreateModel(
            name='DrawPrize',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('count', models.PositiveIntegerField()),
                ('draw', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prizes', to='draws.draw')),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prizes.prizestock')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('draw', 'position'), name='one_prize_per_draw_and_position'), models.CheckConstraint(condition=models.Q(('count__gt', 0)), name='draw_prize_count')],
            },
        ),
        migrations.CreateModel(
            name='FigureEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('figure', models.CharField(max_length=64)),
                ('typed_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('draw', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='figures', to='draws.draw')),
            ],
        ),
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('n', models.PositiveSmallIntegerField(default=1)),
                ('secret', models.BinaryField(max_length=16)),
                ('leaf', models.BinaryField(max_length=32)),
                ('place', models.PositiveIntegerField(null=True)),
                ('removed', models.CharField(blank=True, default='', max_length=20)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('draw', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to='draws.draw')),
            ],
            options={
                'indexes': [models.Index(fields=['account_id'], name='tickets_by_account')],
                'constraints': [models.UniqueConstraint(fields=('draw', 'person_id', 'n'), name='one_ticket_per_person_and_n'), models.UniqueConstraint(fields=('draw', 'leaf'), name='one_ticket_per_leaf'), models.UniqueConstraint(fields=('draw', 'place'), name='one_ticket_per_place')],
            },
        ),
        migrations.CreateModel(
            name='Result',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('k', models.PositiveIntegerField()),
                ('outcome', models.CharField(max_length=10)),
                ('prize', models.PositiveSmallIntegerField(null=True)),
                ('instead_of', models.PositiveIntegerField(null=True)),
                ('drawn_at', qunce.core.timestamps.TimestampField()),
                ('award', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='draw_result', to='prizes.award')),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='results', to='draws.draw')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='draws.ticket')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('draw', 'k'), name='one_result_per_draw_and_k'), models.UniqueConstraint(condition=models.Q(('outcome', 'won')), fields=('draw', 'ticket'), name='a_ticket_wins_once')],
            },
        ),
        migrations.RunPython(
            code=qunce.activities.draws.database_objects.create,
            reverse_code=qunce.activities.draws.database_objects.remove,
        ),
    ]
