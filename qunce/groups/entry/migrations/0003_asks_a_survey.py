import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A gate asks the questions of a survey; see the two migrations after this one."""

    dependencies = [
        ("entry", "0002_threshold_in_words"),
        ("surveys", "0001_initial"),
        ("members", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="entrygate",
            name="asked_survey",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="surveys.survey",
            ),
        ),
        migrations.AddField(
            model_name="entrygate",
            name="owns_survey",
            field=models.BooleanField(default=False),
        ),
    ]
