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
            name='Wish',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('wish', 'wish'), ('pain', 'pain')], default='wish', max_length=10)),
                ('title', models.CharField(max_length=120)),
                ('text', models.TextField(blank=True, default='')),
                ('state', models.CharField(choices=[('new', 'new'), ('planned', 'planned'), ('doing', 'in work'), ('done', 'done'), ('declined', 'declined')], default='new', max_length=10)),
                ('answer', models.TextField(blank=True, default='')),
                ('campaign', models.CharField(blank=True, default='', max_length=200)),
                ('created_at', qunce.core.timestamps.TimestampField()),
                ('changed_at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.community')),
                ('merged_into', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='wishes.wish')),
            ],
            options={
                'db_table': 'groups_wish',
                'indexes': [models.Index(fields=['community', 'state'], name='wishes_by_state')],
            },
        ),
        migrations.CreateModel(
            name='WishVoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField()),
                ('source_id', models.IntegerField(default=0)),
                ('key', models.CharField(blank=True, default='', max_length=300)),
                ('group_id', models.BigIntegerField(default=0)),
                ('at', qunce.core.timestamps.TimestampField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('origin', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='wishes.wish')),
                ('wish', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='voices', to='wishes.wish')),
            ],
            options={
                'db_table': 'groups_wish_voice',
                'indexes': [models.Index(fields=['account_id'], name='voices_of_account')],
                'constraints': [models.UniqueConstraint(fields=('wish', 'account_id', 'source_id', 'key'), name='one_voice_per_message')],
            },
        ),
    ]
