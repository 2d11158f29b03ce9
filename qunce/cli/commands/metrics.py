"""`qunce metrics`: the dictionary of metrics, and their numbers of days and of spans."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import click
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import community_days, money
from qunce.groups import visibility
from qunce.groups import visibility as group_visibility
from qunce.insight import (
    group_comparison,
    metric_definitions,
    metric_dictionary,
    peak_hours,
)
from qunce.insight import metrics as numbers
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS

DAYS, SPAN = 7, 28
metrics = base.Group("metrics")


@metrics.command("list", help=N_("List all metrics with their definitions"))
@options.pass_invocation
def list_metrics(invocation: Invocation) -> None:
    rows = [
        metric_dictionary.describe(entry, level)
        for level in (COMMUNITY, GROUP)
        for entry in metric_dictionary.list_entries(level)
    ]
    invocation.out.answer({"metrics": rows})
    for row in rows:
        invocation.out.line(
            f"{row['level']:<10} {row['name']:<22} {row['label']}: {row['definition']}"
        )


@metrics.command("show", help=N_("Show the numbers of the last complete days"))
@base.argument("names", nargs=-1, help=N_("names of metrics; all by default"))
@base.option("--group", help=N_("key of a group"))
@base.option(
    "--days",
    type=click.IntRange(1, 400),
    default=DAYS,
    help=N_("how many days"),
)
@options.pass_invocation
def show(
    invocation: Invocation, names: tuple[str, ...], group: str | None, days: int
) -> None:
    level = GROUP if group else COMMUNITY
    wanted = [metric_definitions.get(name, level).name for name in names]
    invocation.derive()
    first, last = _last_days(invocation, days)
    query: dict[str, Any] = {
        "first": first,
        "last": last,
        "names": wanted or None,
        **invocation.query_args,
    }
    if group:
        key = group_visibility.get_by_key(invocation.by, group).key
        values = numbers.compute_for_groups(groups=[key], **query)[key]
    else:
        values = numbers.compute_for_community(**query)
    span = [query["first"] + timedelta(days=index) for index in range(days)]
    _answer(invocation, span, values)


@metrics.command("span", help=N_("Show the numbers and ratios of a span as a whole"))
@base.argument("names", nargs=-1, help=N_("names of metrics or ratios; all by default"))
@base.option("--group", help=N_("key of a group"))
@base.option(
    "--days",
    type=click.IntRange(1, 400),
    default=SPAN,
    help=N_("how many complete days"),
)
@options.pass_invocation
def show_span(
    invocation: Invocation, names: tuple[str, ...], group: str | None, days: int
) -> None:
    metric_dictionary.check_names(names, GROUP if group else COMMUNITY)
    invocation.derive()
    first, last = _last_days(invocation, days)
    key = group_visibility.get_by_key(invocation.by, group).key if group else None
    counted = numbers.count_span(
        first=first,
        last=last,
        group=key,
        names=names or None,
        **invocation.query_args,
    )
    invocation.out.answer(
        {
            "first": first.isoformat(),
            "last": last.isoformat(),
            **metric_dictionary.describe_span(counted),
        }
    )
    currency = invocation.community.currency
    for name, number in counted.numbers.items():
        text = f"{number:,}"
        if METRICS[name].is_money:
            text = money.format_amount(number, currency)
        invocation.out.line(f"{name:<22} {text:>14}")
    for name in counted.not_enough:
        invocation.out.line(f"{name:<22} {_('not enough to say'):>14}")
    for name, value in counted.ratios.items():
        parts = f"{value.numerator:,} ÷ {value.denominator:,}"
        invocation.out.line(f"{name:<22} {value.text:>14}  {parts}")


@metrics.command("groups", help=N_("Compare the groups over the last complete days"))
@base.option(
    "--days", type=click.IntRange(1, 366), default=SPAN, help=N_("how many days")
)
@base.option(
    "--sort",
    type=click.Choice(group_comparison.ORDERS),
    default="members",
    help=N_("what to sort by"),
)
@options.pass_invocation
def compare_groups(invocation: Invocation, days: int, sort: str) -> None:
    invocation.derive()
    visible = visibility.list_visible(invocation.by)
    names = dict(visible.values_list("pk", "name"))
    keys = dict(visible.values_list("pk", "key"))
    compared = group_comparison.load(
        group_ids=list(names), span=days, **invocation.verb_args
    )
    rows = group_comparison.sort(compared.rows, names, order=sort)
    columns = [*group_comparison.PEOPLE_COLUMNS, *group_comparison.ADDITIVE_COLUMNS]
    records = [
        {"group": keys[row.group_id]} | {each: getattr(row, each) for each in columns}
        for row in rows
    ]
    sums = {column: compared.together[column].total for column in compared.together}
    people = {column: compared.together[column].people for column in compared.together}
    invocation.out.answer(
        {
            "first": compared.first.isoformat(),
            "last": compared.last.isoformat(),
            "groups": records,
            "sum": sums | dict(compared.totals),
            "people": people,
        }
    )
    heads = "  ".join(f"{column:>12}" for column in columns)
    invocation.out.line(f"{'group':<20}  {heads}")
    for record in records:
        cells = "  ".join(f"{record[column]:>12,}" for column in columns)
        invocation.out.line(f"{record['group']:<20}  {cells}")
    for label, cells_of in (
        (_("sum"), sums | dict(compared.totals)),
        (_("people"), people),
    ):
        cells = "  ".join(
            f"{cells_of[column]:>12,}" if column in cells_of else f"{'':>12}"
            for column in columns
        )
        invocation.out.line(f"{label:<20}  {cells}")


@metrics.command("hours", help=N_("Count messages by weekday and hour"))
@base.option("--group", help=N_("key of a group"))
@base.option(
    "--of",
    "subject",
    type=click.Choice(sorted(peak_hours.SUBJECTS)),
    default="messages",
    help=N_("what to count"),
)
@base.option(
    "--days",
    type=click.IntRange(1, peak_hours.MAX_SPAN),
    default=SPAN,
    help=N_("how many complete days"),
)
@options.pass_invocation
def show_hours(
    invocation: Invocation, group: str | None, subject: str, days: int
) -> None:
    invocation.derive()
    key = group_visibility.get_by_key(invocation.by, group).key if group else None
    counted = peak_hours.count(
        subject=subject, group=key, span=days, **invocation.query_args
    )
    invocation.out.answer(
        {
            "first": counted.first.isoformat(),
            "last": counted.last.isoformat(),
            "hours": list(counted.hours),
            "counts": [list(row) for row in counted.counts],
        }
    )
    invocation.out.line("     " + " ".join(f"{hour:>5}" for hour in counted.hours))
    for weekday, row in enumerate(counted.counts):
        cells = " ".join(f"{number:>5,}" for number in row)
        invocation.out.line(f"{WEEKDAYS_ABBR[weekday]!s:<5}{cells}")


def _last_days(invocation: Invocation, days: int) -> tuple[date, date]:
    """The first and the last of the last complete days."""
    yesterday = community_days.to_date(invocation.community.day(invocation.at) - 1)
    return yesterday - timedelta(days=days - 1), yesterday


def _answer(
    invocation: Invocation, days: list[date], values: dict[str, list[int]]
) -> None:
    invocation.out.answer(
        {"days": [day.isoformat() for day in days], "metrics": values}
    )
    currency = invocation.community.currency
    names = list(values)
    invocation.out.line(
        "  ".join(["day".ljust(10), *(name.rjust(12) for name in names)])
    )
    for index, day in enumerate(days):
        texts = (
            money.format_amount(values[name][index], currency)
            if METRICS[name].is_money
            else f"{values[name][index]:,}"
            for name in names
        )
        row = [
            day.isoformat(),
            *(
                text.rjust(max(12, len(name)))
                for text, name in zip(texts, names, strict=True)
            ),
        ]
        invocation.out.line("  ".join(row))
