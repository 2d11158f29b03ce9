import django.db.models.deletion
import qunce.activities.posts.models
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('activities', '0005_cancel_reason'),
        ('core', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='PostRewardCount',
            fields=[
                ('activity', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='activities.activity')),
                ('given', models.PositiveIntegerField(default=0)),
            ],
            options={
                'db_table': 'posts_reward_count',
            },
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('person_id', models.BigIntegerField()),
                ('code', models.CharField(default=qunce.activities.posts.models.new_code, max_length=12, unique=True)),
                ('text', models.TextField(blank=True, default='')),
                ('product', models.CharField(blank=True, default='', max_length=80)),
                ('rating', models.PositiveSmallIntegerField(null=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting for staff'), ('accepted', 'accepted'), ('rejected', 'rejected'), ('hidden', 'hidden'), ('deleted', 'deleted')], max_length=10)),
                ('found', models.CharField(blank=True, default='', max_length=200)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('source', models.CharField(choices=[('portal', 'on the page'), ('chat', 'in the chat'), ('paste', 'from pasted lines'), ('staff', 'typed by staff')], max_length=10)),
                ('group_id', models.BigIntegerField(null=True)),
                ('message_key', models.CharField(blank=True, default='', max_length=100)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('edited_at', qunce.core.timestamps.TimestampField(null=True)),
                ('decided_at', qunce.core.timestamps.TimestampField(null=True)),
                ('featured_at', qunce.core.timestamps.TimestampField(null=True)),
                ('rewarded_at', qunce.core.timestamps.TimestampField(null=True)),
                ('points', models.PositiveIntegerField(default=0)),
                ('reward', models.CharField(blank=True, default='', max_length=200)),
                ('activity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='posts', to='activities.activity')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('featured_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rewarded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'posts_post',
                'indexes': [models.Index(fields=['activity', 'state', 'at'], name='posts_by_time'), models.Index(fields=['account_id'], name='posts_of_account'), models.Index(condition=models.Q(('featured_at__isnull', False)), fields=['activity', 'featured_at'], name='posts_featured'), models.Index(condition=models.Q(('message_key', ''), _negated=True), fields=['message_key'], name='posts_of_message')],
                'constraints': [models.CheckConstraint(condition=models.Q(('rating__isnull', True), models.Q(('rating__gte', 1), ('rating__lte', 5)), _connector='OR'), name='post_rating_is_1_to_5'), models.CheckConstraint(condition=models.Q(('featured_at__isnull', True), ('state', 'accepted'), _connector='OR'), name='featured_post_is_accepted')],
            },
        ),
        migrations.CreateModel(
            name='PostConsent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('use', models.CharField(choices=[('feature', 'Feature it among the best posts'), ('material', 'Use it in messages to other members'), ('name', 'Show it with my name')], max_length=10)),
                ('given_at', qunce.core.timestamps.TimestampField()),
                ('received_at', qunce.core.timestamps.TimestampField(null=True)),
                ('withdrawn_at', qunce.core.timestamps.TimestampField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='posts.post')),
            ],
            options={
                'db_table': 'posts_consent',
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('post', 'use'), name='one_consent_per_use')],
            },
        ),
        migrations.CreateModel(
            name='PostDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('key', models.CharField(max_length=100)),
                ('product', models.CharField(blank=True, default='', max_length=80)),
                ('rating', models.PositiveSmallIntegerField(null=True)),
                ('uses', models.CharField(blank=True, default='', max_length=40)),
                ('received_at', qunce.core.timestamps.TimestampField(null=True)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('activity', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='activities.activity')),
            ],
            options={
                'db_table': 'posts_draft',
                'indexes': [models.Index(fields=['account_id'], name='post_drafts_of_account')],
                'constraints': [models.UniqueConstraint(fields=('activity', 'key'), name='one_draft_per_form')],
            },
        ),
        migrations.CreateModel(
            name='PostMaterial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('material_id', models.BigIntegerField(unique=True)),
                ('has_name', models.BooleanField()),
                ('is_cleared', models.BooleanField(default=False)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='materials', to='posts.post')),
            ],
            options={
                'db_table': 'posts_material',
            },
        ),
        migrations.CreateModel(
            name='PostPicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=qunce.activities.posts.models.new_code, max_length=12, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('content', models.BinaryField()),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('draft', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='posts.postdraft')),
                ('post', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='posts.post')),
            ],
            options={
                'db_table': 'posts_picture',
                'constraints': [models.UniqueConstraint(fields=('post', 'number'), name='one_picture_per_place'), models.CheckConstraint(condition=models.Q(('post__isnull', True), ('draft__isnull', True), _connector='XOR'), name='picture_of_post_or_draft')],
            },
        ),
    ]
