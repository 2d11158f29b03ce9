"""`qunce retention`, `retained-members` and `touches`: who stays, and what came before."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.groups import visibility
from qunce.insight import breakdowns, retained_members
from qunce.insight import retention as store
from qunce.insight import touches as touch_store
from qunce.insight.retention import RetentionQuery

DAY = click.DateTime(formats=["%Y-%m-%d"])
BY_HELP = N_(
    "break down: source, group, staff, layer:key, tag_group:key or attribute:name"
)
FIRST_HELP, LAST_HELP = N_("first day, such as 2026-03-01"), N_("last day")


@base.command("retention")
@base.option(
    "--start",
    default=store.JOINED,
    help=N_("joined, a kind of fact, or first: and a kind"),
)
@base.option(
    "--return",
    "returning",
    default=store.ACTIVE,
    help=N_("active, present, or a kind of fact"),
)
@base.option(
    "--period",
    type=click.Choice(list(store.PERIODS)),
    default="week",
    help=N_("length of a period"),
)
@base.option("--count", type=click.IntRange(2, 53), help=N_("how many cohorts"))
@base.option(
    "--rolling",
    is_flag=True,
    help=N_("later periods begin with each person's own start"),
)
@base.option("--until", type=DAY, help=N_("a day of the last period; today by default"))
@base.option("--by", "breakdown", default="", help=BY_HELP)
@options.pass_invocation
def retention(
    invocation: Invocation,
    start: str,
    returning: str,
    period: str,
    count: int | None,
    rolling: bool,
    until: Any,
    breakdown: str,
) -> None:
    invocation.derive()
    query = RetentionQuery(
        start,
        returning,
        period,
        store.DEFAULT_COUNT[period] if count is None else count,
        rolling=rolling,
        until=until.date() if until else None,
    )
    asked: dict[str, Any] = {"query": query, "by": invocation.by, "at": invocation.at}
    found = store.compute(**asked)
    parsed = breakdowns.parse(breakdown)
    lines = [] if parsed is None else store.compare(breakdown=parsed, **asked)
    invocation.out.answer(
        {
            "cohorts": [
                {
                    **asdict(cohort),
                    "first": cohort.first.isoformat(),
                    "last": cohort.last.isoformat(),
                }
                for cohort in found.cohorts
            ],
            "total": [asdict(share) for share in found.total],
            "lines": [asdict(line) for line in lines],
        }
    )
    for cohort in found.cohorts:
        cells = "".join(
            f"{cell.people:>7,}{' ' if cell.is_complete else '*'}"
            for cell in cohort.cells
        )
        invocation.out.line(f"{cohort.first} {cells}")
    for line in lines:
        shares = "".join(f"{share.people:>7,} " for share in line.shares)
        invocation.out.line(f"{line.label}: {shares}")


@base.command("retained-members")
@base.option("--first", type=DAY, help=FIRST_HELP)
@base.option("--last", type=DAY, help=LAST_HELP)
@base.option("--group", help=N_("key of a group"))
@options.pass_invocation
def account(invocation: Invocation, first: Any, last: Any, group: str | None) -> None:
    invocation.derive()
    if group is not None:
        found = visibility.list_visible(invocation.by).filter(key=group).first()
        visibility.get(by=invocation.by, pk=found.pk if found else 0)
    default = retained_members.default_span(invocation.by, invocation.at)
    statement = retained_members.compute(
        first=_day(first, default[0]),
        last=_day(last, default[1]),
        group=group,
        by=invocation.by,
        at=invocation.at,
    )
    invocation.out.answer(
        {
            "first": statement.first.isoformat(),
            "last": statement.last.isoformat(),
            "total": asdict(statement.total),
            "lines": [asdict(line) for line in statement.lines],
        }
    )
    for row in (statement.total, *statement.lines):
        numbers = (row.opening, row.joined, row.returned or 0, row.left, row.closing)
        opening, joined, returned, left, closing = (f"{n:,}" for n in numbers)
        invocation.out.line(
            f"{opening} + {joined} + {returned} - {left} = {closing}  {row.label}"
        )


@base.command("touches")
@base.option("--first", type=DAY, help=FIRST_HELP)
@base.option("--last", type=DAY, help=LAST_HELP)
@base.option(
    "--window",
    type=click.IntRange(1, touch_store.MAX_WINDOW),
    default=touch_store.DEFAULT_WINDOW,
    help=N_("days before the order in which messages count"),
)
@options.pass_invocation
def touches(invocation: Invocation, first: Any, last: Any, window: int) -> None:
    invocation.derive()
    default = touch_store.default_span(invocation.by, invocation.at)
    found = touch_store.compute(
        first=_day(first, default[0]),
        last=_day(last, default[1]),
        window=window,
        by=invocation.by,
        at=invocation.at,
    )
    invocation.out.answer(
        {
            **asdict(found),
            "first": found.first.isoformat(),
            "last": found.last.isoformat(),
        }
    )
    for row in found.rows:
        share = "" if row.percent is None else f"{row.percent:.1f} %"
        invocation.out.line(f"{row.touches:>4} {row.people:>8,} {share}")


def _day(chosen: Any, default: date) -> date:
    return chosen.date() if chosen else default
