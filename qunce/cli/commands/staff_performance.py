"""`qunce staff-performance`: tasks, first answers and members in charge by person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import day_texts
from qunce.insight.first_answers import working_time
from qunce.insight.staff_performance import performance
from qunce.insight.staff_performance.performance import StaffRow


@base.command("staff-performance")
@base.option("--first", type=click.DateTime(["%Y-%m-%d"]), help=N_("first day"))
@base.option("--last", type=click.DateTime(["%Y-%m-%d"]), help=N_("last day"))
@base.option("--hours", default="", help=N_("working hours, such as 09:00-18:00"))
@options.pass_invocation
def staff_performance(
    invocation: Invocation, first: Any, last: Any, hours: str
) -> None:
    invocation.derive()
    default = performance.default_span(invocation.by, invocation.at)
    found = performance.compute(
        first=first.date() if first else default[0],
        last=last.date() if last else default[1],
        hours=working_time.parse(hours),
        by=invocation.by,
        at=invocation.at,
    )
    outcome = found.outcome
    invocation.out.answer(
        {
            "first": found.first.isoformat(),
            "last": found.last.isoformat(),
            "staff": [_record(row) for row in found.rows],
            "total": _record(found.total),
            "conversations": {**asdict(outcome), "unanswered": outcome.unanswered}
            if outcome
            else None,
        }
    )
    line = "{:<20} {:>9} {:>9} {:>12} {:>9} {:>9} {:>9}"
    headings = (
        (_("staff"), _("messages"), _("answers"), _("median")),
        (_("tasks"), _("done"), _("in charge")),
    )
    invocation.out.line(line.format(*headings[0], *headings[1]))
    for row in (*found.rows, found.total):
        name = row.staff.name if row.staff else _("other accounts")
        name = _("all together") if row is found.total else name
        median = row.answers.median
        invocation.out.line(
            line.format(
                name,
                f"{row.messages:,}",
                f"{row.answers.answered:,}",
                "-" if median is None else day_texts.duration(median),
                f"{row.tasks.assigned:,}" if row.tasks else "-",
                f"{row.tasks.done:,}" if row.tasks else "-",
                f"{row.members.members:,}" if row.members else "-",
            )
        )
    if outcome:
        text = _("%(opened)s conversations, %(answered)s answered, %(rest)s unanswered")
        numbers = {
            "opened": f"{outcome.opened:,}",
            "answered": f"{outcome.answered:,}",
            "rest": f"{outcome.unanswered:,}",
        }
        invocation.out.line(text % numbers)


def _record(row: StaffRow) -> dict[str, Any]:
    return {
        "login": row.staff.login if row.staff else None,
        "tasks": asdict(row.tasks) if row.tasks else None,
        "messages": row.messages,
        "groups": row.groups,
        "answers": asdict(row.answers),
        "members": asdict(row.members) if row.members else None,
    }
