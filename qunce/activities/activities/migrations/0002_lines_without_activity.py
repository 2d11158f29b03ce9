import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("activities", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="groupline",
            name="activity",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="activities.activity",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("activity__isnull", True)),
                fields=("group_id",),
                name="one_line_without_activity",
            ),
        ),
    ]
