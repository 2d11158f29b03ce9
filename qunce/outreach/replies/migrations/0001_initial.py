import django.db.models.deletion
import qunce.core.timestamps
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0003_provider_account'),
        ('core', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('group_id', models.BigIntegerField(default=0)),
                ('kind', models.CharField(choices=[('direct', 'message to us'), ('mention', 'mention in a group')], max_length=10)),
                ('channel', models.CharField(max_length=30)),
                ('source_id', models.IntegerField()),
                ('key', models.CharField(max_length=300)),
                ('channel_message_id', models.CharField(blank=True, default='', max_length=200)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('answered', 'answered'), ('closed', 'closed without an answer')], default='waiting', max_length=10)),
                ('reason', models.CharField(blank=True, choices=[('needs_none', 'needs no answer'), ('spam', 'advertising or spam'), ('case', 'goes on as a case'), ('other', 'another reason'), ('silence', 'nobody answered for days'), ('joined', 'joined with the one before it')], default='', max_length=20)),
                ('opened_at', qunce.core.timestamps.TimestampField()),
                ('last_at', qunce.core.timestamps.TimestampField()),
                ('due_at', qunce.core.timestamps.TimestampField(null=True)),
                ('late_at', qunce.core.timestamps.TimestampField(null=True)),
                ('ended_at', qunce.core.timestamps.TimestampField(null=True)),
                ('changed_at', qunce.core.timestamps.TimestampField()),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('staff', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'outreach_conversation',
                'indexes': [models.Index(fields=['community', 'state', 'due_at'], name='conversations_by_state'), models.Index(fields=['account_id'], name='conversations_of_account')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('community', 'account_id', 'group_id'), name='one_waiting_conversation_per_chat')],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('way', models.CharField(choices=[('channel', 'sent through the channel'), ('by_hand', 'sent by hand'), ('elsewhere', 'answered in the chat itself')], max_length=10)),
                ('state', models.CharField(choices=[('pending', 'can be undone'), ('sent', 'sent'), ('failed', 'not sent'), ('undone', 'undone')], default='pending', max_length=10)),
                ('message_id', models.BigIntegerField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=20)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('final_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='replies.conversation')),
            ],
            options={
                'db_table': 'outreach_answer',
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['final_at'], name='answers_to_record')],
            },
        ),
        migrations.CreateModel(
            name='ReplyRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('position', models.PositiveIntegerField()),
                ('match', models.CharField(choices=[('exact', 'the message is one of the words'), ('contains', 'the message has one of them'), ('menu', 'the message is a number of the menu')], max_length=10)),
                ('words', models.JSONField(default=list)),
                ('text', models.TextField()),
                ('in_direct', models.BooleanField(default=True)),
                ('in_groups', models.BooleanField(default=True)),
                ('groups', models.JSONField(default=list)),
                ('hour_from', models.PositiveSmallIntegerField(null=True)),
                ('hour_until', models.PositiveSmallIntegerField(null=True)),
                ('member_pause', models.PositiveIntegerField(default=10)),
                ('group_pause', models.PositiveIntegerField(default=1)),
                ('per_hour', models.PositiveIntegerField(default=30)),
                ('is_on', models.BooleanField(default=False)),
                ('is_archived', models.BooleanField(default=False)),
                ('changed_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
            ],
            options={
                'db_table': 'outreach_reply_rule',
                'indexes': [models.Index(fields=['community', 'is_archived', 'position'], name='reply_rules')],
            },
        ),
        migrations.CreateModel(
            name='AutomaticReply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source_id', models.IntegerField()),
                ('key', models.CharField(max_length=300)),
                ('account_id', models.BigIntegerField()),
                ('group_id', models.BigIntegerField(default=0)),
                ('message_id', models.BigIntegerField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=20)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='replies', to='replies.replyrule')),
            ],
            options={
                'db_table': 'outreach_automatic_reply',
                'indexes': [models.Index(fields=['rule', 'at'], name='automatic_replies')],
                'constraints': [models.UniqueConstraint(fields=('source_id', 'key'), name='one_automatic_reply_per_message')],
            },
        ),
        migrations.CreateModel(
            name='ReplySettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer_minutes', models.PositiveIntegerField(default=60)),
                ('assigns_in_turn', models.BooleanField(default=True)),
                ('mention_words', models.JSONField(default=list)),
                ('community', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.community')),
            ],
            options={
                'db_table': 'outreach_reply_settings',
            },
        ),
    ]
