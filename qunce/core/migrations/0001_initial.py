import django.db.models.deletion
import qunce.core.instants
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Community',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=63, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('timezone', models.CharField(default='Asia/Shanghai', max_length=64)),
                ('day_start', models.PositiveSmallIntegerField(default=0)),
                ('currency', models.CharField(default='CNY', max_length=3)),
                ('language', models.CharField(default='zh-hans', max_length=10)),
                ('created_at', qunce.core.instants.InstantField()),
            ],
        ),
        migrations.CreateModel(
            name='Fact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community_id', models.IntegerField()),
                ('kind_id', models.IntegerField()),
                ('account_id', models.BigIntegerField(null=True)),
                ('group_id', models.BigIntegerField(null=True)),
                ('happened_at', qunce.core.instants.InstantField()),
                ('recorded_at', qunce.core.instants.InstantField()),
                ('actor_id', models.IntegerField(null=True)),
                ('source_id', models.IntegerField(null=True)),
                ('payload', models.TextField(null=True)),
                ('key', models.TextField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='FactKey',
            fields=[
                ('hash', models.BigIntegerField(primary_key=True, serialize=False)),
                ('fact_id', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Reached',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('consumer', models.CharField(max_length=40, unique=True)),
                ('position', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Operator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('login', models.CharField(max_length=120, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('role', models.CharField(choices=[('owner', 'owner'), ('manager', 'manager'), ('operator', 'operator'), ('viewer', 'viewer')], max_length=20)),
                ('scope', models.JSONField(null=True)),
                ('language', models.CharField(default='zh-hans', max_length=10)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', qunce.core.instants.InstantField()),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='operators', to='core.community')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='FactKeyOverflow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source_id', models.IntegerField()),
                ('key', models.TextField()),
                ('fact_id', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source_id', 'key'), name='one_fact_an_overflowed_key')],
            },
        ),
        migrations.CreateModel(
            name='Name',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('space', models.CharField(max_length=12)),
                ('community_id', models.BigIntegerField()),
                ('name', models.CharField(max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('space', 'community_id', 'name'), name='one_id_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('community_id', models.BigIntegerField()),
                ('kind', models.CharField(max_length=20)),
                ('ref', models.BigIntegerField()),
                ('rev', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('community_id', 'kind', 'ref'), name='one_revision_a_thing')],
            },
        ),
        migrations.CreateModel(
            name='Work',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('duty', models.CharField(max_length=60)),
                ('key', models.CharField(default='', max_length=200)),
                ('due_at', qunce.core.instants.InstantField()),
                ('lease', models.CharField(default='', max_length=32)),
                ('leased_until', qunce.core.instants.InstantField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.TextField(default='')),
            ],
            options={
                'indexes': [models.Index(fields=['due_at'], name='work_by_due')],
                'constraints': [models.UniqueConstraint(fields=('duty', 'key'), name='work_is_due_once')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('book', models.CharField(max_length=40)),
                ('account_id', models.BigIntegerField()),
                ('amount', models.BigIntegerField()),
                ('key', models.CharField(max_length=200)),
                ('at', qunce.core.instants.InstantField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('reverses', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='core.entry')),
            ],
            options={
                'indexes': [models.Index(fields=['account_id', 'book'], name='entry_by_account')],
                'constraints': [models.UniqueConstraint(fields=('community', 'book', 'key'), name='one_entry_a_reason'), models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='an_entry_changes_something')],
            },
        ),
    ]
