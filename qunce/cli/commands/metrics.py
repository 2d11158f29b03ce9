"""`qunce metrics`: the dictionary of metrics, and their numbers per community day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import community_days, money
from qunce.groups import groups as group_store
from qunce.insight import metric_definitions
from qunce.insight import metrics as numbers
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS

DAYS = 7
metrics = base.Group("metrics")


@metrics.command("list", help=N_("List all metrics with their definitions"))
@options.pass_invocation
def list_metrics(invocation: Invocation) -> None:
    rows = [
        {
            "name": name,
            "level": level,
            "label": METRICS[name].label_for(level),
            "definition": METRICS[name].definition_for(level),
        }
        for level in (COMMUNITY, GROUP)
        for name in metric_definitions.list_names(level)
    ]
    invocation.out.answer({"metrics": rows})
    for row in rows:
        invocation.out.line(f"{row['level']:<10} {row['name']:<20} {row['definition']}")


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
    yesterday = community_days.to_date(invocation.community.day(invocation.at) - 1)
    query: dict[str, Any] = {
        "first": yesterday - timedelta(days=days - 1),
        "last": yesterday,
        "names": wanted or None,
        **invocation.query_args,
    }
    if group:
        key = group_store.get(invocation.community, group).key
        values = numbers.compute_for_groups(groups=[key], **query)[key]
    else:
        values = numbers.compute_for_community(**query)
    span = [query["first"] + timedelta(days=index) for index in range(days)]
    _answer(invocation, span, values)


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
