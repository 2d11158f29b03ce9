from django.db import migrations, models

EARNED = """
    SELECT e.account_id, e.community_id, e.day, e.amount AS points FROM point_entry e
    WHERE e.kind = 1 AND e.key NOT LIKE 'import/%'
    UNION ALL
    SELECT o.account_id, o.community_id, o.day, -r.amount FROM point_entry r
    JOIN point_entry o ON o.id = r.of_id WHERE r.kind = 4 AND o.key NOT LIKE 'import/%'
"""
# Erased members have no scores, and get none here.
ADD = """
INSERT INTO point_score (account_id, community_id, month, period, points)
SELECT account_id, community_id, 0, {period}, SUM(points) FROM ({earned}) earned
WHERE {kept} AND account_id IN (SELECT account_id FROM point_score WHERE month > 0)
GROUP BY 1, 2, 4
"""
DAY, WEEK = "'d' || day", "'w' || ((day + 3) / 7)"
LAST = "(SELECT MAX(day) FROM point_entry)"
FILL = [
    "UPDATE point_score SET period = 'm' || month",
    ADD.format(period="'all'", earned=EARNED, kept="1 = 1"),
    ADD.format(period=DAY, earned=EARNED, kept=f"day > {LAST} - 31"),
    ADD.format(
        period=WEEK, earned=EARNED, kept=f"(day + 3) / 7 > ({LAST} + 3) / 7 - 12"
    ),
]


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="pointscore", name="point_scores_in_order"),
        migrations.RemoveConstraint(
            model_name="pointscore", name="one_point_score_per_month"
        ),
        migrations.AddField(
            model_name="pointscore",
            name="period",
            field=models.CharField(default="", max_length=12),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="pointscore", name="month"),
        migrations.AddIndex(
            model_name="pointscore",
            index=models.Index(
                fields=["community_id", "period", "-points", "account_id"],
                name="point_scores_by_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="pointscore",
            constraint=models.UniqueConstraint(
                fields=("account_id", "period"), name="one_point_score_per_period"
            ),
        ),
    ]
