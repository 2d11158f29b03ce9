import django.db.models.deletion
import qunce.core.timestamps
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
            name='Device',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.BinaryField(max_length=32)),
                ('label', models.CharField(max_length=30)),
                ('first_seen_at', qunce.core.timestamps.TimestampField()),
                ('last_seen_at', qunce.core.timestamps.TimestampField()),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('community', 'digest'), name='one_row_per_device')],
            },
        ),
        migrations.CreateModel(
            name='ErasureRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('open', 'open'), ('erased', 'erased'), ('declined', 'declined'), ('withdrawn', 'withdrawn')], default='open', max_length=10)),
                ('requested_at', qunce.core.timestamps.TimestampField()),
                ('closed_at', qunce.core.timestamps.TimestampField(null=True)),
                ('answer', models.CharField(blank=True, default='', max_length=300)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'indexes': [models.Index(fields=['community', 'state'], name='erasure_by_state')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('account',), name='one_open_erasure_request')],
            },
        ),
        migrations.CreateModel(
            name='LinkBinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_id', models.BinaryField(max_length=8, unique=True)),
                ('purpose', models.CharField(max_length=30)),
                ('source', models.CharField(blank=True, default='', max_length=30)),
                ('made_at', qunce.core.timestamps.TimestampField()),
                ('expires_at', qunce.core.timestamps.TimestampField()),
                ('bound_at', qunce.core.timestamps.TimestampField(null=True)),
                ('revoked_at', qunce.core.timestamps.TimestampField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('device', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='links', to='personal_links.device')),
            ],
        ),
        migrations.CreateModel(
            name='LinkRevocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(blank=True, default='', max_length=30)),
                ('revoked_at', qunce.core.timestamps.TimestampField()),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'indexes': [models.Index(fields=['community', 'purpose'], name='revocation_by_purpose')],
            },
        ),
        migrations.CreateModel(
            name='PageView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.CharField(max_length=30)),
                ('half_hour', models.IntegerField()),
                ('seconds', models.PositiveIntegerField(default=0)),
                ('source', models.CharField(blank=True, default='', max_length=30)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'indexes': [models.Index(fields=['community', 'page'], name='page_views_by_page')],
                'constraints': [models.UniqueConstraint(fields=('account', 'page', 'half_hour'), name='one_view_per_half_hour')],
            },
        ),
        migrations.CreateModel(
            name='PortalSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_open', models.BooleanField(default=True)),
                ('contact', models.CharField(blank=True, default='', max_length=100)),
                ('community', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
        ),
        migrations.CreateModel(
            name='RequestCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=30)),
                ('window', models.BigIntegerField()),
                ('count', models.PositiveIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['window'], name='request_count_by_window')],
                'constraints': [models.UniqueConstraint(fields=('subject', 'window'), name='one_count_per_window')],
            },
        ),
        migrations.CreateModel(
            name='SharedPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.CharField(max_length=30)),
                ('opened_by', models.BinaryField(max_length=32)),
                ('opened_at', qunce.core.timestamps.TimestampField()),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'indexes': [models.Index(fields=['community', 'page'], name='shares_by_page')],
                'constraints': [models.UniqueConstraint(fields=('account', 'page', 'opened_by'), name='one_share_per_device')],
            },
        ),
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rung', models.PositiveSmallIntegerField()),
                ('provider', models.CharField(max_length=20)),
                ('signed_in_at', qunce.core.timestamps.TimestampField()),
                ('expires_at', qunce.core.timestamps.TimestampField()),
                ('ended_at', qunce.core.timestamps.TimestampField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_ins', to='personal_links.device')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('device',), name='one_sign_in_per_device')],
            },
        ),
        migrations.CreateModel(
            name='SignInCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digits', models.BinaryField(max_length=32)),
                ('made_at', qunce.core.timestamps.TimestampField()),
                ('expires_at', qunce.core.timestamps.TimestampField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('used_at', qunce.core.timestamps.TimestampField(null=True)),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.account')),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('device', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='personal_links.device')),
            ],
        ),
        migrations.CreateModel(
            name='AnonymousViews',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.CharField(max_length=30)),
                ('day', models.IntegerField()),
                ('views', models.PositiveIntegerField(default=0)),
                ('seconds', models.PositiveBigIntegerField(default=0)),
                ('programs', models.PositiveIntegerField(default=0)),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('community', 'page', 'day'), name='one_row_per_page_and_day')],
            },
        ),
    ]
