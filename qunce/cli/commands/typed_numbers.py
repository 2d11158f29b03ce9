"""`qunce typed-numbers`: numbers of groups that staff count by hand."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import community_days
from qunce.groups import visibility
from qunce.groups.groups import Group, Stage
from qunce.importing.files import sources
from qunce.insight.typed_numbers import evenings, reminders, tables
from qunce.insight.typed_numbers import typed_numbers as numbers
from qunce.insight.typed_numbers.evenings import EveningRow

DAY = click.DateTime(["%Y-%m-%d"])
MAX_PROBLEMS_SHOWN = 20

typed_numbers = base.Group("typed-numbers")


def _day(invocation: Invocation, day: datetime | None) -> date:
    if day is not None:
        return day.date()
    return community_days.to_date(invocation.community.day(invocation.at))


def _groups(invocation: Invocation) -> list[Group]:
    rows = visibility.list_visible(invocation.by).select_related("community")
    return list(rows.order_by("name", "pk"))


def _to_json(row: EveningRow) -> dict[str, Any]:
    return {
        "group": row.group.key,
        "typed": {name: row.numbers.get(name) for name in numbers.FIELDS},
        "measured": None if row.measured is None else dict(row.measured),
        "warnings": [*row.verdict.warnings],
        "unchecked": row.verdict.unchecked,
    }


def _to_line(row: dict[str, Any]) -> str:
    shown = row["typed"] if any(row["typed"].values()) else row["measured"] or {}
    mark = _("typed") if any(row["typed"].values()) else _("measured")
    parts = [f"{name} {value:,}" for name, value in shown.items() if value is not None]
    text = f"{row['group']}  {', '.join(parts) or '–'}  [{mark}]"
    return f"{text}  {' '.join(row['warnings'])}".rstrip() if parts else text


@typed_numbers.command("list", help=N_("List the numbers of groups on a day"))
@base.option("--day", type=DAY, help=N_("community day; today by default"))
@options.pass_invocation
def list_numbers(invocation: Invocation, day: datetime | None) -> None:
    invocation.derive()
    evening = evenings.load(
        groups=_groups(invocation), day=_day(invocation, day), **invocation.query_args
    )
    rows = [_to_json(row) for row in evening.rows if row.typed or row.measured]
    invocation.out.write_list("groups", rows, _to_line)


@typed_numbers.command(
    "import", help=N_("Save the numbers of a table with a line per group")
)
@base.argument(
    "file", type=click.Path(path_type=Path), help=N_("CSV, TSV or Excel file")
)
@base.option("--day", type=DAY, help=N_("day of lines without one; today by default"))
@options.pass_invocation
def import_file(invocation: Invocation, file: Path, day: datetime | None) -> None:
    """Nothing is saved unless every cell can be read."""
    source = sources.inspect(file)
    lines: list[tuple[int, list[str]]] = []
    for batch in sources.read_batches(source):
        columns = [column.to_pylist() for column in batch.columns]
        for number, *texts in zip(batch.row_numbers.tolist(), *columns, strict=True):
            lines.append((number, [str(text or "") for text in texts]))
    table = tables.read(
        source.headings,
        lines,
        groups=_groups(invocation),
        day=_day(invocation, day),
    )
    if table.problems:
        for each in table.problems[:MAX_PROBLEMS_SHOWN]:
            invocation.out.note(
                _("Row %(row)s, %(column)s: %(text)s")
                % {"row": each.row, "column": each.heading, "text": each.text}
            )
        raise tables.InvalidTable(
            _("Nothing was saved, as cells cannot be read: %(n)s.")
            % {"n": len(table.problems)}
        )
    saved = numbers.save(entries=table.entries, **invocation.query_args)
    count = len(saved.changed)
    invocation.out.answer(
        {"numbers_saved": count}, _("Numbers saved: %(n)s.") % {"n": f"{count:,}"}
    )


@typed_numbers.command("missing", help=N_("List groups whose numbers are expected"))
@base.option("--day", type=DAY, help=N_("community day; today by default"))
@options.pass_invocation
def list_missing(invocation: Invocation, day: datetime | None) -> None:
    invocation.derive()
    groups = [each for each in _groups(invocation) if each.state != Stage.DEAD]
    missing = reminders.list_missing(
        groups=groups, day=_day(invocation, day), **invocation.query_args
    )
    invocation.out.write_list("groups", [group.key for group in missing])


@typed_numbers.command(
    "reminder", help=N_("Set from which hour on Today asks for missing numbers")
)
@base.argument("hour", help=N_("hour from 0 to 23, or never"))
@options.pass_invocation
def set_reminder(invocation: Invocation, hour: str) -> None:
    # Anything but an hour is refused by the verb.
    number = int(hour) if hour.isdecimal() else -1
    reminders.set_hour(
        hour=None if hour == "never" else number, **invocation.query_args
    )
    stored = reminders.get_hour(invocation.community)
    text = _("never") if stored is None else f"{stored:02}:00"
    invocation.out.answer({"hour": stored}, text)
